//! Sources that have all of it, and give out only what they advertise (JGit's way): they take no part in slices that end in the
//! middle of a history, and are to blame for nothing.

use std::ops::Range;

use super::{schedule::SourceId, state::Board};

impl Board {
    /// Whether a source that refuses these cuts is to be asked if it has all: those who have, give only what they advertise.
    pub fn may_judge(&self, id: SourceId, range: &Range<usize>) -> bool {
        let in_the_middle = self.cuts[range.clone()].iter().flatten().any(|oid| !self.wants.contains(oid));
        in_the_middle && !self.by_name && self.lock().judged.insert(id, false).is_none()
    }

    /// A source is one of them.
    pub fn gives_tips_only(&self, id: SourceId) {
        let mut state = self.lock();
        state.judged.insert(id, true);
        state.schedule.leave(id);
        self.wake.notify_all();
    }

    /// Those that are.
    pub fn tips_only(&self) -> Vec<SourceId> {
        let state = self.lock();
        state.judged.iter().filter(|(_, tips_only)| **tips_only).map(|(id, _)| *id).collect()
    }
}
