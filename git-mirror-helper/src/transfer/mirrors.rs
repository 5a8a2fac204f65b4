//! The mirrors of one run: opened in the order of their rank, a few at a time, each handed out and taken back.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    git::Session,
    model::Service,
    report::Event,
    select::{Lineup, Source},
    transport::http::Patience,
};

use crate::{
    authority::{Authority, Voice},
    run::Run,
};

/// Size in bytes of a request of which nothing is known, for ranking.
const UNKNOWN_SIZE: u64 = 10_000_000;

/// Mirrors that could serve.
#[derive(Debug)]
pub struct Mirrors<'r> {
    run: &'r Run,
    /// Upstream can step in after the last of them.
    has_upstream: bool,
    ready: VecDeque<Session>,
    lineup: Option<Lineup<Source, Session>>,
    /// Those that had answered and were late while there were others; where nobody else is left, they have all the time there is.
    late: Vec<Session>,
    again: Vec<String>,
    started: Instant,
}

impl<'r> Mirrors<'r> {
    /// Starts with the best mirror; those that spoke as the authority are open already.
    pub fn new(authority: &Authority<'r>) -> Self {
        let (run, has_upstream, started) = (authority.run, authority.is_upstream(), Instant::now());
        let opened = match &authority.voice {
            Voice::Mirrors(witnesses) => Some(witnesses.opened.as_slice()),
            // None of them is there, or none is needed.
            Voice::Kept(_) => Some(&[][..]),
            Voice::Public(_) | Voice::Child(_) => None,
        };
        if let Some(opened) = opened {
            let ready = opened.iter().cloned().collect();
            return Self { run, has_upstream, ready, lineup: None, late: Vec::new(), again: Vec::new(), started };
        }
        let mirrors = run.select.git(&run.repository, authority.private, UNKNOWN_SIZE);
        let http = run.select.http.clone();
        let lineup = (!mirrors.is_empty())
            .then(|| Lineup::start(mirrors, 1, move |source| Session::open(&http, source, Patience::REPLACEABLE)));
        let (late, again) = (Vec::new(), Vec::new());
        Self { run, has_upstream, ready: VecDeque::new(), lineup, late, again, started }
    }

    /// Whether there may be another one.
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty() || self.lineup.as_ref().is_some_and(Lineup::has_more)
    }

    /// Calls all mirrors that were not called yet.
    pub fn call_all(&mut self) {
        self.lineup.iter_mut().for_each(Lineup::launch_all);
    }

    /// The next mirror that has answered; those that failed on the way go into the journal.
    pub fn next_ready(&mut self) -> Option<Session> {
        self.next_within(Duration::MAX)
    }

    /// As [`Mirrors::next_ready`], if it is there within this time.
    pub fn next_within(&mut self, longest: Duration) -> Option<Session> {
        if let Some(opened) = self.ready.pop_front() {
            return Some(opened);
        }
        if !self.has_more() && !self.has_upstream {
            let late = self.late.pop()?;
            self.again.push(late.source.name.clone());
            return Some(late);
        }
        let lineup = self.lineup.as_mut()?;
        let found = lineup.next_ready_within(longest);
        for (source, fault) in lineup.take_failed() {
            self.run.failed(&Arc::new(source), 0, self.started.elapsed(), fault);
        }
        let (_, session) = found?;
        self.run.answered(&session);
        Some(session)
    }

    /// Takes a mirror back that may serve again, as the first to be asked.
    pub fn put_back(&mut self, opened: Session) {
        self.ready.push_front(opened);
    }

    /// How long to wait for a mirror: patiently, if it is the last one and upstream cannot step in.
    pub fn patience(&self, session: &Session) -> Patience {
        let is_again = self.again.contains(&session.source.name);
        if (!self.has_more() || is_again) && !self.has_upstream {
            return Patience::LAST;
        }
        // Far under what it did before is too slow, where others could serve.
        let record = self.run.select.health.record(&session.source.name, Service::Git);
        let before = record.goodput.unwrap_or(0.0) * Patience::WINDOW.as_secs_f64();
        Patience { floor: Patience::REPLACEABLE.floor.max((before * 0.02) as u64), ..Patience::REPLACEABLE }
    }

    /// The same as [`Mirrors::failed`]; one that was no more than late may be asked again when nobody else is left.
    pub fn lost(&mut self, session: &Session, wasted: u64, since: Instant, fault: Fault) {
        match fault {
            Fault::Timeout | Fault::Stalled if !self.again.contains(&session.source.name) => {
                self.late.push(session.clone());
            }
            // That was all the time there is.
            Fault::Crawls(_) => self.late.clear(),
            _ => {}
        }
        self.failed(session, wasted, since, fault);
    }

    /// Notes what became of a mirror that had answered and did not serve; others are asked.
    pub fn failed(&self, session: &Session, wasted: u64, since: Instant, fault: Fault) {
        self.run.journal.note(Event::Failed(Arc::clone(&session.source), fault.clone()));
        self.run.failed(&session.source, wasted, since.elapsed(), fault);
    }
}
