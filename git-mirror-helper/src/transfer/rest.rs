//! The last slices, where they take long while other connections have nothing to do. They are broken off, what came of them is
//! kept, and the rest is shared: of slices of a history it is asked for by name, since one commit may bring all the pictures; of
//! files that were asked for together each goes its own way.

use std::{fs::File, io::Read, ops::Range, path::Path, time::Duration};

use mirror_config::model::Oid;
use tempfile::NamedTempFile;

use super::{
    in_flight::Rest,
    outlook,
    schedule::{SourceId, TaskId},
    state::Board,
};
use crate::objects::{proof::prefix::Look, store::Store};

/// Before so much time nothing is known of the pace of a slice.
const WATCHED: Duration = Duration::from_secs(2);
/// Bytes of a slice that are looked at.
const MOST_READ: u64 = 16 << 20;
/// Bytes of an object that may be lost for it.
const LOST: u64 = 64 << 10;

impl Board {
    /// Where a slice goes while it comes.
    pub fn spooled(&self, task: TaskId, path: &Path) {
        if let Some(one) = self.lock().under_way.get_mut(&task) {
            one.file = Some(path.to_owned());
        }
    }

    /// Those of the last slices that take long, where what is left of them can be shared and little of an object would be lost.
    pub fn to_share(&self, object_format: &str) -> Vec<TaskId> {
        let now = self.now();
        let last: Vec<_> = {
            let state = self.lock();
            let last = state.schedule.last_ones().into_iter().filter(|(_, cuts)| !self.by_name || *cuts > 1);
            let known = last.filter_map(|(task, _)| Some((task, state.under_way.get(&task)?)));
            let known = known.filter(|(_, one)| now.saturating_sub(one.since) > WATCHED);
            known.filter_map(|(task, one)| Some((task, one.file.clone()?, one.bytes, one.since))).collect()
        };
        let is_long = |(_, file, bytes, since): &(TaskId, std::path::PathBuf, u64, Duration)| {
            let mut prefix = Vec::new();
            let read = File::open(file).and_then(|file| file.take(MOST_READ).read_to_end(&mut prefix));
            let Some(look) = read.ok().and_then(|_| Look::at(&prefix, object_format)) else { return false };
            let rate = *bytes as f64 / now.saturating_sub(*since).as_secs_f64().max(0.001);
            let lost = (prefix.len() as u64).saturating_sub(look.whole);
            (self.by_name || look.is_heavy()) && lost < LOST && outlook::is_long(look.left(), rate, false)
        };
        last.into_iter().filter(is_long).map(|(task, ..)| task).collect()
    }

    /// Ends these requests, and keeps what came.
    pub fn break_off(&self, tasks: &[TaskId]) {
        let mut state = self.lock();
        for one in tasks {
            state.breaking.insert(*one);
            if let Some(one) = state.under_way.get(one) {
                one.cancel.cancel();
            }
        }
    }

    /// Ends all requests, and keeps what came.
    pub fn break_all_off(&self) {
        let all: Vec<TaskId> = self.lock().under_way.keys().copied().collect();
        self.break_off(&all);
        self.close();
    }

    /// A slice was ended before it was complete. Keeps what came of it, where that is wanted.
    pub fn ended(&self, task: TaskId, id: SourceId, range: &Range<usize>, file: NamedTempFile) {
        let mut state = self.lock();
        if state.breaking.remove(&task) {
            // It is of use, so it did not come in vain.
            let bytes = state.under_way.get_mut(&task).map_or(0, |one| std::mem::take(&mut one.bytes));
            state.tallies[id].share.bytes += bytes;
            state.schedule.broken_off(task);
            state.rest.push(Rest { range: range.clone(), file });
        }
    }

    /// What came of slices that were broken off.
    pub fn take_rest(&self) -> Vec<Rest> {
        std::mem::take(&mut self.lock().rest)
    }

    /// These files were broken off, and what came of them has been taken in: those that are `here` are done, the others are to be
    /// asked for, each by itself.
    pub fn share(
        &self,
        range: Range<usize>,
        here: impl Fn(&[Oid]) -> bool,
        empty: impl Fn(&Store) -> std::io::Result<NamedTempFile>,
    ) {
        let mut state = self.lock();
        if state.schedule.is_asked_for(&range) {
            // Somebody else was asked for all of it, just before.
            return;
        }
        for cut in range {
            let one = cut..cut + 1;
            let is_here = here(&self.cuts[cut])
                && empty(&self.store).and_then(|file| state.parts.keep(one.clone(), file)).is_ok();
            state.schedule.share(one, is_here);
        }
        self.wake.notify_all();
    }
}
