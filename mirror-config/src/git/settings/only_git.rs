//! Settings for an upstream that our own client does not have: where there is one, git's own helper asks there. Pure.

use super::listed::{Listed, is_false};
use crate::system::Environment;

/// What a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// How to get there, and on what terms.
    Way,
    /// Who asks: upstream may show more to such a one than to everybody.
    Who,
}

/// A setting that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyGit {
    /// The key, or the variable.
    pub name: &'static str,
    /// What it is for.
    pub means: Means,
}

/// The one whose variable says the opposite, by being there.
const VERIFY: &str = "http.sslVerify";
impl OnlyGit {
    /// Whether it is for proxies, so that it does not count where `[proxy]` does.
    pub fn is_for_proxies(&self) -> bool {
        self.name.to_ascii_lowercase().contains("proxy")
    }
}

/// Keys (git-config(1)), and the variables that go before them (git's `http.c`).
///
/// Not here is what our own client does by itself or does not need (sizes and numbers of requests), what counts only once a
/// server has asked for credentials (`emptyAuth`, `delegation`), which leads to git's own helper anyway, and `sslBackend`,
/// which Git for Windows has set for everybody.
const TABLE: &[(&str, &str, Means)] = &[
    ("http.extraHeader", "", Means::Who),
    ("http.cookieFile", "", Means::Who),
    ("http.sslCert", "GIT_SSL_CERT", Means::Who),
    ("http.sslKey", "GIT_SSL_KEY", Means::Who),
    ("http.proactiveAuth", "", Means::Who),
    ("http.curloptResolve", "", Means::Way),
    ("http.sslCAInfo", "GIT_SSL_CAINFO", Means::Way),
    ("http.sslCAPath", "GIT_SSL_CAPATH", Means::Way),
    ("http.sslVerify", "GIT_SSL_NO_VERIFY", Means::Way),
    ("http.sslVersion", "GIT_SSL_VERSION", Means::Way),
    ("http.sslCipherList", "GIT_SSL_CIPHER_LIST", Means::Way),
    ("http.pinnedPubkey", "", Means::Way),
    ("http.schannelCheckRevoke", "", Means::Way),
    ("http.schannelUseSSLCAInfo", "", Means::Way),
    ("http.userAgent", "GIT_HTTP_USER_AGENT", Means::Way),
    ("http.version", "", Means::Way),
    ("http.followRedirects", "", Means::Way),
    ("http.lowSpeedLimit", "GIT_HTTP_LOW_SPEED_LIMIT", Means::Way),
    ("http.lowSpeedTime", "GIT_HTTP_LOW_SPEED_TIME", Means::Way),
    ("http.proxyAuthMethod", "GIT_HTTP_PROXY_AUTHMETHOD", Means::Way),
    ("http.proxySSLCert", "GIT_PROXY_SSL_CERT", Means::Way),
    ("http.proxySSLKey", "GIT_PROXY_SSL_KEY", Means::Way),
    ("http.proxySSLCAInfo", "GIT_PROXY_SSL_CAINFO", Means::Way),
];

/// Those that count for an address. Of git's configuration `http` is what counts for it, one value for each key.
pub fn only_git(http: &Listed, env: &Environment) -> Vec<OnlyGit> {
    let found = TABLE.iter().filter_map(|(key, variable, means)| {
        let by_variable = env.var(variable).is_some_and(|value| *key == VERIFY || counts(key, value));
        let by_key = || http.last(&key.to_ascii_lowercase()).is_some_and(|value| counts(key, value));
        let name = if by_variable { variable } else { Some(key).filter(|_| by_key())? };
        Some(OnlyGit { name, means: *means })
    });
    found.collect()
}

/// One of these keys by its name below `http`, however it is written, if this value of it counts.
pub fn of_key(name: &str, value: &str) -> Option<OnlyGit> {
    let known = TABLE.iter().find(|(key, _, _)| key["http.".len()..].eq_ignore_ascii_case(name));
    known.filter(|(key, _, _)| counts(key, value)).map(|(key, _, means)| OnlyGit { name: key, means: *means })
}

/// Whether a key is one of these, however it is written.
pub fn is_known(name: &str) -> bool {
    TABLE.iter().any(|(key, _, _)| key["http.".len()..].eq_ignore_ascii_case(name))
}

/// Whether a value changes anything.
fn counts(key: &str, value: &str) -> bool {
    match key {
        VERIFY => is_false(value),
        "http.followRedirects" => value != "initial",
        "http.lowSpeedLimit" | "http.lowSpeedTime" => value != "0" && !value.is_empty(),
        "http.proactiveAuth" => !value.is_empty() && value != "none",
        "http.schannelCheckRevoke" | "http.schannelUseSSLCAInfo" => cfg!(windows),
        // Git for Windows brings its own, and names it in the system's configuration.
        "http.sslCAInfo" => !value.is_empty() && !value.contains("/mingw") && !value.contains("/clangarm64"),
        _ => !value.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Means, is_known, of_key, only_git};
    use crate::system::Environment;

    #[test]
    fn what_our_client_does_not_have_is_known_by_key_and_by_variable() {
        for (http, variables, expected) in [
            ("", &[][..], &[][..]),
            ("http.extraheader\nA: b\0", &[], &[("http.extraHeader", Means::Who)]),
            ("http.extraheader\nA: b\0http.extraheader\n\0", &[], &[]),
            ("http.cookiefile\nc\0", &[], &[("http.cookieFile", Means::Who)]),
            ("http.sslcert\nc.pem\0", &[], &[("http.sslCert", Means::Who)]),
            ("http.sslcert\nc.pem\0", &[("GIT_SSL_CERT", "d")], &[("GIT_SSL_CERT", Means::Who)]),
            ("http.proactiveauth\nnone\0", &[], &[]),
            ("http.proactiveauth\nbasic\0", &[], &[("http.proactiveAuth", Means::Who)]),
            ("http.curloptresolve\nh:1:127.0.0.1\0", &[], &[("http.curloptResolve", Means::Way)]),
            ("http.sslverify\ntrue\0", &[], &[]),
            ("http.sslverify\nno\0", &[], &[("http.sslVerify", Means::Way)]),
            ("", &[("GIT_SSL_NO_VERIFY", "false")], &[("GIT_SSL_NO_VERIFY", Means::Way)]),
            ("http.sslcainfo\n/etc/ca.pem\0", &[], &[("http.sslCAInfo", Means::Way)]),
            ("http.sslcainfo\nC:/Program Files/Git/mingw64/etc/ssl/certs/ca-bundle.crt\0", &[], &[]),
            ("http.followredirects\ninitial\0", &[], &[]),
            ("http.followredirects\ntrue\0", &[], &[("http.followRedirects", Means::Way)]),
            ("http.lowspeedlimit\n0\0", &[], &[]),
            ("http.lowspeedlimit\n1000\0", &[], &[("http.lowSpeedLimit", Means::Way)]),
            ("http.postbuffer\n524288000\0http.sslbackend\nopenssl\0http.emptyauth\ntrue\0", &[], &[]),
            (
                "http.version\nHTTP/1.1\0",
                &[("GIT_HTTP_USER_AGENT", "x")],
                &[("GIT_HTTP_USER_AGENT", Means::Way), ("http.version", Means::Way)],
            ),
        ] {
            let env = Environment::of(variables.iter().copied(), "/");
            let found: Vec<_> =
                only_git(&Listed::parse(http), &env).into_iter().map(|setting| (setting.name, setting.means)).collect();
            assert_eq!(found, expected, "{http:?} {variables:?}");
        }
        assert_eq!(of_key("USERagent", "x").map(|known| known.name), Some("http.userAgent"));
        assert_eq!((of_key("useragent", ""), of_key("postbuffer", "1")), (None, None));
        assert!(is_known("extraheader") && is_known("sslVerify") && !is_known("postbuffer"));
    }
}
