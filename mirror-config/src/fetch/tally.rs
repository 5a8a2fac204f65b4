//! What one source has done in this run.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    errors::Fault,
    select::{HEAD_START, Source},
};

/// Counted for each of them.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) source: Arc<Source>,
    pub(super) in_flight: usize,
    /// Requests that it has not answered yet.
    pub(super) opening: usize,
    /// Since when it has answered none of them.
    pub(super) unanswered_since: Option<Instant>,
    pub(super) busy_since: Option<Instant>,
    pub(super) busy: Duration,
    pub(super) bytes: u64,
    pub(super) wasted: u64,
    pub(super) first_byte: Option<Duration>,
    pub(super) faults: u32,
    pub(super) banned: bool,
    /// It has answered a request of this run.
    pub(super) answered: bool,
    /// It has sent what was right, in this run or before.
    pub(super) proven: bool,
    pub(super) fault: Option<Fault>,
}

impl Tally {
    /// Whether it has said nothing at all in this run, though it had its time: next time another one is to be first.
    pub(super) fn is_silent(&self) -> bool {
        self.is_late() && self.first_byte.is_none() && self.bytes == 0
    }

    /// Whether it has been silent for longer than a candidate has the field for itself.
    pub(super) fn is_late(&self) -> bool {
        self.unanswered_since.is_some_and(|since| since.elapsed() > HEAD_START)
    }

    /// Bytes a second while it was busy, or from memory.
    pub(super) fn rate(&self) -> Option<f64> {
        let busy = self.busy + self.busy_since.map_or(Duration::ZERO, |since| since.elapsed());
        match self.bytes {
            0 => self.source.expected_rate,
            bytes => Some(bytes as f64 / busy.as_secs_f64().max(0.001)),
        }
    }
}
