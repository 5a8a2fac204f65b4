//! git's own helper in our place: for what an upstream has that has no name here.
//!
//! Nothing was read from git by then and nothing said, so that all is as if git had started that one: its result, its exit
//! code, what it says, and no mirror hears of it.

use std::ffi::OsStr;

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    git::program::{self, Credentials},
    message::shortened,
    model::Address,
    system::{Environment, child},
    transport::{Proxies, passed_on},
    trust::Trust,
};

use crate::git::settings;

/// Refuses that where git itself would not go there, and where the user wants more than upstream's word, which cannot be had of
/// what has no name here.
///
/// # Errors
///
/// [`Kind::Transport`], [`Kind::Unpinned`], [`Kind::Signature`].
pub fn refuse_unnamed(env: &Environment, config: &Config, upstream: &str, url: &OsStr) -> Result<(), Failure> {
    let url = url.to_string_lossy();
    if let Some(refusal) = settings::refusal_of(env, &url) {
        return Err(settings::disallowed(shortened(&url), &refusal));
    }
    let what = |what: &str| format!("{}: {what}", shortened(&url));
    if config.git.trust.value >= Trust::Pinned {
        let origin = &config.git.trust.origin;
        return Err(Failure::new(Kind::Unpinned, what("`git.trust` is \"pinned\", and only names can be pinned"))
            .hint(format!("`git.trust` is set in {origin}; use the repository's own address")));
    }
    if config.upstreams.get(upstream).is_some_and(|upstream| upstream.signers.is_some()) {
        return Err(Failure::new(
            Kind::Signature,
            what("signatures are asked for, and cannot be checked of what has no name"),
        )
        .hint("use the repository's own address, such as `mirror::owner/repo`"));
    }
    Ok(())
}

/// Becomes `git remote-https` for an address as it was written. Where a process cannot become another one, the code is what
/// that one ended with.
///
/// # Errors
///
/// [`Kind::Io`] when git cannot be started.
pub fn step_aside(env: &Environment, config: &Config, remote: &OsStr, url: &OsStr) -> Result<u8, Failure> {
    let mut command = program::remote_https(env, remote, url, Credentials::Users);
    if let Some(address) = url.to_str().and_then(|url| url.parse::<Address>().ok()) {
        let ours = Proxies::new(config, env).by_ours(address.expose()).filter(|route| !route.has_credentials());
        ours.iter().for_each(|route| program::go_by(&mut command, route));
    }
    if config.ca_file.is_some()
        && !settings::names_authorities(env)
        && let Some(file) = passed_on::authorities(config, env)
    {
        command.env("GIT_SSL_CAINFO", file);
    }
    child::become_it(&mut command).map_err(|error| Failure::new(Kind::Io, format!("`git remote-https`: {error}")))
}
