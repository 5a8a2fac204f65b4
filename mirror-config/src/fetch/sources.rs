//! Those who serve files in one run: who is to be asked next, how busy and how fast each is, what each has carried.
//!
//! A file goes to whoever is expected to be done with it first, given what it is busy with. So several files come from
//! several mirrors at once, a slow one gets few, and one that failed is asked after all others.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use super::tally::Tally;
use crate::{
    errors::Fault,
    model::Service,
    report::Share,
    select::{HEAD_START, Select, Source},
    trust::{Trust, quorum},
};

/// Rate in bytes a second of a source of which nothing is known.
const UNKNOWN_RATE: f64 = 1_000_000.0;
/// Files under way at once for each mirror: a host takes 4 to 8 connections of one client for fair.
const PER_PLACE: usize = 6;

/// A source's number.
pub type SourceId = usize;

/// All of them, the best first.
#[derive(Debug)]
pub struct Sources {
    tallies: Arc<Mutex<Vec<Tally>>>,
    service: Service,
    slots: Mutex<usize>,
    freed: Condvar,
    turns: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

/// See [`Sources::openings`].
#[derive(Debug, Clone)]
pub struct Openings(Arc<Mutex<Vec<Tally>>>);

impl Openings {
    /// Does what waits for an answer. One that fails late is held against the source here, since others have been asked by
    /// then, and nobody may be listening any more.
    ///
    /// # Errors
    ///
    /// Those of the answer.
    pub fn during<T>(&self, id: SourceId, ask: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let asked = Instant::now();
        let lock = || self.0.lock().expect("nobody panics while holding it");
        {
            let tally = &mut lock()[id];
            tally.opening += 1;
            tally.unanswered_since.get_or_insert_with(Instant::now);
        }
        let answer = ask();
        let tally = &mut lock()[id];
        tally.opening -= 1;
        tally.answered |= answer.is_ok();
        tally.unanswered_since = (tally.opening > 0).then(Instant::now);
        if let Err(fault) = &answer
            && fault.counts_against_health()
            && asked.elapsed() > HEAD_START
        {
            tally.faults += 1;
            tally.fault = Some(fault.clone());
        }
        answer
    }
}

/// The right to fetch one file; it ends with this.
#[derive(Debug)]
pub struct Slot<'a>(&'a Sources);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.slots.lock().expect("nobody panics while holding it") += 1;
        self.0.freed.notify_one();
    }
}

impl Sources {
    /// The mirrors that serve this, ranked for requests of about `size` bytes, and upstream behind them.
    pub fn of(select: &Select, service: Service, size: u64, upstream: &Source) -> Self {
        let all = select.index(service, size).into_iter().chain([upstream.clone()]);
        Self::new(all.map(Arc::new).collect(), service)
    }

    /// These, ranked; they serve this.
    pub(crate) fn new(all: Vec<Arc<Source>>, service: Service) -> Self {
        let tally = |source: Arc<Source>| Tally {
            proven: source.expected_rate.is_some() || source.is_upstream(),
            source,
            in_flight: 0,
            opening: 0,
            unanswered_since: None,
            busy_since: None,
            busy: Duration::ZERO,
            bytes: 0,
            wasted: 0,
            first_byte: None,
            faults: 0,
            banned: false,
            answered: false,
            fault: None,
        };
        let mirrors = all.iter().filter(|source| !source.is_upstream()).count();
        let slots = Mutex::new(PER_PLACE * mirrors.max(1));
        let tallies = Arc::new(Mutex::new(all.into_iter().map(tally).collect()));
        Self { tallies, service, slots, freed: Condvar::new(), turns: Mutex::default() }
    }

    /// The same with another number of things that may be fetched at once.
    pub fn with_slots(self, slots: usize) -> Self {
        Self { slots: Mutex::new(slots), ..self }
    }

    /// Whether nobody but upstream may be believed: there are too few others, or too much is asked for.
    pub fn speaks_alone(&self, least: Trust) -> bool {
        let tallies = self.lock();
        let mirrors = tallies.iter().map(|tally| tally.source.as_ref()).filter(|source| !source.is_upstream());
        let operators: BTreeSet<&str> = mirrors.clone().map(|source| source.operator.as_str()).collect();
        quorum::least(least).is_none_or(|needed| operators.len() < needed) && !mirrors.clone().any(Source::is_trusted)
    }

    /// What is held by whoever fetches this file, so that nobody else does.
    pub fn turn(&self, sha256: &str) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().expect("nobody panics while holding it");
        Arc::clone(turns.entry(sha256.to_owned()).or_default())
    }

    /// Waits until another file may be fetched: cargo asks for all of them at once, and mirrors are shared.
    pub fn slot(&self) -> Slot<'_> {
        let slots = self.slots.lock().expect("nobody panics while holding it");
        let mut slots = self.freed.wait_while(slots, |slots| *slots == 0).expect("nobody panics while holding it");
        *slots -= 1;
        drop(slots);
        Slot(self)
    }

    /// Counts requests that wait for an answer, so that one who is silent is not asked by everybody.
    pub fn openings(&self) -> Openings {
        Openings(Arc::clone(&self.tallies))
    }

    /// Files that one is sending.
    pub fn in_flight(&self, id: SourceId) -> usize {
        self.lock()[id].in_flight
    }

    /// All that may be asked, whoever is expected to be done first in front. The last place is upstream's: it gives what
    /// no mirror has.
    pub fn order(&self) -> Vec<(SourceId, Arc<Source>)> {
        let tallies = self.lock();
        // Of whom nothing is known, the best is expected: so each has its turn soon, and whoever was drawn first by chance does
        // not stay in front. One that turns out to be slow loses what it has begun.
        let best = tallies.iter().filter_map(Tally::rate).fold(0.0, f64::max);
        let usual = if best > 0.0 { best * 1.01 } else { UNKNOWN_RATE };
        let mut order: Vec<(SourceId, &Tally)> = tallies.iter().enumerate().filter(|(_, t)| !t.banned).collect();
        let wait =
            |tally: &Tally| (tally.in_flight + tally.opening + 1) as f64 / tally.rate().unwrap_or(usual).max(1.0);
        order.sort_by(|(a, one), (b, other)| {
            let reserve = |id: &SourceId| id + 1 == tallies.len();
            let behind = |tally: &Tally| (tally.is_late(), tally.faults);
            (reserve(a), behind(one)).cmp(&(reserve(b), behind(other))).then(wait(one).total_cmp(&wait(other)))
        });
        order.into_iter().map(|(id, tally)| (id, Arc::clone(&tally.source))).collect()
    }

    /// Upstream, unless it has been found to lie.
    pub fn upstream(&self) -> Option<SourceId> {
        self.lock().iter().position(|tally| tally.source.is_upstream() && !tally.banned)
    }

    /// Bytes a second of one, in this run or from memory.
    pub fn rate(&self, id: SourceId) -> Option<f64> {
        self.lock()[id].rate()
    }

    /// Bytes a second of the fastest one beside this, as far as anything came from it in this run.
    pub fn fastest_but(&self, id: SourceId) -> Option<f64> {
        let tallies = self.lock();
        let others =
            tallies.iter().enumerate().filter(|(other, tally)| *other != id && !tally.banned && tally.bytes > 0);
        others.filter_map(|(_, tally)| tally.rate()).max_by(f64::total_cmp)
    }

    /// Whether its last request of this run failed.
    pub fn has_failed(&self, id: SourceId) -> bool {
        self.lock()[id].faults > 0
    }

    /// Whether nothing speaks against asking it: it is not overdue, nobody waits for its first answer, and its last request of
    /// this run did not fail.
    pub fn may_answer(&self, id: SourceId) -> bool {
        let tally = &self.lock()[id];
        !tally.is_late() && tally.faults == 0 && (tally.answered || tally.opening == 0)
    }

    /// Whether it answers: it has done so in this run, and is not overdue now.
    pub fn answers(&self, id: SourceId) -> bool {
        let tally = &self.lock()[id];
        !tally.is_late() && tally.faults == 0 && tally.answered
    }

    /// Whether it has sent what was right, in this run or before.
    pub fn is_proven(&self, id: SourceId) -> bool {
        self.lock()[id].proven
    }

    /// It has sent something that was right.
    pub fn prove(&self, id: SourceId) {
        self.lock()[id].proven = true;
    }

    /// A request goes out.
    pub fn begin(&self, id: SourceId) {
        let tally = &mut self.lock()[id];
        tally.in_flight += 1;
        tally.busy_since.get_or_insert_with(Instant::now);
    }

    /// A request is over: so many bytes were of use, so many were not.
    pub fn end(&self, id: SourceId, used: u64, wasted: u64, first_byte: Option<Duration>, fault: Option<Fault>) {
        let tally = &mut self.lock()[id];
        tally.in_flight -= 1;
        if tally.in_flight == 0 {
            tally.busy += tally.busy_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        }
        tally.bytes += used;
        tally.wasted += wasted;
        tally.first_byte = first_byte.or(tally.first_byte);
        tally.answered |= first_byte.is_some();
        match fault {
            None => tally.faults = 0,
            // It has not got this one file, or somebody else was faster.
            Some(Fault::Missing | Fault::Canceled) => {}
            Some(fault) => {
                tally.faults += 1;
                tally.banned |= fault.is_deceit();
                tally.fault = Some(fault);
            }
        }
    }

    /// What each of them did that was asked anything, once the run is over.
    pub fn shares(&self) -> Vec<Share> {
        let mut tallies = self.lock();
        for tally in tallies.iter_mut().filter(|tally| tally.is_silent()) {
            tally.faults += 1;
            tally.fault = Some(Fault::Timeout);
        }
        let asked = tallies.iter().filter(|tally| tally.first_byte.is_some() || tally.fault.is_some());
        let share = |tally: &Tally| Share {
            first_byte: tally.first_byte,
            bytes: tally.bytes,
            wasted: tally.wasted,
            time: tally.busy,
            fault: tally.fault.clone(),
            recovered: tally.faults == 0,
            ..Share::of(&tally.source, self.service)
        };
        asked.map(share).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Tally>> {
        self.tallies.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{HEAD_START, Source, Sources};
    use crate::{errors::Fault, model::Service, transport::Route};

    fn sources(names: &[&str]) -> Sources {
        let source = |name: &&str| Source {
            name: (*name).to_owned(),
            operator: (*name).to_owned(),
            address: "https://h.example/".parse().expect("an address"),
            route: Route::Direct,
            mirror: None,
            expected_rate: Some(1e6),
            reason: "measured",
        };
        Sources::new(names.iter().map(|name| Arc::new(source(name))).collect(), Service::Crates)
    }

    fn first(sources: &Sources) -> usize {
        sources.order()[0].0
    }

    #[test]
    fn the_idle_one_is_next_and_upstream_is_last() {
        let sources = sources(&["a", "b", "upstream"]);
        assert_eq!(first(&sources), 0);
        sources.begin(0);
        assert_eq!(first(&sources), 1);
        sources.begin(1);
        sources.begin(1);
        assert_eq!(first(&sources), 0);
        assert_eq!(sources.order().last().map(|(id, _)| *id), Some(2), "however busy the mirrors are");
    }

    #[test]
    fn who_does_not_answer_is_asked_after_the_others() {
        let sources = sources(&["a", "b", "upstream"]);
        let openings = sources.openings();
        let waited = openings.during(0, || {
            std::thread::sleep(HEAD_START + HEAD_START);
            let order: Vec<usize> = sources.order().into_iter().map(|(id, _)| id).collect();
            assert_eq!(order, [1, 0, 2]);
            Ok(())
        });
        assert_eq!((waited, first(&sources)), (Ok(()), 0));
        let failed = openings.during(0, || {
            std::thread::sleep(HEAD_START + HEAD_START);
            Err::<(), _>(Fault::Timeout)
        });
        assert_eq!((failed, first(&sources)), (Err(Fault::Timeout), 1), "also when nobody listened any more");
    }

    #[test]
    fn who_fails_is_asked_later_and_who_lies_is_not_asked_again() {
        let sources = sources(&["a", "b", "upstream"]);
        for (fault, expected) in [
            (Some(Fault::Missing), vec![0, 1, 2]),
            (Some(Fault::Refused), vec![1, 0, 2]),
            (None, vec![0, 1, 2]),
            (Some(Fault::Corrupt("x".to_owned())), vec![1, 2]),
        ] {
            sources.begin(0);
            sources.end(0, 0, 0, None, fault.clone());
            let order: Vec<usize> = sources.order().into_iter().map(|(id, _)| id).collect();
            assert_eq!(order, expected, "{fault:?}");
        }
    }
}
