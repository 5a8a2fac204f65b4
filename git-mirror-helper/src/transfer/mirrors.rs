//! The mirrors of one run: opened in the order of their rank, a few at a time, each handed out and taken back.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    git::Session,
    select::{Candidate, Lineup},
    transport::http::Patience,
};

use crate::{
    authority::{Authority, Opened, Voice},
    run::Context,
};

/// Size in bytes of a request of which nothing is known, for ranking.
const UNKNOWN_SIZE: u64 = 10_000_000;

/// Mirrors that could serve.
#[derive(Debug)]
pub struct Field {
    ready: VecDeque<Opened>,
    lineup: Option<Lineup<Candidate, Session>>,
    started: Instant,
}

impl Field {
    /// Starts with the best mirror; those that spoke as the authority are open already.
    pub fn new(context: &Context, authority: &Authority) -> Self {
        let started = Instant::now();
        if let Voice::Mirrors(opened) = &authority.voice {
            return Self { ready: opened.iter().cloned().collect(), lineup: None, started };
        }
        let candidates = context.select.git(&context.repository, authority.private, UNKNOWN_SIZE);
        for candidate in &candidates {
            tracing::debug!(mirror = candidate.carrier.mirror.name, reason = candidate.rank.reason, expected = ?candidate.rank.expected, "candidate");
        }
        let select = context.select.clone();
        let lineup = (!candidates.is_empty()).then(|| {
            Lineup::start(candidates, 1, move |candidate| {
                Session::open_candidate(&select, candidate, Patience::REPLACEABLE)
            })
        });
        Self { ready: VecDeque::new(), lineup, started }
    }

    /// Whether there may be another one.
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty() || self.lineup.as_ref().is_some_and(Lineup::has_more)
    }

    /// Calls all mirrors that were not called yet.
    pub fn call_all(&mut self) {
        self.lineup.iter_mut().for_each(Lineup::launch_all);
    }

    /// The next mirror that has answered; those that failed on the way go into the diary.
    pub fn next(&mut self, context: &mut Context) -> Option<Opened> {
        self.next_within(context, Duration::MAX)
    }

    /// As [`Field::next`], if it is there within this time.
    pub fn next_within(&mut self, context: &mut Context, longest: Duration) -> Option<Opened> {
        if let Some(opened) = self.ready.pop_front() {
            return Some(opened);
        }
        let lineup = self.lineup.as_mut()?;
        let found = lineup.next_ready_within(longest);
        for (candidate, fault) in lineup.take_failed() {
            let mirror = &candidate.carrier.mirror;
            context.diary.failed(&mirror.name, &mirror.operator, 0, self.started.elapsed(), fault);
        }
        let (candidate, session) = found?;
        Some(Opened::new(context, candidate, session))
    }

    /// Takes a mirror back that may serve again, as the first to be asked.
    pub fn put_back(&mut self, opened: Opened) {
        self.ready.push_front(opened);
    }

    /// How long to wait for a mirror: patiently, if it is the last one and upstream cannot step in.
    pub fn patience(&self, authority: &Authority, opened: &Opened, context: &Context) -> Patience {
        if !self.has_more() && !authority.is_upstream() {
            return Patience::LAST;
        }
        // Far under what it did before is too slow, where others could serve.
        let record =
            context.select.health.record(&opened.candidate.carrier.mirror.name, mirror_config::model::Service::Git);
        let before = record.goodput.unwrap_or(0.0) * Patience::WINDOW.as_secs_f64();
        Patience { floor: Patience::REPLACEABLE.floor.max((before * 0.02) as u64), ..Patience::REPLACEABLE }
    }

    /// Writes down what became of a mirror that did not serve, and says aloud if it seems to lie.
    pub fn failed(&self, context: &mut Context, opened: &Opened, wasted: u64, since: Instant, fault: Fault) {
        let mirror = &opened.candidate.carrier.mirror;
        if fault.is_deceit() {
            crate::terminal::warn(&format!("{}: {fault}; going on without it", mirror.name));
        }
        context.diary.failed(&mirror.name, &mirror.operator, wasted, since.elapsed(), fault);
    }
}
