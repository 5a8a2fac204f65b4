//! Starting the real cargo: what of our own configuration it has to be told.

use std::{ffi::OsString, process::Command, sync::Arc};

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    relay::{Answer, Forward, Relay, Serve},
    system::{Environment, child, tether},
    transport::{Proxies, passed_on},
};

use super::{command_line, program, setup::Levels};

/// cargo with these words, and what `[proxy]` and `[tls]` say; its own configuration stays stronger.
pub(crate) fn command(env: &Environment, config: &Config, levels: &Levels, words: &[OsString]) -> Command {
    let mut command = program::command(env, command_line::names_toolchain(words));
    command.args(words).envs(passed_on::proxies(config));
    if let Some(file) = passed_on::authorities(config, env) {
        let own = |key: &str, variable: &str| levels.value(key).is_some() || env.var_os(variable).is_some();
        if !own("http.cainfo", "CARGO_HTTP_CAINFO") {
            command.env("CARGO_HTTP_CAINFO", &file);
        }
        // git, where cargo leaves git dependencies to it.
        if env.var_os("GIT_SSL_CAINFO").is_none() {
            command.env("GIT_SSL_CAINFO", &file);
        }
    }
    command
}

/// Becomes cargo with these words; or stays beside it, where it would have to be told the password of a proxy.
///
/// # Errors
///
/// When there is no cargo.
pub(crate) fn become_cargo(
    env: &Environment,
    config: &Config,
    levels: &Levels,
    words: &[OsString],
) -> Result<u8, Failure> {
    let mut command = command(env, config, levels, words);
    if !passed_on::has_secret(config) {
        return child::become_it(&mut command).map_err(|error| program::not_started(&error));
    }
    let forward = Arc::new(Forward::new(Proxies::new(config, env)));
    let nothing: Serve = Arc::new(|_| Answer::text(404, "there is no registry here"));
    let relay = Relay::start("cargo", Some(Arc::clone(&forward)), |_| nothing);
    let relay = relay.map_err(|error| Failure::new(Kind::Io, format!("the way to the proxy: {error}")))?;
    keep_secret(&mut command, config, &forward.address(relay.address()));
    let status = child::run(tether::held(command, "cargo-mirror")).map_err(|error| program::not_started(&error))?;
    Ok(child::code(status))
}

/// Has cargo, and what runs below it, go by this in the place of `[proxy]`.
pub(crate) fn keep_secret(command: &mut Command, config: &Config, forward: &str) {
    command.env_remove("HTTP_PROXY").env_remove("http_proxy");
    command.envs(passed_on::through(passed_on::proxies(config), forward));
}
