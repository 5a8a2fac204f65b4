//! What a mirror can do wrong, to which of its answers, and how often.
//!
//! Only names it; `git::server`, `git::answer` and `web::server` do it. A mirror with moved, extra or rewound refs, or a
//! stale one, is no fault of the server but another repository under its root: see `history::repository`.

use std::{fmt, time::Duration};

/// A place in an answer, or in the pack it carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// So many bytes in.
    Byte(u64),
    /// This share of the whole, 0.0 to 1.0.
    Share(f64),
}

impl From<u64> for Place {
    fn from(byte: u64) -> Self {
        Self::Byte(byte)
    }
}

impl From<f64> for Place {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}

impl Place {
    /// The offset it means in so many bytes, at most their count.
    pub(crate) fn in_bytes(self, count: usize) -> usize {
        match self {
            Self::Byte(byte) => usize::try_from(byte).unwrap_or(count).min(count),
            Self::Share(share) => ((count as f64 * share) as usize).min(count),
        }
    }
}

/// What goes wrong. Those that speak of a pack leave answers of a `GitServer` without one alone; a `WebServer` does the same
/// to any body, whose length it has sent before.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Reads the request and never answers.
    BlackHole,
    /// Answers with a pack up to this place of the answer, then says nothing more and keeps the connection.
    StallAt(Place),
    /// Answers with a pack up to this place of the answer, then says nothing for so long, and goes on. Of a `GitServer`.
    PauseAt(Place, Duration),
    /// Says for so long, before the pack, that it is alive, four times a second and as `git upload-pack` says it. Of a
    /// `GitServer`.
    KeepAlive(Duration),
    /// Answers with a pack up to this place of the answer, then closes the connection in the middle of a chunk.
    CutAt(Place),
    /// Answers with a pack up to this place and ends the HTTP answer properly, as a proxy does that lost its source.
    EndAt(Place),
    /// Turns over one bit at this place of the pack; the framing stays whole.
    FlipByteAt(Place),
    /// Tells the terminal, on the progress band before the pack, to change its title, clear itself and turn red.
    SidebandEscapes,
    /// Answers a fetch with progress and no end (at most 2 GiB).
    EndlessBody,
    /// A `WebServer` answers with so many bytes of noise, and says before how many they are (at most 2 GiB).
    LongBody(u64),
    /// Answers a fetch with a pack of valid objects and no end (at most 2 GiB).
    EndlessPack,
    /// Adds what is small in a pack and huge outside to every pack.
    Bomb(Bomb),
    /// Answers with a status, headers and a body of its own.
    Status {
        /// Such as 404.
        code: u16,
        /// Further headers, such as `Retry-After`.
        headers: Vec<(String, String)>,
        /// The body; its length is sent.
        body: Vec<u8>,
    },
    /// Sends the client to the same path below another base address.
    Redirect(String),
    /// Speaks of so many bytes more than it sends, or fewer. Not of a `GitServer`.
    WrongLength(i64),
    /// Answers with status 206 and the bytes that stand so many behind those it speaks of, whether a range was asked for
    /// or not. Not of a `GitServer`.
    WrongRange(u64),
    /// Sends at this rate, in bytes a second, whatever the server's own rate is.
    Drip(u64),
    /// Waits so long before it answers, beyond the server's latency.
    Delay(Duration),
}

/// What is small in a pack, and huge when it is rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bomb {
    /// A file of so many zeros.
    Zeros(u64),
    /// So many deltas on each other, each of the size of a file of so many zeros, and each with one more on it.
    Deltas {
        /// How large each is.
        size: u64,
        /// How many.
        count: u32,
    },
    /// A pack that claims to have four billion objects.
    Count,
}

impl Fault {
    /// An answer with a status and nothing else.
    pub fn status(code: u16) -> Self {
        Self::Status { code, headers: Vec::new(), body: b"no\n".to_vec() }
    }

    /// Too busy: 429 or 503 with `Retry-After` in seconds.
    pub fn busy(code: u16, seconds: u32) -> Self {
        let headers = vec![("Retry-After".to_owned(), seconds.to_string())];
        Self::Status { code, headers, body: b"later\n".to_vec() }
    }

    /// Wants a name and password: 401, whatever the client says.
    pub fn unauthorized() -> Self {
        let headers = vec![("WWW-Authenticate".to_owned(), "Basic realm=\"mirror\"".to_owned())];
        Self::Status { code: 401, headers, body: b"who are you?\n".to_vec() }
    }

    /// The page that a hotel or an airport shows instead of what was asked for: 200, HTML.
    pub fn captive_portal() -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
        let body = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please log in.</body></html>\n";
        Self::Status { code: 200, headers, body: body.to_vec() }
    }

    /// The fault in some answers only.
    pub fn only(self, scope: Scope) -> Plan {
        Plan { scope, ..Plan::from(self) }
    }

    /// The fault so many times, then no more.
    pub fn times(self, times: u32) -> Plan {
        Plan::from(self).times(times)
    }

    /// Whether it needs an answer that carries a pack.
    pub(crate) fn needs_pack(&self) -> bool {
        matches!(
            self,
            Self::StallAt(_)
                | Self::PauseAt(..)
                | Self::KeepAlive(_)
                | Self::CutAt(_)
                | Self::EndAt(_)
                | Self::FlipByteAt(_)
                | Self::SidebandEscapes
                | Self::Bomb(_)
        )
    }
}

/// The answers in which a fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// The advertisement, `info/refs`.
    InfoRefs,
    /// Every POST to `git-upload-pack`.
    UploadPack,
    /// Those that ask for objects; not protocol v2's `ls-refs`.
    Fetch,
}

/// A fault with its scope and count.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) fault: Fault,
    pub(crate) scope: Scope,
    pub(crate) left: Option<u32>,
}

impl Plan {
    /// So many times, then no more.
    pub fn times(self, times: u32) -> Self {
        Self { left: Some(times), ..self }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Status { code, .. } => write!(f, "Status({code})")?,
            fault => write!(f, "{fault:?}")?,
        }
        write!(f, " in {:?}", self.scope)?;
        self.left.map_or(Ok(()), |left| write!(f, " {left} times"))
    }
}

impl From<Fault> for Plan {
    fn from(fault: Fault) -> Self {
        let fetch = fault.needs_pack() || matches!(fault, Fault::EndlessBody | Fault::EndlessPack);
        Self { fault, scope: if fetch { Scope::Fetch } else { Scope::All }, left: None }
    }
}
