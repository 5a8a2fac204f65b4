//! Connections that are kept for the next request, and that the server has dropped by then: nothing is wrong with it, so the
//! request is sent once more, on a fresh connection (RFC 9112, section 9.3.1), as git's own client does it.
//!
//! A server that drops a connection on which it has never answered anything has a fault, and so has one that drops the fresh one.

use std::{collections::HashSet, io, sync::Mutex};

use url::Origin;

use crate::{model::Address, transport::Route};

/// Whom connections are kept to: those that have answered. Plain HTTP through a proxy has them to the proxy.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashSet<(Route, Option<Origin>)>>);

impl Kept {
    /// Somebody has answered, so that a connection to it may be kept.
    pub(super) fn note(&self, route: &Route, address: &Address) {
        self.0.lock().expect("nobody panics while holding it").insert(place(route, address));
    }

    /// Whether a request may have gone out on a kept connection.
    pub(super) fn may_be(&self, route: &Route, address: &Address) -> bool {
        self.0.lock().expect("nobody panics while holding it").contains(&place(route, address))
    }
}

fn place(route: &Route, address: &Address) -> (Route, Option<Origin>) {
    let url = address.expose();
    let shared =
        matches!(route, Route::Through(proxy) if proxy.expose().scheme().starts_with("http")) && url.scheme() == "http";
    (route.clone(), (!shared).then(|| url.origin()))
}

/// What an ended connection is called by those who do not show the system's error as a source of theirs: hyper, h2.
const ENDED: &[&str] = &[
    "connection closed",
    "connection was not ready",
    "connection reset",
    "broken pipe",
    "channel closed",
    "operation was canceled",
    "unexpected end of file",
    "not a result of an error",
    // HTTP/2's REFUSED_STREAM: nobody has looked at the request (RFC 9113, section 8.7).
    "refused stream",
];

/// Whether a request ended because its connection did, before there was an answer. What came of the head of one was not whole.
pub(super) fn is_dropped(error: &reqwest::Error) -> bool {
    if !error.is_request() || error.is_connect() || error.is_timeout() {
        return false;
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.downcast_ref::<io::Error>().is_some_and(has_ended) {
            return true;
        }
        let text = inner.to_string();
        if ENDED.iter().any(|ended| text.contains(ended)) {
            return true;
        }
        source = inner.source();
    }
    false
}

fn has_ended(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::{model::Address, transport::Route};

    #[test]
    fn connections_are_kept_to_whoever_has_answered() {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let proxy = |text: &str| Route::Through(address(text));
        let kept = Kept::default();
        for (route, asked, other, same) in [
            (Route::Direct, "https://a.example/x", "https://a.example/y", true),
            (Route::Direct, "https://b.example/x", "https://b.example:8443/x", false),
            (Route::Direct, "http://c.example/x", "https://c.example/x", false),
            (proxy("http://p.example:3128"), "http://d.example/x", "http://e.example/x", true),
            (proxy("http://p.example:3128"), "https://f.example/x", "https://g.example/x", false),
            (proxy("socks5h://p.example:1080"), "http://h.example/x", "http://i.example/x", false),
        ] {
            kept.note(&route, &address(asked));
            assert!(kept.may_be(&route, &address(asked)));
            assert_eq!(kept.may_be(&route, &address(other)), same, "{asked}, then {other}");
        }
    }
}
