//! The one rule of a quorum: at least two operators, and more than half of those that had something to say. Pure.

use super::level::Trust;

/// Fewest operators that make a quorum.
const QUORUM: usize = 2;

/// Whether so many operators that say the same are enough, of so many that had something to say.
pub fn enough(attesting: usize, speaking: usize) -> bool {
    attesting >= QUORUM && attesting * 2 > speaking
}

/// Fewest operators whose word can reach this level without upstream; none where only upstream or a pin can.
pub fn least(level: Trust) -> Option<usize> {
    match level {
        Trust::Tofu | Trust::Seen => Some(1),
        Trust::Quorum => Some(QUORUM),
        Trust::Upstream | Trust::Pinned => None,
    }
}

/// Whether so many operators could make a quorum, if they said the same.
pub fn possible(speaking: usize) -> bool {
    enough(speaking, speaking)
}

#[cfg(test)]
mod tests {
    use super::{Trust, enough, least, possible};

    #[test]
    fn two_and_more_than_half_are_enough() {
        for (attesting, speaking, expected) in [
            (0, 0, false),
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 3, true),
            (2, 4, false),
            (3, 4, true),
            (3, 5, true),
            (3, 6, false),
            (7, 12, true),
        ] {
            assert_eq!(enough(attesting, speaking), expected, "{attesting} of {speaking}");
        }
        assert_eq!([0, 1, 2, 3].map(possible), [false, false, true, true]);
    }

    #[test]
    fn a_level_needs_as_many_as_its_rule_says_and_no_more() {
        for (level, expected) in
            [(Trust::Tofu, Some(1)), (Trust::Quorum, Some(2)), (Trust::Upstream, None), (Trust::Pinned, None)]
        {
            assert_eq!(least(level), expected, "{level}");
        }
        assert!(least(Trust::Quorum).is_some_and(possible), "as few as a level needs can make a quorum");
    }
}
