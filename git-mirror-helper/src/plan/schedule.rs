//! Who takes which slice next. Pure: no clock, no network, no disk; times are given.
//!
//! Sources take slices as they get free, so a fast one takes more. How many cuts a slice spans falls as the end comes
//! near. When nothing is left to take, or one slow slice holds up all that came after it, a slice that is under way is
//! asked for a second time elsewhere (hedged), and whoever is first wins.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    time::Duration,
};

/// A slice spans at most this share of all cuts: what is lost when it is lost.
const LARGEST_SHARE: usize = 40;
/// A source with less than this share of the fastest one's rate is slow.
const SLOW: f64 = 0.5;
/// A slice should take so many seconds at least.
const LEAST_TIME: f64 = 0.2;
/// And so many at most, as far as cuts are even.
const MOST_TIME: f64 = 0.6;
/// A rate is measured over this stretch of time.
const WINDOW: Duration = Duration::from_secs(3);
/// Rate in bytes a second of a source of which nothing is known.
const UNKNOWN_RATE: f64 = 1_000_000.0;
/// A slice from which nothing comes for so long is as good as stalled.
const SILENT: Duration = Duration::from_secs(1);
/// A hedge must be expected to be done so much sooner.
const HEDGE_GAIN: Duration = Duration::from_millis(300);
/// Hedges may waste at most this share of all that was received.
const HEDGE_SHARE: f64 = 0.04;
/// A slow slice is in the way when more than one in so many cuts waits behind it.
const MOST_WAITING: usize = 6;
/// Faults in a row after which a source is out.
const MOST_FAULTS: u32 = 3;
/// The first pause after a fault; doubled for each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections to a source at first: while its server looks for one slice, another one is on the line.
const FIRST_CONNECTIONS: usize = 2;
/// How long connections are watched before another one is tried.
const TRIAL: Duration = Duration::from_millis(1500);
/// Another connection is tried only while so much work is left for all sources together.
const WORTH_A_TRIAL: f64 = 8.0;
/// One connection more was worth it if each still carries this share of what each carried before.
const KEPT_PACE: f64 = 0.75;

/// A source's number.
pub type SourceId = usize;
/// A request's number.
pub type TaskId = u64;

/// What a source is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Fetch this slice: the cuts of this range.
    Slice(TaskId, Range<usize>),
    /// Ask again later.
    Wait,
    /// There is nothing for it any more.
    Over,
}

/// Why a slice was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The source has not got it.
    Missing,
    /// It broke off; the source may serve again after a pause.
    Broken,
    /// The source is silent or slow, and others are there.
    Silent,
    /// The source is not to be asked any more.
    Banned,
}

#[derive(Debug)]
struct Task {
    source: SourceId,
    range: Range<usize>,
    heard: Duration,
    received: u64,
    objects: Option<u32>,
    hedged: bool,
}

#[derive(Debug, Clone, Default)]
struct Source {
    domain: String,
    /// Serves only what no other source can.
    reserve: bool,
    /// It lacks the cuts from here on.
    missing_from: usize,
    faults: u32,
    rests_until: Duration,
    out: bool,
    joined: Duration,
    /// Bytes a second, from memory.
    expected_rate: Option<f64>,
    samples: VecDeque<(Duration, u64)>,
    connections: usize,
    watched_since: Duration,
    /// Bytes a second of each connection, before the last one was added.
    pace_before: Option<f64>,
    settled: bool,
}

/// All slices and all sources of one transfer.
#[derive(Debug)]
pub struct Schedule {
    cuts: usize,
    /// Ranges that nobody has begun, in order.
    pending: Vec<Range<usize>>,
    tasks: BTreeMap<TaskId, Task>,
    sources: Vec<Source>,
    next_task: TaskId,
    /// Connections to one source at most.
    most_connections: usize,
    /// Cuts that are in the store; all before this one.
    landed: usize,
    /// Cuts that are on this machine, in the store or waiting to land.
    here: usize,
    /// What has arrived, for estimates: cuts, objects, bytes.
    arrived: (usize, u64, u64),
    /// Bytes of a cut, lately.
    bytes_per_cut: f64,
    wasted: u64,
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
        self.sources.push(Source {
            domain: domain.to_owned(),
            reserve,
            missing_from: usize::MAX,
            joined: now,
            expected_rate,
            connections: FIRST_CONNECTIONS.min(self.most_connections),
            watched_since: now,
            ..Source::default()
        });
        self.sources.len() - 1
    }

    /// What this source is to do next on its connection of this number, counted from 0.
    pub fn next(&mut self, id: SourceId, connection: usize, now: Duration) -> Next {
        let source = &self.sources[id];
        if source.out || self.is_landed() || connection >= source.connections {
            return Next::Over;
        }
        if self.sources[id].rests_until > now {
            return Next::Wait;
        }
        if let Some(range) = self.blocking(id, now).or_else(|| self.take(id, now)).or_else(|| self.hedge(id, now)) {
            let task = self.next_task;
            self.next_task += 1;
            self.tasks.insert(
                task,
                Task { source: id, range: range.clone(), heard: now, received: 0, objects: None, hedged: false },
            );
            return Next::Slice(task, range);
        }
        Next::Wait
    }

    /// How many connections a source is to have now. Where each of them keeps its pace when one is added, the line has
    /// room for more; where it does not, the last one goes again.
    pub fn connections(&mut self, id: SourceId, now: Duration) -> usize {
        let pace = self.rate(id, now) / self.sources[id].connections as f64;
        let busy = self.tasks.values().filter(|t| t.source == id && t.received > 0).count();
        let all: f64 = (0..self.sources.len()).filter(|id| !self.sources[*id].out).map(|id| self.rate(id, now)).sum();
        let long = self.left().is_some_and(|left| left as f64 / all.max(1.0) > WORTH_A_TRIAL);
        let source = &mut self.sources[id];
        if source.out {
            return 0;
        }
        if source.settled || now.saturating_sub(source.watched_since) < TRIAL || busy < source.connections {
            return source.connections;
        }
        match source.pace_before {
            Some(before) if pace < before * KEPT_PACE => {
                source.connections -= 1;
                source.settled = true;
            }
            _ if source.connections >= self.most_connections || !long => source.settled = source.pace_before.is_some(),
            _ => {
                source.pace_before = Some(pace);
                source.connections += 1;
                source.watched_since = now;
            }
        }
        source.connections
    }

    /// The head of a slice came: it has so many objects.
    pub fn begun(&mut self, task: TaskId, objects: u32, now: Duration) {
        if let Some(task) = self.tasks.get_mut(&task) {
            (task.objects, task.heard) = (Some(objects), now);
        }
    }

    /// Bytes came.
    pub fn received(&mut self, task: TaskId, bytes: u64, now: Duration) {
        let Some(task) = self.tasks.get_mut(&task) else { return };
        task.received += bytes;
        task.heard = now;
        let samples = &mut self.sources[task.source].samples;
        match samples.back_mut() {
            // Ten a second are enough.
            Some((at, sum)) if now.saturating_sub(*at) < WINDOW / 30 => *sum += bytes,
            _ => samples.push_back((now, bytes)),
        }
        while samples.front().is_some_and(|(at, _)| now.saturating_sub(*at) > WINDOW) {
            samples.pop_front();
        }
    }

    /// A slice is complete. Says which other requests that makes needless; `None` when it is needless itself.
    pub fn arrived(&mut self, task: TaskId) -> Option<Vec<TaskId>> {
        let task = self.tasks.remove(&task)?;
        let source = &mut self.sources[task.source];
        source.faults = 0;
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
        let others = self.sources.iter().enumerate().any(|(id, other)| {
            id != task.source && !other.out && !other.reserve && other.missing_from > task.range.start
        });
        let source = &mut self.sources[task.source];
        match why {
            Lost::Missing => source.missing_from = source.missing_from.min(task.range.start),
            Lost::Banned => source.out = true,
            Lost::Silent if others => source.out = true,
            Lost::Silent | Lost::Broken => {
                source.faults += 1;
                source.out = source.faults >= MOST_FAULTS;
                source.rests_until = now + PAUSE * 2_u32.pow(source.faults - 1);
            }
        }
        if !self.tasks.values().any(|other| other.range == task.range) {
            self.give_back(task.range);
        }
    }

    /// What had arrived turned out to be worthless.
    pub fn rejected(&mut self, range: Range<usize>, source: Option<SourceId>) {
        if let Some(source) = source {
            self.sources[source].out = true;
        }
        self.here -= range.len();
        self.give_back(range);
    }

    /// A source is not to be asked any more.
    pub fn ban(&mut self, source: SourceId) {
        self.sources[source].out = true;
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

    /// Lets sources that are out try once more, but for these.
    pub fn revive(&mut self, but: &[SourceId], now: Duration) {
        for (_, source) in self.sources.iter_mut().enumerate().filter(|(id, _)| !but.contains(id)) {
            (source.out, source.faults, source.rests_until) = (false, MOST_FAULTS - 1, now + PAUSE);
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

    /// Whether a slice is pending that no ordinary source can take.
    pub fn needs_reserve(&self) -> bool {
        let able = |from: usize| self.sources.iter().any(|s| !s.reserve && !s.out && s.missing_from > from);
        self.pending.iter().any(|range| !able(range.start))
    }

    /// The first cut that nobody has, given up; the slices after them may still come.
    pub fn give_up_first(&mut self) -> Option<Range<usize>> {
        let first = self.pending.first_mut()?;
        let given_up = first.start..first.start + 1;
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
        let source = &self.sources[id];
        let time = now.saturating_sub(source.joined).min(WINDOW).as_secs_f64();
        if time < 0.5 || source.samples.is_empty() {
            return source.expected_rate;
        }
        let recent = source.samples.iter().filter(|(at, _)| now.saturating_sub(*at) <= WINDOW);
        let bytes: u64 = recent.map(|(_, bytes)| *bytes).sum();
        Some(bytes as f64 / time)
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
        let all: f64 = (0..self.sources.len()).filter(|id| !self.sources[*id].out).map(|id| self.rate(id, now)).sum();
        let share = self.rate(id, now) / all.max(1.0);
        let fair = pending as f64 * share;
        // So many cuts that asking for them is not most of the work, as long as others have something to do as well.
        let least = (self.rate(id, now) * LEAST_TIME / self.bytes_per_cut.max(1.0)).min(fair / 2.0);
        let share = if source.samples.is_empty() { 1.0 } else { (self.cuts / LARGEST_SHARE) as f64 };
        let most = share.min(self.rate(id, now) * MOST_TIME / self.bytes_per_cut.max(1.0)).max(1.0);
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

    /// The slice that all later ones wait for to land, if it takes far too long.
    fn blocking(&mut self, id: SourceId, now: Duration) -> Option<Range<usize>> {
        let (first, task) = self.tasks.iter().min_by_key(|(_, task)| task.range.start)?;
        let first = *first;
        let waiting = self.here.saturating_sub(self.landed);
        if waiting <= self.cuts / MOST_WAITING || !self.is_worth(id, task, now, HEDGE_GAIN) {
            return None;
        }
        self.begin_hedge(first)
    }

    /// The slice under way whose end is farthest, if this source would be much sooner.
    fn hedge(&mut self, id: SourceId, now: Duration) -> Option<Range<usize>> {
        if self.pending.iter().any(|range| range.start < self.sources[id].missing_from) {
            return None;
        }
        let worth = self.tasks.iter().filter(|(_, task)| self.is_worth(id, task, now, HEDGE_GAIN));
        let (slowest, _) = worth.max_by(|(_, a), (_, b)| self.finish(a, now).total_cmp(&self.finish(b, now)))?;
        let slowest = *slowest;
        self.begin_hedge(slowest)
    }

    fn begin_hedge(&mut self, task: TaskId) -> Option<Range<usize>> {
        let task = self.tasks.get_mut(&task)?;
        task.hedged = true;
        Some(task.range.clone())
    }

    fn is_worth(&self, id: SourceId, task: &Task, now: Duration, gain: Duration) -> bool {
        let (source, other) = (&self.sources[id], &self.sources[task.source]);
        if task.hedged || other.domain == source.domain || source.reserve || task.range.start >= source.missing_from {
            return false;
        }
        if self.tasks.values().any(|t| t.source == id && t.range == task.range) {
            return false;
        }
        let ours = (self.size(task) as f64 / self.rate(id, now).max(1.0)) + gain.as_secs_f64();
        let theirs = self.finish(task, now);
        // Whoever loses has received this much in vain.
        let wasted = task.received as f64 + (self.pace(task, now) * ours).min(self.left_of(task) as f64);
        let budget = (self.arrived.2 as f64 * HEDGE_SHARE) - self.wasted as f64;
        theirs > ours && (wasted <= budget || now.saturating_sub(task.heard) > SILENT)
    }

    /// Seconds until a slice is expected to be complete.
    fn finish(&self, task: &Task, now: Duration) -> f64 {
        if now.saturating_sub(task.heard) > SILENT {
            return f64::INFINITY;
        }
        self.left_of(task) as f64 / self.pace(task, now).max(1.0)
    }

    /// Bytes a second of a slice: its share of what its source does.
    fn pace(&self, task: &Task, now: Duration) -> f64 {
        let sharing = self.tasks.values().filter(|other| other.source == task.source).count().max(1);
        self.rate(task.source, now) / sharing as f64
    }

    fn left_of(&self, task: &Task) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::{Lost, Next, Schedule, TaskId};
    use std::time::Duration;

    const STEP: Duration = Duration::from_millis(10);

    /// A source of the simulation: bytes a second of its line, seconds until a slice begins, seconds of life.
    struct Line(f64, f64, f64);

    /// Simulates a transfer of slices of these sizes; returns its seconds and the bytes sent in vain.
    fn transfer(sizes: &[u64], lines: &[Line]) -> (f64, u64) {
        let mut schedule = Schedule::new(sizes.len(), 0, &[], 2);
        let mut now = Duration::ZERO;
        for (number, _) in lines.iter().enumerate() {
            schedule.join(&number.to_string(), None, false, now);
        }
        let mut here: Vec<bool> = vec![false; sizes.len()];
        let mut under_way: Vec<(TaskId, usize, std::ops::Range<usize>, f64, f64)> = Vec::new();
        let mut in_vain = 0.0;
        while !schedule.is_landed() {
            assert!(now < Duration::from_secs(10_000), "it does not end");
            let time = now.as_secs_f64();
            for (id, line) in lines.iter().enumerate() {
                for connection in 0..2 {
                    if under_way.iter().filter(|t| t.1 == id).count() > connection {
                        continue;
                    }
                    if let Next::Slice(task, range) = schedule.next(id, connection, now) {
                        schedule.begun(task, (sizes[range.clone()].iter().sum::<u64>() / 600) as u32, now);
                        under_way.push((task, id, range, time + line.1, 0.0));
                    }
                }
                let sending: Vec<usize> = (0..under_way.len())
                    .filter(|at| under_way[*at].1 == id && under_way[*at].3 <= time && time < line.2)
                    .collect();
                for at in &sending {
                    let bytes = line.0 * STEP.as_secs_f64() / sending.len() as f64;
                    under_way[*at].4 += bytes;
                    schedule.received(under_way[*at].0, bytes as u64, now);
                }
            }
            now += STEP;
            while let Some(at) = under_way.iter().position(|t| {
                t.4 >= sizes[t.2.clone()].iter().sum::<u64>() as f64 || (time > lines[t.1].2 + 2.5 && time > t.3 + 2.5)
            }) {
                let (task, _, range, _, bytes) = under_way.remove(at);
                if bytes < sizes[range.clone()].iter().sum::<u64>() as f64 {
                    schedule.lost(task, Lost::Silent, now);
                    in_vain += bytes;
                    continue;
                }
                let twins = schedule.arrived(task).expect("the first of its kind");
                assert!(!here[range.start], "nothing arrives twice");
                here[range].fill(true);
                for twin in twins {
                    let at = under_way.iter().position(|t| t.0 == twin).expect("under way");
                    in_vain += under_way.remove(at).4;
                }
            }
            schedule.landed(here.iter().take_while(|here| **here).count());
        }
        (now.as_secs_f64(), in_vain as u64)
    }

    /// 165 slices as a real project has them: most are small, a few are large.
    fn uneven() -> Vec<u64> {
        (0_u64..165).map(|n| if n % 20 == 7 { 3_000_000 } else { 100_000 + n * 7919 % 400_000 }).collect()
    }

    #[test]
    fn unlike_lines_are_used_to_the_end() {
        let sizes = uneven();
        let total: u64 = sizes.iter().sum();
        let lines = [Line(10e6, 0.1, 1e9), Line(6.25e6, 0.1, 1e9), Line(2.5e6, 0.1, 1e9)];
        let (seconds, in_vain) = transfer(&sizes, &lines);
        let best = total as f64 / 18.75e6;
        assert!(seconds < best / 0.85 && in_vain < total / 33, "{seconds} of {best} s, {in_vain} in vain");
    }

    #[test]
    fn a_source_that_falls_silent_costs_no_more_than_its_slices() {
        let sizes = uneven();
        let total: u64 = sizes.iter().sum();
        let lines = [Line(10e6, 0.1, 1.5), Line(6.25e6, 0.1, 1e9), Line(2.5e6, 0.1, 1e9)];
        let (seconds, in_vain) = transfer(&sizes, &lines);
        let best = (total as f64 - 15e6) / 8.75e6;
        assert!(seconds < best + 3.0 && in_vain < total / 10, "{seconds} of {best} s, {in_vain} in vain");
    }

    #[test]
    fn drips_are_left_behind() {
        let sizes = uneven();
        let total: u64 = sizes.iter().sum();
        let drip = || Line(1e3, 0.1, 1e9);
        let (seconds, _) = transfer(&sizes, &[drip(), drip(), Line(10e6, 0.1, 1e9), drip(), drip()]);
        assert!(seconds < total as f64 / 10e6 + 5.0, "{seconds}");
    }

    #[test]
    fn a_slice_goes_back_and_a_source_that_lacks_it_does_not_get_it_again() {
        let mut schedule = Schedule::new(2, 0, &[], 1);
        let at = |millis| Duration::from_millis(millis);
        let (stale, reserve) = (schedule.join("a", None, false, at(0)), schedule.join("b", None, true, at(0)));
        assert_eq!(schedule.next(stale, 0, at(0)), Next::Slice(0, 0..1));
        assert_eq!(schedule.next(reserve, 0, at(0)), Next::Wait, "a reserve leaves mirrors what they can do");
        schedule.arrived(0);
        assert_eq!(schedule.next(stale, 0, at(1)), Next::Slice(1, 1..2));
        schedule.lost(1, Lost::Missing, at(2));
        assert!(schedule.needs_reserve() && !schedule.is_stuck());
        assert_eq!(schedule.next(stale, 0, at(3)), Next::Wait);
        assert_eq!(schedule.next(reserve, 0, at(3)), Next::Slice(2, 1..2));
        schedule.lost(2, Lost::Banned, at(4));
        assert!(schedule.is_stuck());
        assert_eq!(schedule.next(reserve, 0, at(5)), Next::Over);
    }

    #[test]
    fn what_arrived_in_an_earlier_run_is_not_asked_for() {
        let mut schedule = Schedule::new(80, 10, &[20..30, 30..31], 1);
        let id = schedule.join("a", None, false, Duration::ZERO);
        let mut asked = Vec::new();
        while let Next::Slice(task, range) = schedule.next(id, 0, Duration::ZERO) {
            asked.extend(range);
            schedule.arrived(task);
        }
        assert_eq!(asked, (10..20).chain(31..80).collect::<Vec<_>>());
    }
}
