//! Sources that have all of it, and give out only what they advertise (JGit's way): they take no part in slices that end in the
//! middle of a history, and are to blame for nothing.

use std::ops::Range;

use super::{joining::Judged, schedule::SourceId, state::Board};

impl Board {
    /// Whether a source that refuses these cuts is to be asked if it has all: those who have, give only what they advertise.
    pub fn may_judge(&self, id: SourceId, range: &Range<usize>) -> bool {
        let in_the_middle = self.cuts[range.clone()].iter().flatten().any(|oid| !self.wants.contains(oid));
        let mut state = self.lock();
        let is_new = in_the_middle && !self.by_name && state.tallies[id].judged.is_none();
        if is_new {
            state.tallies[id].judged = Some(Judged::BeingAsked);
        }
        is_new
    }

    /// What came of it.
    pub fn judge(&self, id: SourceId, has_all: bool) {
        let mut state = self.lock();
        state.tallies[id].judged = Some(if has_all { Judged::TipsOnly } else { Judged::Incomplete });
        if has_all {
            state.schedule.leave(id);
        }
        self.wake.notify_all();
    }

    /// Those that are.
    pub fn tips_only(&self) -> Vec<SourceId> {
        let state = self.lock();
        (0..state.tallies.len()).filter(|id| state.tallies[*id].judged == Some(Judged::TipsOnly)).collect()
    }
}
