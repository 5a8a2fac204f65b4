//! What the connections of one transfer share: the schedule, the slices that arrived, and who did what.
//!
//! One lock, held for moments; nothing waits for the network or lands while it is held.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    model::Oid,
    report::{Event, Journal, Share, Snapshot},
    transport::http::Cancel,
};
use tempfile::NamedTempFile;

use super::{
    in_flight::{InFlight, Rest},
    joining::{Joining, Judged, Tally},
    schedule::{Lost, Next, Schedule, SourceId, TaskId},
};
use crate::{
    objects::store::{Part, Parts, Store},
    run::Run,
};

/// The shared state of a transfer in slices.
#[derive(Debug)]
pub struct Board {
    /// Where slices land.
    pub store: Store,
    /// The cuts.
    pub cuts: Vec<Vec<Oid>>,
    /// Tips that were in the store from the start.
    pub base: Vec<Oid>,
    /// Most bytes of one slice.
    pub limit: u64,
    /// Upstream steps in when mirrors fail.
    pub has_reserve: bool,
    /// The cuts are files, asked for by their names.
    pub by_name: bool,
    /// What git wants.
    pub wants: Vec<Oid>,
    /// Tags come along.
    pub tags: bool,
    /// Upstream's name in the configuration.
    upstream: String,
    journal: Journal,
    started: Instant,
    state: Mutex<State>,
    pub(super) wake: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) schedule: Schedule,
    pub(super) parts: Parts,
    pub(super) under_way: HashMap<TaskId, InFlight>,
    /// Who delivered the slice that begins at this cut.
    delivered: HashMap<usize, (SourceId, u64)>,
    pub(super) tallies: Vec<Tally>,
    given_up: HashSet<usize>,
    banned: Vec<SourceId>,
    broken: Option<Fault>,
    /// Who sent something that is more than this machine takes.
    too_large: HashSet<SourceId>,
    /// Something is right, and this machine does not take it.
    has_large: bool,
    closed: bool,
    /// Requests that we end, of which what came is kept.
    pub(super) breaking: HashSet<TaskId>,
    /// What came of those.
    pub(super) rest: Vec<Rest>,
}

impl Board {
    /// A board for these cuts, the first of which have landed and others are among the parts, to be fetched with so many connections to each source.
    /// What goes wrong is noted in the journal at once.
    pub fn new(
        run: &Run,
        store: &Store,
        cuts: Vec<Vec<Oid>>,
        (landed, mut parts): (usize, Parts),
        (has_reserve, by_name, tags): (bool, bool, bool),
        wants: &[Oid],
    ) -> Self {
        let git = &run.select.config.git;
        let connections = usize::try_from(git.connections.value).unwrap_or(1);
        parts.remove_before(landed);
        let schedule = Schedule::new(cuts.len(), landed, &parts.ranges(), connections);
        Self {
            store: store.clone(),
            base: store.tips(),
            cuts,
            limit: git.store_limit.value,
            has_reserve,
            by_name,
            wants: wants.to_vec(),
            tags,
            upstream: run.repository.upstream.clone(),
            journal: run.journal.clone(),
            started: Instant::now(),
            state: Mutex::new(State {
                schedule,
                parts,
                under_way: HashMap::new(),
                delivered: HashMap::new(),
                tallies: Vec::new(),
                given_up: HashSet::new(),
                banned: Vec::new(),
                broken: None,
                too_large: HashSet::new(),
                has_large: false,
                closed: false,
                breaking: HashSet::new(),
                rest: Vec::new(),
            }),
            wake: Condvar::new(),
        }
    }

    /// A source joins.
    pub fn join(&self, joining: &Joining) -> SourceId {
        let source = &joining.session.source;
        let mut state = self.lock();
        state.tallies.push(Tally::of(joining));
        let domain = source.failure_domain(&self.upstream);
        state.schedule.join(&domain, joining.rate, source.is_upstream(), self.now())
    }

    /// What a connection is to do next.
    pub fn next(&self, id: SourceId, connection: usize) -> Next {
        let mut state = self.lock();
        if state.closed {
            Next::Over
        } else if state.tallies[id].judged == Some(Judged::BeingAsked) {
            Next::Wait
        } else {
            state.schedule.next(id, connection, self.now())
        }
    }

    /// Waits until something has happened, or for this long.
    pub fn nap(&self, longest: Duration) {
        // Woken or not: whoever naps looks again.
        drop(self.wake.wait_timeout(self.lock(), longest));
    }

    /// A request is about to be sent.
    pub fn begin(&self, task: TaskId, id: SourceId, cancel: &Cancel) {
        let now = self.now();
        let mut state = self.lock();
        state.tallies[id].began.get_or_insert(now);
        if state.closed || !state.schedule.is_under_way(task) {
            // Somebody else was faster, just now.
            cancel.cancel();
        }
        state.under_way.insert(task, InFlight { cancel: cancel.clone(), since: now, bytes: 0, file: None });
    }

    /// The header of a slice came.
    pub fn begun(&self, task: TaskId, objects: u32) {
        let now = self.now();
        self.lock().schedule.begun(task, objects, now);
    }

    /// Bytes of a slice came.
    pub fn received(&self, task: TaskId, bytes: u64) {
        let now = self.now();
        let mut state = self.lock();
        state.schedule.received(task, bytes, now);
        if let Some(under_way) = state.under_way.get_mut(&task) {
            under_way.bytes += bytes;
        }
    }

    /// A slice is complete.
    pub fn arrived(&self, task: TaskId, id: SourceId, range: Range<usize>, file: NamedTempFile) {
        let now = self.now();
        let mut state = self.lock();
        let bytes = state.under_way.remove(&task).map_or(0, |one| one.bytes);
        tracing::debug!(source = state.tallies[id].share.source.name, cuts = ?range, bytes, "slice here");
        match state.schedule.arrived(task) {
            Some(twins) => {
                for twin in twins {
                    state.under_way.iter().filter(|(id, _)| **id == twin).for_each(|(_, one)| one.cancel.cancel());
                }
                if let Err(error) = state.parts.keep(range.clone(), file) {
                    state.broken = Some(Fault::Local(error.to_string()));
                }
                state.delivered.insert(range.start, (id, bytes));
                let tally = &mut state.tallies[id];
                tally.share.bytes += bytes;
                tally.share.fault = None;
                tally.ended = now;
            }
            None => state.tallies[id].share.wasted += bytes,
        }
        self.wake.notify_all();
    }

    /// A slice was not delivered.
    pub fn lost(&self, task: TaskId, id: SourceId, fault: Fault) {
        let now = self.now();
        let mut state = self.lock();
        let bytes = state.under_way.remove(&task).map_or(0, |one| one.bytes);
        let tally = &mut state.tallies[id];
        tally.share.wasted += bytes;
        tally.ended = now;
        if fault != Fault::Canceled {
            tracing::debug!(source = tally.share.source.name, %fault, bytes, "slice lost");
            state.schedule.lost(task, Lost::from(&fault), now);
            self.blame(state, id, fault);
        }
        self.wake.notify_all();
    }

    /// How many connections a source is to have.
    pub fn connections(&self, id: SourceId) -> usize {
        let now = self.now();
        self.lock().schedule.connections(id, now)
    }

    /// The slice that can land now: the next after what has landed.
    pub fn next_to_land(&self) -> Option<Part> {
        let state = self.lock();
        state.parts.at(state.schedule.landed_cuts())
    }

    /// The tips of a slice, but for those that nobody has.
    pub fn tips(&self, part: &Part) -> Vec<Oid> {
        let state = self.lock();
        let cuts = part.range.clone().filter(|cut| !state.given_up.contains(cut));
        cuts.flat_map(|cut| self.cuts[cut].iter().cloned()).collect()
    }

    /// A slice has landed, which makes so many bytes of all that has.
    pub fn landed(&self, part: &Part, bytes: u64) {
        let mut state = self.lock();
        if !self.by_name {
            state.parts.note_landed(bytes, part.range.end);
        }
        state.parts.remove(part);
        state.schedule.landed(part.range.end);
        self.wake.notify_all();
    }

    /// A slice turned out to be worthless; whoever delivered it is not asked again. For what this machine does not take nobody
    /// is blamed: when a second source sends the same, it is what was asked for.
    pub fn rejected(&self, part: &Part, fault: Fault) {
        let mut state = self.lock();
        state.parts.remove(part);
        let delivered = state.delivered.remove(&part.range.start);
        state.schedule.rejected(part.range.clone(), delivered.map(|(id, _)| id));
        if let Some((id, bytes)) = delivered {
            let share = &mut state.tallies[id].share;
            share.bytes = share.bytes.saturating_sub(bytes);
            share.wasted += bytes;
            if matches!(fault, Fault::TooLarge | Fault::LargeObject) {
                state.has_large |= fault == Fault::LargeObject;
                state.too_large.insert(id);
            } else {
                self.blame(state, id, fault);
            }
        }
        self.wake.notify_all();
    }

    /// Whether there is something that this machine does not take: two say so, or the only one there is,
    /// or it is a limit of ours.
    pub fn is_too_large(&self) -> bool {
        let state = self.lock();
        state.has_large || state.too_large.len() > 1 || (!state.too_large.is_empty() && state.schedule.serving() == 0)
    }

    /// Tips of the cuts before this one, but for those that nobody has: the last of each, the newest first, then the others.
    pub fn tips_before(&self, cut: usize, most: usize) -> Vec<Oid> {
        let state = self.lock();
        let known = (0..cut).rev().filter(|cut| !state.given_up.contains(cut));
        let (last, others): (Vec<_>, Vec<_>) = known.filter_map(|cut| self.cuts[cut].split_last()).unzip();
        last.into_iter().chain(others.into_iter().flatten()).take(most).cloned().collect()
    }

    /// Gives up the first cut if nobody has it, unless it is among `wants`; says whether it did.
    pub fn give_up_first(&self, wants: &[Oid], empty: impl FnOnce(&Store) -> std::io::Result<NamedTempFile>) -> bool {
        let mut state = self.lock();
        if self.by_name || !state.schedule.is_lacked(&state.banned) {
            return false;
        }
        let Some(range) = state.schedule.give_up_first() else { return false };
        let wanted = self.cuts[range.clone()].iter().flatten().any(|oid| wants.contains(oid));
        let kept = !wanted && empty(&self.store).and_then(|file| state.parts.keep(range.clone(), file)).is_ok();
        match kept {
            true => state.given_up.extend(range),
            false => state.schedule.put_back(range),
        }
        kept
    }

    /// Lets those that broke off try once more.
    pub fn revive(&self) {
        let (now, mut but) = (self.now(), self.tips_only());
        let mut state = self.lock();
        but.extend_from_slice(&state.banned);
        state.schedule.revive(&but, now);
    }

    /// What has landed is in the store now; when that is `all`, the plan and the slices go.
    pub fn stored(&self, all: bool) {
        let state = self.lock();
        if all { state.parts.clear() } else { state.parts.forget_landed() }
    }

    /// Ends all requests; connections find nothing more to do.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.under_way.values().for_each(|one| one.cancel.cancel());
        self.wake.notify_all();
    }

    /// What everybody did who was asked.
    pub fn shares(&self) -> Vec<Share> {
        let state = self.lock();
        state.tallies.iter().filter_map(Tally::sum).collect()
    }

    /// What is wrong with this machine, if anything is.
    pub fn broken(&self) -> Option<Fault> {
        self.lock().broken.clone()
    }

    /// Whether all is in the store.
    pub fn is_landed(&self) -> bool {
        self.lock().schedule.is_landed()
    }

    /// Whether nobody is left who could go on.
    pub fn is_stuck(&self) -> bool {
        self.lock().schedule.is_stuck()
    }

    /// Whether a slice is left that no mirror can take.
    pub fn needs_reserve(&self) -> bool {
        self.lock().schedule.needs_reserve()
    }

    /// Whether one of them can.
    pub fn is_serving(&self, id: SourceId) -> bool {
        self.lock().schedule.is_serving(id)
    }

    /// How many sources can still be asked.
    pub fn serving(&self) -> usize {
        self.lock().schedule.serving()
    }

    /// How it is getting on.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.now();
        let state = self.lock();
        let rates =
            state.tallies.iter().enumerate().map(|(id, t)| (t.share.source.name.clone(), state.schedule.rate(id, now)));
        let under_way: u64 = state.under_way.values().map(|one| one.bytes).sum();
        Snapshot {
            received: state.tallies.iter().map(|tally| tally.share.bytes).sum::<u64>() + under_way,
            left: state.schedule.left(),
            rates: rates.collect(),
            ..Snapshot::default()
        }
    }

    /// Holds a fault against a source, and notes it. The lock goes first: whoever listens may look at the board.
    fn blame(&self, mut state: MutexGuard<'_, State>, id: SourceId, fault: Fault) {
        match &fault {
            Fault::Local(_) => state.broken = Some(fault.clone()),
            // Nobody was left beside it, and it had all the time there is.
            Fault::TooLarge | Fault::LargeObject | Fault::Crawls(_) => state.banned.push(id),
            deceit if deceit.is_deceit() => state.banned.push(id),
            _ => {}
        }
        let share = &mut state.tallies[id].share;
        share.fault = Some(fault.clone());
        let source = Arc::clone(&share.source);
        drop(state);
        self.journal.note(Event::Failed(source, fault));
    }

    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}
