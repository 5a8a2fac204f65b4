//! When a slice that is under way is asked for a second time, elsewhere. Pure.

use std::{ops::Range, time::Duration};

use mirror_config::fetch::lateness::{self, UnderWay};

use super::{
    assign::{Schedule, Task, UNKNOWN_RATE},
    next::{SourceId, TaskId},
};

/// A slow slice is in the way when more than one in so many cuts waits behind it.
const MOST_WAITING: usize = 6;
/// A hedge must be expected to be done so much sooner.
const GAIN: Duration = Duration::from_millis(300);
/// Hedges may waste at most this share of all that was received.
const SHARE: f64 = 0.02;

impl Schedule {
    /// The slice that all later ones wait for to land, if it takes far too long.
    pub(super) fn blocking(&mut self, id: SourceId, now: Duration) -> Option<Range<usize>> {
        let (first, task) = self.tasks.iter().min_by_key(|(_, task)| task.range.start)?;
        let first = *first;
        let waiting = self.here.saturating_sub(self.landed);
        if waiting <= self.cuts / MOST_WAITING || !self.is_worth(id, task, now) {
            return None;
        }
        self.begin_hedge(first)
    }

    /// The slice under way whose end is farthest, if this source would be much sooner.
    pub(super) fn hedge(&mut self, id: SourceId, now: Duration) -> Option<Range<usize>> {
        if self.pending.iter().any(|range| range.start < self.sources[id].missing_from) {
            return None;
        }
        let worth = self.tasks.iter().filter(|(_, task)| self.is_worth(id, task, now));
        let finish = |task: &Task| self.under_way(task, now).finish();
        let (slowest, _) = worth.max_by(|(_, a), (_, b)| finish(a).total_cmp(&finish(b)))?;
        let slowest = *slowest;
        self.begin_hedge(slowest)
    }

    /// The requests under way with their numbers of cuts, when nothing is left to be taken and as many connections as those at least
    /// have nothing to do. None where somebody has not got all: whoever may be asked for what is left could be the wrong one. What is
    /// under way twice is not among them.
    pub fn last_ones(&self) -> Vec<(TaskId, usize)> {
        let reserves = self.sources.iter().filter(|source| source.reserve).count();
        let alike = reserves == 0 || reserves == self.sources.len();
        let has_all = alike && self.sources.iter().all(|source| source.out || source.missing_from >= self.cuts);
        let connections: usize =
            self.sources.iter().filter(|source| !source.out).map(|source| source.connections).sum();
        let few = self.pending.is_empty() && self.tasks.len() * 2 <= connections;
        let once = |task: &Task| self.tasks.values().filter(|other| other.range == task.range).count() == 1;
        let last = self.tasks.iter().filter(|(_, task)| few && has_all && once(task));
        last.map(|(id, task)| (*id, task.range.len())).collect()
    }

    fn begin_hedge(&mut self, task: TaskId) -> Option<Range<usize>> {
        let task = self.tasks.get_mut(&task)?;
        task.hedged = true;
        Some(task.range.clone())
    }

    fn is_worth(&self, id: SourceId, task: &Task, now: Duration) -> bool {
        let (source, other) = (&self.sources[id], &self.sources[task.source]);
        if task.hedged || other.domain == source.domain || source.reserve || task.range.start >= source.missing_from {
            return false;
        }
        if self.tasks.values().any(|t| t.source == id && t.range == task.range) {
            return false;
        }
        let (slice, rate) = (self.under_way(task, now), self.rate(id, now));
        // Whoever loses has received this much in vain.
        let meanwhile = slice.pace * lateness::anew(slice.size, rate, GAIN);
        let wasted = slice.received as f64 + meanwhile.min(slice.left() as f64);
        let budget = (self.arrived.2 as f64 * SHARE) - self.wasted as f64;
        slice.is_late(rate, GAIN) && (wasted <= budget || slice.is_silent())
    }

    /// How a slice is getting on; its pace is its share of what its source does.
    fn under_way(&self, task: &Task, now: Duration) -> UnderWay {
        let sharing = self.tasks.values().filter(|other| other.source == task.source).count().max(1);
        UnderWay {
            size: self.size(task),
            received: task.received,
            pace: self.rate(task.source, now) / sharing as f64,
            silent: now.saturating_sub(task.heard),
        }
    }

    pub(super) fn left_of(&self, task: &Task) -> u64 {
        self.size(task).saturating_sub(task.received)
    }

    /// Expected size of a slice, by its objects if it has begun, else by its cuts.
    fn size(&self, task: &Task) -> u64 {
        let (cuts, objects, bytes) = self.arrived;
        let estimate = match task.objects {
            Some(count) if objects > 0 => bytes as f64 / objects as f64 * f64::from(count),
            _ if cuts > 0 => bytes as f64 / cuts as f64 * task.range.len() as f64,
            _ => UNKNOWN_RATE,
        };
        (estimate as u64).max(task.received)
    }
}
