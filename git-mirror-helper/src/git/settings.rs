//! The user's git settings that decide what the helper does, read in one call of `git config`.
//!
//! What they mean is `mirror_config::git::settings`' matter; here is who asks git.

use std::{ffi::OsStr, fmt};

use mirror_config::{
    errors::{Failure, Kind},
    git::{
        program,
        settings::{GitProxy, Listed, Means, OnlyGit, only_git, refusal, rewritten},
    },
    model::{Address, spelled},
    system::Environment,
    transport::{Route, netrc},
};

use super::sharing::Sharing;

/// What the user told git.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSettings {
    /// The way to upstream that git's configuration names, and that our own client can go.
    pub route: Option<Route>,
    /// Settings for upstream that our own client does not have: git's own helper is to ask there.
    pub only_git: Vec<OnlyGit>,
    /// Where git would go instead of upstream's address, by a rule of the user's.
    pub rewritten: Option<Address>,
    /// Why git does not go there at all, in its own words.
    pub refusal: Option<String>,
    /// Only git itself can take objects in: they are to be checked on their way (`fetch.fsckObjects`, else
    /// `transfer.fsckObjects`), or marked as promised (`extensions.partialClone`).
    pub only_git_takes_in: bool,
    /// With whom the repository is shared (`core.sharedRepository`).
    pub sharing: Sharing,
}

/// What a remote or an address has of its own; there its value does not go by the rules of `http`.
const REWRITTEN: &str = "url.<base>.insteadOf";

impl GitSettings {
    /// Asks git. Where it cannot be asked, nothing is set. Where a way to upstream is
    /// configured as `ours`, git's proxies do not count; and where git's own helper cannot be told it, our client goes it.
    pub fn read(env: &Environment, remote: &OsStr, upstream: &Address, ours: Option<&Route>) -> Self {
        let (listed, remote) = (all(), spelled(remote.as_encoded_bytes()));
        let rewritten = rewritten(&listed, upstream);
        // Which of several `http.<url>.*` are meant is git's own rule, so git is asked, if there are any.
        let http = listed.below("http").any(|(_, name, _)| name == "proxy" || only_git::is_known(name)).then(|| {
            let mut url = rewritten.as_ref().unwrap_or(upstream).expose().clone();
            // It plays no part there, and others see command lines. Cannot fail where there is a host.
            let _ = url.set_password(None);
            Listed::parse(&spelled(&git(&["config", "-z", "--get-urlmatch", "http", url.as_str()])))
        });
        let mut settings = Self::of(&listed, http.as_ref().unwrap_or(&listed), env, (&remote, upstream, rewritten));
        let untold = ours.is_some_and(Route::has_credentials);
        settings.only_git.retain(|setting| ours.is_none() || !setting.is_for_proxies());
        settings.only_git.retain(|setting| !untold || setting.means == Means::Who);
        settings
    }

    /// What they mean. Pure, but for a look into curl's file of passwords where git's own helper is to ask.
    fn of(
        listed: &Listed,
        http: &Listed,
        env: &Environment,
        (remote, upstream, rewritten): (&str, &Address, Option<Address>),
    ) -> Self {
        let checks = listed.last("fetch.fsckobjects").or_else(|| listed.last("transfer.fsckobjects"));
        let truth = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1");
        let url = rewritten.as_ref().unwrap_or(upstream).expose();
        let by_http = matches!(url.scheme(), "https" | "http");
        let proxy = GitProxy::read(listed, http, remote);
        let mut only_git = if by_http { only_git(http, env) } else { Vec::new() };
        let mut also = |name, means| only_git.push(OnlyGit { name, means });
        if proxy == GitProxy::OnlyGit {
            also("http.proxy", Means::Way);
        }
        if listed.last(&format!("remote.{remote}.proxyauthmethod")).is_some() {
            also("remote.<name>.proxyAuthMethod", Means::Way);
        }
        if rewritten.is_some() {
            also(REWRITTEN, Means::Who);
        }
        if !only_git.is_empty() && netrc::knows(env, url.host_str().unwrap_or_default()) {
            only_git.push(OnlyGit { name: "~/.netrc", means: Means::Who });
        }
        Self {
            route: proxy.route().cloned(),
            only_git,
            refusal: refusal(listed, env, url.scheme()),
            rewritten,
            only_git_takes_in: checks.is_some_and(truth) || listed.last("extensions.partialclone").is_some(),
            sharing: listed.last("core.sharedrepository").map(Sharing::parse).unwrap_or_default(),
        }
    }

    /// Whether upstream may show more to this user than to everybody, before it asks for credentials.
    pub fn say_who(&self) -> bool {
        self.only_git.iter().any(|setting| setting.means == Means::Who)
    }

    /// Whether our own client gets to where git's own helper asks, as somebody whom upstream does not know.
    pub fn lead_there_too(&self, upstream: &Address) -> bool {
        let same = |rewritten: &Address| rewritten.expose().origin() == upstream.expose().origin();
        self.only_git.iter().all(|setting| setting.means == Means::Who) && self.rewritten.as_ref().is_none_or(same)
    }
}

/// Why git does not go to an address at all, in its own words. Asks git, as [`GitSettings::read`] does.
pub fn refusal_of(env: &Environment, address: &str) -> Option<String> {
    let (scheme, _) = address.split_once("://")?;
    refusal(&all(), env, scheme)
}

/// git's key of a file of authorities, which `GIT_SSL_CAINFO` replaces.
pub const AUTHORITIES: &str = "http.sslCAInfo";

/// Whether git's configuration, or a variable of git's, says whose certificates it believes. Asks git.
pub fn names_authorities(env: &Environment) -> bool {
    env.var_os("GIT_SSL_CAINFO").is_some() || all().last("http.sslcainfo").is_some()
}

/// That git does not let it be asked for `what`.
pub fn disallowed(what: impl fmt::Display, refusal: &str) -> Failure {
    Failure::new(Kind::Transport, format!("{what}: {refusal}"))
        .hint("git config --show-origin --get-regexp '^protocol\\.'; echo \"$GIT_ALLOW_PROTOCOL\"")
}

/// Whether a person wrote `mirror::` for this remote. Else a rule of git's (`insteadOf`) has put it before an address. A remote
/// that has no name is called by what was written.
pub fn is_written(remote: &OsStr) -> bool {
    let is_ours = |address: &str| address.starts_with("mirror:");
    let name = spelled(remote.as_encoded_bytes());
    if is_ours(&name) || name.contains("://") {
        return is_ours(&name);
    }
    all().all(&format!("remote.{name}.url")).any(is_ours)
}

/// All entries, each byte that is no text spelled, so that no two names become one.
fn all() -> Listed {
    Listed::parse(&spelled(&git(&["config", "--list", "-z"])))
}

fn git(arguments: &[&str]) -> Vec<u8> {
    program::git().args(arguments).output().map(|output| output.stdout).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{GitSettings, Listed, rewritten, spelled};
    use mirror_config::{model::Address, system::Environment, transport::Route};

    fn settings(listed: &str) -> (GitSettings, Address) {
        let upstream = "https://h.example/o/r.git".parse().expect("a URL");
        let listed = Listed::parse(listed);
        let instead = rewritten(&listed, &upstream);
        let settings =
            GitSettings::of(&listed, &listed, &Environment::of([("HOME", "/")], "/"), ("origin", &upstream, instead));
        (settings, upstream)
    }

    #[test]
    fn later_entries_win_and_a_remotes_own_proxy_counts() {
        for (listed, proxy, checks) in [
            ("", None, false),
            ("transfer.fsckobjects\ntrue\0", None, true),
            ("transfer.fsckobjects\ntrue\0fetch.fsckobjects\nfalse\0", None, false),
            ("fetch.fsckobjects\0", None, true),
            ("extensions.partialclone\norigin\0", None, true),
            ("remote.origin.proxy\nh:1\0", Some("http://h:1/"), false),
            ("remote.other.proxy\nh:1\0", None, false),
        ] {
            let (settings, _) = settings(listed);
            let found = settings.route.map(|route| match route {
                Route::Direct => "direct".to_owned(),
                Route::Through(proxy) => proxy.to_string(),
            });
            assert_eq!((found.as_deref(), settings.only_git_takes_in), (proxy, checks), "{listed:?}");
        }
    }

    #[test]
    fn who_asks_and_how_to_get_there_are_told_apart() {
        let rule = |base: &str| format!("url.{base}.insteadof\nhttps://h.example/\0");
        for (listed, by_git, who, there_too) in [
            ("", false, false, true),
            ("http.proxy\nh:1\0", false, false, true),
            ("http.proxy\nh\0", true, false, false),
            ("http.extraheader\nA: b\0", true, true, true),
            ("http.version\nHTTP/1.1\0", true, false, false),
            ("http.extraheader\nA: b\0http.version\nHTTP/1.1\0", true, true, false),
            ("remote.origin.proxyauthmethod\nntlm\0", true, false, false),
            (&rule("https://token@h.example/"), true, true, true),
            (&rule("https://far.example/"), true, true, false),
            (&rule("mirror::https://h.example/"), false, false, true),
        ] {
            let (settings, upstream) = settings(listed);
            let found = (!settings.only_git.is_empty(), settings.say_who(), settings.lead_there_too(&upstream));
            assert_eq!(found, (by_git, who, there_too), "{listed:?}");
        }
    }

    #[test]
    fn remotes_whose_names_differ_in_a_byte_are_two() {
        let listed = b"remote.\xb9\xa6.proxy\na:1\0remote.\xb9\xa7.proxy\nb:2\0remote.caf\xe9.proxy\nc:3\0";
        for (remote, proxy) in [
            (&b"\xb9\xa6"[..], Some("http://a:1/")),
            (b"\xb9\xa7", Some("http://b:2/")),
            (b"caf\xe9", Some("http://c:3/")),
            ("café".as_bytes(), None),
        ] {
            let (listed, remote) = (Listed::parse(&spelled(listed)), spelled(remote));
            let (upstream, env) =
                ("https://h.example/o/r.git".parse().expect("a URL"), Environment::of([("HOME", "/")], "/"));
            let settings = GitSettings::of(&listed, &listed, &env, (&remote, &upstream, None));
            let found = settings.route.map(|route| match route {
                Route::Direct => "direct".to_owned(),
                Route::Through(proxy) => proxy.to_string(),
            });
            assert_eq!(found.as_deref(), proxy, "{remote:?}");
        }
    }
}
