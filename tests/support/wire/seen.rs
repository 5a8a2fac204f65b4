//! Requests as a server saw them, for tests to look at.
//!
//! Also says which faults fit one; when they are due is the servers' matter.

use std::time::Instant;

use super::{
    fault::Scope,
    http::{Request, header},
};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// In the order and case they came in.
    pub headers: Vec<(String, String)>,
    /// With its gzip coding undone.
    pub body: Vec<u8>,
    /// The status of the answer; 0 while there is none.
    pub status: u16,
    /// Bytes of the answer's body handed to the system so far.
    pub sent: u64,
    /// When the request was complete.
    pub at: Instant,
}

impl Seen {
    /// A request that is not yet answered.
    pub(crate) fn new(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            path: request.target.clone(),
            headers: request.headers.clone(),
            body: request.plain_body(),
            status: 0,
            sent: 0,
            at: Instant::now(),
        }
    }

    /// The part that was asked for, such as `bytes=0-99`; empty when it was the whole.
    pub fn range(&self) -> &str {
        self.header("Range").unwrap_or_default()
    }

    /// What the client calls itself; empty when it does not say.
    pub fn user_agent(&self) -> &str {
        self.header("User-Agent").unwrap_or_default()
    }

    /// A header's value; names in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Whether it asks for objects: a POST to `git-upload-pack` other than `ls-refs`, and other than asking whether
    /// something is there: then all that is wanted is had.
    pub fn is_fetch(&self) -> bool {
        self.is_upload_pack() && !self.says("command=ls-refs") && !self.wants_what_is_had()
    }

    fn wants_what_is_had(&self) -> bool {
        let text = String::from_utf8_lossy(&self.body);
        let ids = |word: &'static str| {
            text.match_indices(word)
                .filter_map(|(at, _)| text.get(at + word.len()..at + word.len() + 40))
                .collect::<Vec<_>>()
        };
        let (wants, haves) = (ids("want "), ids("have "));
        !wants.is_empty() && wants.iter().all(|want| haves.contains(want))
    }

    /// Whether the decoded body holds these words, such as `want ID`.
    pub fn says(&self, words: &str) -> bool {
        self.body.windows(words.len()).any(|window| window == words.as_bytes())
    }

    /// Whether a fault of this scope shows in the answer.
    pub(crate) fn is_in(&self, scope: Scope) -> bool {
        match scope {
            Scope::All => true,
            Scope::InfoRefs => self.path.contains("/info/refs"),
            Scope::UploadPack => self.is_upload_pack(),
            Scope::Fetch => self.is_fetch(),
        }
    }

    fn is_upload_pack(&self) -> bool {
        self.path.ends_with("/git-upload-pack")
    }
}
