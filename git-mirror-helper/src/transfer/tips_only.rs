//! Sources that have all of it, and give out only what they advertise (JGit's way): they take no part in slices that end in the
//! middle of a history, and are to blame for nothing.

use std::ops::Range;

use super::{schedule::SourceId, state::Board};

/// What a source that refused a cut in the middle has been found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is being asked whether it has all; it gets no other slice meanwhile, which it might refuse as well.
    BeingAsked,
    /// It has all and gives only what it advertises.
    TipsOnly,
    /// It has not got all.
    Incomplete,
}

impl Board {
    /// Whether a source that refuses these cuts is to be asked if it has all: those who have, give only what they advertise.
    pub fn may_judge(&self, id: SourceId, range: &Range<usize>) -> bool {
        let in_the_middle = self.cuts[range.clone()].iter().flatten().any(|oid| !self.wants.contains(oid));
        let mut state = self.lock();
        let is_new = in_the_middle && !self.by_name && !state.judged.contains_key(&id);
        if is_new {
            state.judged.insert(id, Judged::BeingAsked);
        }
        is_new
    }

    /// What came of it.
    pub fn judge(&self, id: SourceId, has_all: bool) {
        let mut state = self.lock();
        state.judged.insert(id, if has_all { Judged::TipsOnly } else { Judged::Incomplete });
        if has_all {
            state.schedule.leave(id);
        }
        self.wake.notify_all();
    }

    /// Those that are.
    pub fn tips_only(&self) -> Vec<SourceId> {
        let state = self.lock();
        state.judged.iter().filter(|(_, judged)| **judged == Judged::TipsOnly).map(|(id, _)| *id).collect()
    }
}
