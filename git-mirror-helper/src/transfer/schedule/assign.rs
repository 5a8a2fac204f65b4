//! Who takes which slice next. Pure: no clock, no network, no disk; times are given.
//!
//! Sources take slices as they get free, so a fast one takes more. How many cuts a slice spans falls as the end comes
//! near. When nothing is left to take, or one slow slice holds up all that came after it, a slice that is under way is
//! asked for a second time elsewhere (hedged), and whoever is first wins.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::{
    line::Line,
    next::{Lost, Next, SourceId, TaskId},
};

/// A slice spans at most this share of all cuts: what is lost when it is lost.
const LARGEST_SHARE: usize = 40;
/// A source with less than this share of the fastest one's rate is slow.
const SLOW: f64 = 0.5;
/// A slice should take so many seconds at least, and so many times as long as its server takes to begin.
const LEAST_TIME: (f64, f64) = (0.2, 2.0);
/// And so many at most, as far as cuts are even.
const MOST_TIME: (f64, f64) = (0.6, 4.0);
/// Rate in bytes a second of a source of which nothing is known.
pub(super) const UNKNOWN_RATE: f64 = 1_000_000.0;
/// Connections to a source at first: while its server looks for one slice, another one is on the line.
const FIRST_CONNECTIONS: usize = 2;
/// Another connection is tried only while so much work is left for all sources together.
const WORTH_A_TRIAL: f64 = 8.0;
/// Or while each of those that there are has less than so many bytes a second: then loss or distance holds them, each by itself.
const HELD: f64 = 200_000.0;

#[derive(Debug)]
pub(super) struct Task {
    pub(super) source: SourceId,
    pub(super) asked: Duration,
    pub(super) range: Range<usize>,
    pub(super) heard: Duration,
    pub(super) received: u64,
    pub(super) objects: Option<u32>,
    pub(super) hedged: bool,
}

/// All slices and all sources of one transfer.
#[derive(Debug)]
pub struct Schedule {
    pub(super) cuts: usize,
    /// Ranges that nobody has begun, in order.
    pub(super) pending: Vec<Range<usize>>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) sources: Vec<Line>,
    pub(super) next_task: TaskId,
    /// Connections to one source at most.
    pub(super) most_connections: usize,
    /// Cuts that are in the store; all before this one.
    pub(super) landed: usize,
    /// Cuts that are on this machine, in the store or waiting to land.
    pub(super) here: usize,
    /// What has arrived, for estimates: cuts, objects, bytes.
    pub(super) arrived: (usize, u64, u64),
    /// Bytes of a cut, lately.
    pub(super) bytes_per_cut: f64,
    pub(super) wasted: u64,
}

impl Schedule {
    /// A schedule for so many cuts. `landed` of them, from the first, are in the store, and the ranges of `kept` have
    /// arrived before.
    pub fn new(cuts: usize, landed: usize, kept: &[Range<usize>], most_connections: usize) -> Self {
        let mut pending = Vec::new();
        let mut at = landed;
        for range in kept {
            if at < range.start {
                pending.push(at..range.start);
            }
            at = at.max(range.end);
        }
        if at < cuts {
            pending.push(at..cuts);
        }
        let here = cuts - pending.iter().map(ExactSizeIterator::len).sum::<usize>();
        Self {
            cuts,
            pending,
            tasks: BTreeMap::new(),
            sources: Vec::new(),
            next_task: 0,
            most_connections: most_connections.max(1),
            landed,
            here,
            arrived: (0, 0, 0),
            bytes_per_cut: UNKNOWN_RATE,
            wasted: 0,
        }
    }

    /// Adds a source that fails together with others of its domain; a reserve serves only what no other can.
    pub fn join(&mut self, domain: &str, expected_rate: Option<f64>, reserve: bool, now: Duration) -> SourceId {
        let connections = FIRST_CONNECTIONS.min(self.most_connections);
        self.sources.push(Line::new(domain, reserve, expected_rate, connections, now));
        self.sources.len() - 1
    }

    /// What this source is to do next on its connection of this number, counted from 0.
    pub fn next(&mut self, id: SourceId, connection: usize, now: Duration) -> Next {
        let source = &self.sources[id];
        if source.out || self.is_landed() || connection >= source.connections {
            return Next::Over;
        }
        if self.sources[id].rests_until > now || !self.sources[id].may_be_asked(now) {
            return Next::Wait;
        }
        if let Some(range) = self.blocking(id, now).or_else(|| self.take(id, now)).or_else(|| self.hedge(id, now)) {
            let task = self.next_task;
            self.next_task += 1;
            self.sources[id].is_asked();
            self.tasks.insert(
                task,
                Task {
                    source: id,
                    asked: now,
                    range: range.clone(),
                    heard: now,
                    received: 0,
                    objects: None,
                    hedged: false,
                },
            );
            return Next::Slice(task, range);
        }
        Next::Wait
    }

    /// How many connections a source is to have now.
    pub fn connections(&mut self, id: SourceId, now: Duration) -> usize {
        let busy = self.tasks.values().filter(|t| t.source == id).count();
        let all = self.rate_of_all(now);
        let long = self.left().is_some_and(|left| left as f64 / all > WORTH_A_TRIAL);
        let rate = self.rate(id, now);
        let held = !self.pending.is_empty() && rate < HELD * self.sources[id].connections as f64;
        self.sources[id].try_connections(rate, busy, if long || held { self.most_connections } else { 0 }, now)
    }

    /// The head of a slice came: it has so many objects.
    pub fn begun(&mut self, task: TaskId, objects: u32, now: Duration) {
        if let Some(task) = self.tasks.get_mut(&task) {
            (task.objects, task.heard) = (Some(objects), now);
            self.sources[task.source].has_begun(now.saturating_sub(task.asked));
        }
    }

    /// Bytes came.
    pub fn received(&mut self, task: TaskId, bytes: u64, now: Duration) {
        let Some(task) = self.tasks.get_mut(&task) else { return };
        task.received += bytes;
        task.heard = now;
        self.sources[task.source].received(bytes, now);
    }

    /// A slice is complete. Says which other requests that makes needless; `None` when it is needless itself.
    pub fn arrived(&mut self, task: TaskId) -> Option<Vec<TaskId>> {
        let task = self.tasks.remove(&task)?;
        self.sources[task.source].delivered();
        self.here += task.range.len();
        let each = task.received as f64 / task.range.len() as f64;
        self.bytes_per_cut = if self.arrived.0 == 0 { each } else { self.bytes_per_cut * 0.7 + each * 0.3 };
        let (cuts, objects, bytes) = &mut self.arrived;
        *cuts += task.range.len();
        *objects += u64::from(task.objects.unwrap_or(0));
        *bytes += task.received;
        let twins: Vec<TaskId> =
            self.tasks.iter().filter(|(_, other)| other.range == task.range).map(|(id, _)| *id).collect();
        let in_vain: u64 = twins.iter().filter_map(|twin| self.tasks.remove(twin)).map(|twin| twin.received).sum();
        self.wasted += in_vain;
        Some(twins)
    }

    /// A slice was not delivered: it goes back, unless it is under way elsewhere.
    pub fn lost(&mut self, task: TaskId, why: Lost, now: Duration) {
        let Some(task) = self.tasks.remove(&task) else { return };
        self.wasted += task.received;
        let others = self.sources.iter().enumerate();
        let others = others.filter(|(id, other)| *id != task.source && other.is_ordinary(task.range.start)).count();
        self.sources[task.source].lost(why, &task.range, others > 0, now);
        // Whoever still has it under way may be helped again.
        self.tasks.values_mut().filter(|other| other.range == task.range).for_each(|other| other.hedged = false);
        if !self.is_asked_for(&task.range) {
            self.give_back(task.range);
        }
    }

    /// A slice was broken off by us; what becomes of its cuts [`Schedule::share`] says. Nobody is to blame.
    pub fn broken_off(&mut self, task: TaskId) {
        self.tasks.remove(&task);
    }

    /// Whether a request for this slice is under way.
    pub fn is_asked_for(&self, range: &Range<usize>) -> bool {
        self.tasks.values().any(|task| task.range == *range)
    }

    /// A cut of such a slice is here, or is to be asked for by itself.
    pub fn share(&mut self, cut: Range<usize>, is_here: bool) {
        if is_here { self.here += cut.len() } else { self.give_back(cut) }
    }

    /// What had arrived turned out to be worthless.
    pub fn rejected(&mut self, range: Range<usize>, source: Option<SourceId>) {
        if let Some(source) = source {
            self.sources[source].out = true;
        }
        self.here -= range.len();
        self.give_back(range);
    }

    /// A source takes no part any more.
    pub fn leave(&mut self, id: SourceId) {
        self.sources[id].out = true;
    }

    /// All cuts before this one are in the store.
    pub fn landed(&mut self, cuts: usize) {
        self.landed = cuts;
    }

    /// How many cuts are in the store, from the first on.
    pub fn landed_cuts(&self) -> usize {
        self.landed
    }

    /// Whether all is on this machine.
    pub fn is_here(&self) -> bool {
        self.pending.is_empty() && self.tasks.is_empty()
    }

    /// Sources that can still be asked.
    pub fn serving(&self) -> usize {
        self.sources.iter().filter(|source| !source.out).count()
    }

    /// Whether this one can.
    pub fn is_serving(&self, id: SourceId) -> bool {
        !self.sources[id].out
    }

    /// Lets sources that are out try once more, but for these.
    pub fn revive(&mut self, but: &[SourceId], now: Duration) {
        for (_, source) in self.sources.iter_mut().enumerate().filter(|(id, _)| !but.contains(id)) {
            source.revive(now);
        }
    }

    /// Whether all is in the store.
    pub fn is_landed(&self) -> bool {
        self.landed >= self.cuts
    }

    /// Whether nothing is under way and nobody is left who could take what is pending.
    pub fn is_stuck(&self) -> bool {
        let Some(first) = self.pending.first() else { return false };
        self.tasks.is_empty() && !self.sources.iter().any(|source| !source.out && source.missing_from > first.start)
    }

    /// Whether the first pending cut is one that all sources but these said they have not got.
    pub fn is_lacked(&self, but: &[SourceId]) -> bool {
        let Some(first) = self.pending.first() else { return false };
        let mut asked = self.sources.iter().enumerate().filter(|(id, _)| !but.contains(id)).peekable();
        asked.peek().is_some() && asked.all(|(_, source)| source.missing_from <= first.start)
    }

    /// Whether a request is under way.
    pub fn is_under_way(&self, task: TaskId) -> bool {
        self.tasks.contains_key(&task)
    }

    /// Whether a slice is pending that no ordinary source can take.
    pub fn needs_reserve(&self) -> bool {
        let able = |from: usize| self.sources.iter().any(|source| source.is_ordinary(from));
        self.pending.iter().any(|range| !able(range.start))
    }

    /// The first cut that nobody has, given up; the slices after them may still come.
    pub fn give_up_first(&mut self) -> Option<Range<usize>> {
        let first = self.pending.first_mut()?;
        let given_up = first.start..first.start + 1;
        // What comes after it is another matter.
        for source in self.sources.iter_mut().filter(|source| source.missing_from == given_up.start) {
            source.missing_from = usize::MAX;
        }
        first.start += 1;
        if first.start == first.end {
            self.pending.remove(0);
        }
        self.here += 1;
        Some(given_up)
    }

    /// Bytes a second of one source, lately.
    pub fn rate(&self, id: SourceId, now: Duration) -> f64 {
        self.known_rate(id, now).unwrap_or_else(|| {
            // One that is new is taken for as good as the others.
            let known: Vec<f64> = (0..self.sources.len()).filter_map(|id| self.known_rate(id, now)).collect();
            let sum: f64 = known.iter().sum();
            if known.is_empty() { UNKNOWN_RATE } else { sum / known.len() as f64 }
        })
    }

    /// As measured, or as remembered before anything was measured.
    fn known_rate(&self, id: SourceId, now: Duration) -> Option<f64> {
        self.sources[id].rate(now)
    }

    fn rate_of_all(&self, now: Duration) -> f64 {
        let serving = (0..self.sources.len()).filter(|id| !self.sources[*id].out);
        serving.map(|id| self.rate(id, now)).sum::<f64>().max(1.0)
    }

    /// Bytes that are still to come, as far as what came allows an estimate.
    pub fn left(&self) -> Option<u64> {
        let (cuts, _, bytes) = self.arrived;
        let pending: usize = self.pending.iter().map(ExactSizeIterator::len).sum();
        let under_way: u64 = self.tasks.values().filter(|t| !t.hedged).map(|t| self.left_of(t)).sum();
        (cuts > 0).then(|| (bytes as f64 / cuts as f64 * pending as f64) as u64 + under_way)
    }

    /// Puts cuts back that were given up.
    pub fn put_back(&mut self, range: Range<usize>) {
        self.here -= range.len();
        self.give_back(range);
    }

    fn give_back(&mut self, range: Range<usize>) {
        let at = self.pending.partition_point(|other| other.start < range.start);
        self.pending.insert(at, range);
    }

    /// Takes the next cuts that nobody has begun.
    fn take(&mut self, id: SourceId, now: Duration) -> Option<Range<usize>> {
        let source = &self.sources[id];
        let others_can =
            |from: usize| self.sources.iter().any(|other| !other.reserve && !other.out && other.missing_from > from);
        let can =
            |range: &Range<usize>| range.start < source.missing_from && !(source.reserve && others_can(range.start));
        // Slices land in order, so what is needed first is for the fast ones.
        let known = |id| self.known_rate(id, now);
        let fastest = (0..self.sources.len()).filter_map(known).fold(0.0, f64::max);
        let from_behind = known(id).is_some_and(|rate| rate < fastest * SLOW) && source.missing_from >= self.cuts;
        let at = match from_behind {
            true => self.pending.iter().rposition(can)?,
            false => self.pending.iter().position(can)?,
        };
        let pending: usize = self.pending.iter().map(ExactSizeIterator::len).sum();
        let share = self.rate(id, now) / self.rate_of_all(now);
        let fair = pending as f64 * share;
        // So many cuts that asking for them is not most of the work, as long as others have something to do as well.
        let begins = source.begins.as_secs_f64();
        let cuts_in =
            |(least, times): (f64, f64)| self.rate(id, now) * least.max(times * begins) / self.bytes_per_cut.max(1.0);
        let least = cuts_in(LEAST_TIME).min(fair / 2.0);
        let share = if source.is_new() || source.careful { 1.0 } else { (self.cuts / LARGEST_SHARE) as f64 };
        let most = share.min(cuts_in(MOST_TIME)).max(1.0);
        let span = (fair / 4.0).max(least).min(most).max(1.0) as usize;
        let range = &mut self.pending[at];
        let taken = if from_behind {
            range.end.saturating_sub(span).max(range.start)..range.end
        } else {
            range.start..(range.start + span).min(range.end).min(source.missing_from)
        };
        if from_behind {
            range.end = taken.start
        } else {
            range.start = taken.end
        }
        if range.start == range.end {
            self.pending.remove(at);
        }
        Some(taken)
    }
}
