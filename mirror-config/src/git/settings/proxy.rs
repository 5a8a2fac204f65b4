//! The proxy that git's configuration names for an upstream (`http.proxy`, `remote.<name>.proxy`). Pure.

use super::listed::Listed;
use crate::{model::Address, transport::Route};

/// What git's configuration says of proxies for one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitProxy {
    /// Nothing: the environment's counts.
    Unset,
    /// A way that our own client can go as well; an empty value is none at all.
    Ours(Route),
    /// A proxy that git's own helper has to go through: it asks for a password, or is of a kind that only curl knows.
    OnlyGit,
}

impl GitProxy {
    /// Reads it; the remote's own goes before the one for the address. `http` is what counts for that.
    pub fn read(listed: &Listed, http: &Listed, remote: &str) -> Self {
        let own = listed.last(&format!("remote.{remote}.proxy"));
        match own.or_else(|| http.last("http.proxy")) {
            None => Self::Unset,
            Some("") => Self::Ours(Route::Direct),
            Some(text) => plain(text).map_or(Self::OnlyGit, |proxy| Self::Ours(Route::Through(proxy))),
        }
    }

    /// The way that our own client is to go, if any is named.
    pub fn route(&self) -> Option<&Route> {
        match self {
            Self::Ours(route) => Some(route),
            Self::Unset | Self::OnlyGit => None,
        }
    }
}

/// A proxy that all clients understand alike: without a scheme it is `http://`, as in curl; without a port it is curl's own
/// default, and a name without a password is asked for one by git.
fn plain(text: &str) -> Option<Address> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let port = full.trim_end_matches('/').rsplit_once(':')?.1;
    let address: Address = full.parse().ok()?;
    let url = address.expose();
    let known = matches!(url.scheme(), "http" | "socks5" | "socks5h");
    let whole = url.username().is_empty() || url.password().is_some();
    (known && whole && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::{GitProxy, Listed, Route};

    #[test]
    fn proxies_are_those_that_git_would_use() {
        let through = |url: &str| GitProxy::Ours(Route::Through(url.parse().expect("a URL")));
        let named = |value: &str| format!("http.proxy\n{value}\0");
        for (listed, expected) in [
            (String::new(), GitProxy::Unset),
            (named(""), GitProxy::Ours(Route::Direct)),
            (named("h:1"), through("http://h:1")),
            (named("http://h:80"), through("http://h:80")),
            (named("http://u:p@h:3128/"), through("http://u:p@h:3128/")),
            (named("socks5h://127.0.0.1:1080"), through("socks5h://127.0.0.1:1080")),
            (named("http://[::1]:3128"), through("http://[::1]:3128")),
            (named("h"), GitProxy::OnlyGit),
            (named("http://[::1]"), GitProxy::OnlyGit),
            (named("http://u@h:1"), GitProxy::OnlyGit),
            (named("https://h:1"), GitProxy::OnlyGit),
            (named("socks4a://h:1"), GitProxy::OnlyGit),
            (named("h:1") + "remote.origin.proxy\nown:2\0", through("http://own:2")),
            (named("h:1") + "remote.origin.proxy\n\0", GitProxy::Ours(Route::Direct)),
            (named("h:1") + "remote.other.proxy\nown:2\0", through("http://h:1")),
        ] {
            let listed = Listed::parse(&listed);
            assert_eq!(GitProxy::read(&listed, &listed, "origin"), expected, "{listed:?}");
        }
    }
}
