//! The one rule of a quorum: at least two, and more than half of those that spoke. Pure.

/// Fewest operators that make a quorum.
pub(super) const QUORUM: usize = 2;

/// Whether so many voices are enough, of so many that had something to say: two, and more than half.
pub(super) fn enough(attesting: usize, speaking: usize) -> bool {
    attesting >= QUORUM && attesting * 2 > speaking
}
