//! What a schedule says to a source, and what it hears. Pure.

use std::{ops::Range, time::Duration};

use mirror_config::errors::Fault;

/// A source's number.
pub type SourceId = usize;

/// A request's number.
pub type TaskId = u64;

/// What a source is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Fetch this slice: the cuts of this range.
    Slice(TaskId, Range<usize>),
    /// Ask again later.
    Wait,
    /// There is nothing for it any more.
    Over,
}

/// Why a slice was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The source has not got it.
    Missing,
    /// It broke off; the source may serve again after a pause.
    Broken,
    /// The source asks to be left alone for so long.
    Busy(Duration),
    /// The source is silent or slow, and others are there.
    Silent,
    /// The source is not to be asked any more.
    Banned,
}

impl From<&Fault> for Lost {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Missing => Self::Missing,
            Fault::Stalled | Fault::Slow | Fault::Timeout => Self::Silent,
            Fault::Busy(wait) => Self::Busy(*wait),
            Fault::Cut | Fault::Refused | Fault::Status(500..) => Self::Broken,
            _ => Self::Banned,
        }
    }
}
