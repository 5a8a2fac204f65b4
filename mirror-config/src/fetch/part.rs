//! A part of a file, and how a source is asked for it.

use std::sync::Arc;

use crate::{
    errors::Fault,
    select::Source,
    transport::http::{Cancel, Response},
};

/// A part of a file: from this byte on, up to that one or to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub from: u64,
    /// The byte behind the last one.
    pub to: Option<u64>,
    /// Nobody else is left who could be asked for it.
    pub alone: bool,
}

impl Part {
    /// The value of `Range` (RFC 9110, section 14.2), for what is not the whole.
    pub fn header(self) -> Option<String> {
        match (self.from, self.to) {
            (0, None) => None,
            (from, None) => Some(format!("bytes={from}-")),
            (from, Some(to)) => Some(format!("bytes={from}-{}", to.saturating_sub(1))),
        }
    }
}

/// Asks a place for a file, or a part of it, until it is canceled.
pub type Open = Arc<dyn Fn(&Source, Part, &Cancel) -> Result<Response, Fault> + Send + Sync>;
