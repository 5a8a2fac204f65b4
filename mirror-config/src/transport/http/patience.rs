//! How long is waited, for what, and when slow is too slow.

use std::time::{Duration, Instant};

use crate::errors::Fault;

/// How long each phase of a request may take. Where that is [`Patience::TOGETHER`], it is all sources together that are held
/// to something, and this one to no more than a word now and then.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the start, connection and TLS included, to the head of the answer.
    pub head: Duration,
    /// From there to the first bytes of what was asked for: servers count objects before they send any, and git's own keep-alive
    /// packet comes after 5 s.
    pub first_byte: Duration,
    /// Longest silence after that.
    pub silence: Duration,
    /// Fewest bytes that must arrive in [`Patience::WINDOW`]; zero where there is nobody else to ask.
    pub floor: u64,
}

impl Patience {
    /// The stretch of time over which [`Patience::floor`] is measured.
    pub const WINDOW: Duration = Duration::from_secs(3);

    /// For a candidate that others could replace (DESIGN 5: a stalled one costs about 3 s).
    pub const REPLACEABLE: Self = Self {
        head: Duration::from_secs(3),
        first_byte: Duration::from_millis(5500),
        silence: Duration::from_millis(2500),
        floor: 12 * 1024,
    };

    /// As long as what all sources bring is worth waiting for ([`super::LeastSpeed`]).
    pub const TOGETHER: Duration = Duration::MAX;

    /// For the last one that is left: anything is better than nothing.
    pub const LAST: Self = Self { head: Self::TOGETHER, first_byte: Self::TOGETHER, silence: Self::TOGETHER, floor: 0 };
}

/// Measures whether a body keeps the least rate.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) patience: Patience,
    since: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, since: Instant::now(), bytes: 0 }
    }

    /// Bytes came; an error when they were too few for too long.
    pub(super) fn note(&mut self, bytes: u64) -> Result<(), Fault> {
        self.bytes += bytes;
        if self.since.elapsed() >= Patience::WINDOW {
            if self.bytes < self.patience.floor {
                return Err(Fault::Slow);
            }
            *self = Self::new(self.patience);
        }
        Ok(())
    }
}
