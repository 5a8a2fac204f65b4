//! What one candidate can do wrong, and the one question asked of it: does the next candidate get a turn?

use std::{fmt, io, time::Duration};

use super::kind::Kind;
use crate::message::units;

/// Why a candidate did not serve a request. `Display` is the sentence, [`Fault::name`] the word of reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The host's name does not resolve.
    Dns,
    /// Nobody listens, or the network cannot be reached.
    Refused,
    /// No connection, or no first byte, within the time given.
    Timeout,
    /// Data stopped arriving.
    Stalled,
    /// Data arrives, but far too slowly while others could serve.
    Slow,
    /// All who were left together brought less than is worth waiting for: so many bytes a second, for too long.
    Crawls(u64),
    /// The answer ended too soon.
    Cut,
    /// The certificate is not one to believe; the text says why.
    Tls(String),
    /// The proxy refused or could not be reached.
    Proxy(String),
    /// A redirect that is not followed; the text says where to.
    Redirect(String),
    /// An HTTP status other than success.
    Status(u16),
    /// Asked to wait (429 or 503 with `Retry-After`).
    Busy(Duration),
    /// An answer, but not one of a mirror: a sign-in page, a web site.
    NotAMirror(String),
    /// It is what it says, and speaks in a way that our client does not: an older protocol, plain files. Nobody's fault.
    Dialect(String),
    /// Its history is cut off somewhere, so that what it sends is less than was asked for.
    Shallow,
    /// It has not got what was asked for.
    Missing,
    /// More than was asked for, or without end.
    TooLarge,
    /// The bytes do not hash to what they should, or are no pack at all.
    Corrupt(String),
    /// The remote said in so many words that it will not.
    Said(String),
    /// A transport of this kind is not allowed or not there.
    Transport(String),
    /// Somebody else was faster, and this one is not needed any more.
    Canceled,
    /// Something of this machine failed: a disk, a pipe.
    Local(String),
}

impl Fault {
    /// The word for it in reports: part of the contract.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::Slow | Self::Crawls(_) => "slow",
            Self::Cut => "cut",
            Self::Tls(_) => "tls",
            Self::Proxy(_) => "proxy",
            Self::Redirect(_) => "redirect",
            Self::Status(401 | 407) => "unauthorized",
            Self::Status(_) => "status",
            Self::Busy(_) => "busy",
            Self::NotAMirror(_) | Self::Shallow => "not-a-mirror",
            Self::Dialect(_) => "dialect",
            Self::Missing => "missing",
            Self::TooLarge => "too-large",
            Self::Corrupt(_) => "corrupt",
            Self::Said(_) => "said",
            Self::Transport(_) => "transport",
            Self::Canceled => "canceled",
            Self::Local(_) => "local",
        }
    }

    /// Whether another candidate may succeed where this one failed. A fault of this machine would meet them all.
    pub fn tries_next_candidate(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// Whether this says something of the mirror's health, rather than of this one item or of this machine.
    pub fn counts_against_health(&self) -> bool {
        !matches!(
            self,
            Self::Missing | Self::Local(_) | Self::Transport(_) | Self::Canceled | Self::Dialect(_) | Self::Shallow
        )
    }

    /// Whether it gives reason to think that the mirror lies: said out loud, and no second chance for this item.
    pub fn is_deceit(&self) -> bool {
        matches!(self, Self::Corrupt(_) | Self::Tls(_))
    }

    /// The kind of a failure in which this fault is the whole story.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Dns => Kind::Dns,
            Self::Stalled | Self::Slow | Self::Crawls(_) | Self::Timeout => Kind::Slow,
            Self::Cut => Kind::Truncated,
            Self::Tls(_) => Kind::Tls,
            Self::Proxy(_) => Kind::Proxy,
            Self::Redirect(_) => Kind::Redirect,
            Self::Busy(_) => Kind::Rate,
            Self::NotAMirror(_) | Self::Dialect(_) | Self::Shallow => Kind::NotAMirror,
            Self::TooLarge => Kind::Limit,
            Self::Corrupt(_) => Kind::Digest,
            Self::Transport(_) => Kind::Transport,
            Self::Local(_) => Kind::Io,
            Self::Canceled | Self::Refused | Self::Status(_) | Self::Missing | Self::Said(_) => Kind::Exhausted,
        }
    }

    /// The fault that travelled inside an `io::Error`, or a local one made from it.
    pub fn from_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            Some(fault) => fault.clone(),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Cut,
            None => Self::Local(error.to_string()),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        io::Error::other(fault)
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => f.write_str("its name does not resolve"),
            Self::Refused => f.write_str("connection refused"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Stalled => f.write_str("fell silent in the middle"),
            Self::Slow => f.write_str("too slow to wait for"),
            Self::Crawls(0) => f.write_str("sends nothing"),
            Self::Crawls(rate) => write!(f, "sends only {} a second", units::spelled(*rate)),
            Self::Cut => f.write_str("the answer was cut short"),
            Self::Tls(why) => write!(f, "its certificate is not believed: {why}"),
            Self::Proxy(why) => write!(f, "its proxy failed: {why}"),
            Self::Redirect(to) => write!(f, "redirects to {to}, which is not followed"),
            Self::Status(401) => f.write_str("asks for credentials, which mirrors never get (HTTP 401)"),
            Self::Status(404) => f.write_str("has not got it (HTTP 404)"),
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::Busy(wait) => write!(f, "busy, asks to wait {} s", wait.as_secs()),
            Self::NotAMirror(what) => write!(f, "does not answer like a mirror: {what}"),
            Self::Dialect(what) => f.write_str(what),
            Self::Shallow => f.write_str("has only a shallow copy"),
            Self::Missing => f.write_str("has not got it"),
            Self::TooLarge => f.write_str("sends more than was asked for"),
            Self::Corrupt(what) => write!(f, "sent corrupt data: {what}"),
            Self::Said(what) => write!(f, "refused: {what}"),
            Self::Transport(what) => f.write_str(what),
            Self::Canceled => f.write_str("not needed any more"),
            Self::Local(what) => write!(f, "this machine: {what}"),
        }
    }
}
