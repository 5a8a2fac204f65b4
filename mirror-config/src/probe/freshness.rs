//! Asks candidates, all at once: there? how fast? how fresh? whole?
//!
//! Each tool's probe looks like that tool to the server, and reads only as far as a measurement needs. Ranking what
//! comes back is `rank`'s business; choosing for a request is `select`'s.

use std::time::Duration;

/// Candidates have this long in all.
pub const TOTAL: Duration = Duration::from_secs(5);
/// Longest measurement of a candidate's rate.
pub(super) const RATE_TIME: Duration = Duration::from_millis(1500);

/// Is told after each answer how many there are so far, and how many are expected.
pub type Progress<'a> = &'a dyn Fn(usize, usize);

/// How fresh a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As upstream.
    Same,
    /// So many commits or versions behind; `None` where upstream does not count.
    Behind(Option<u32>),
    /// It has what upstream does not know.
    Unrelated,
    /// Upstream or the mirror did not say.
    Unknown,
}
