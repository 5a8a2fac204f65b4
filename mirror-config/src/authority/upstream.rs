//! How upstream has behaved, in this run and lately, and how it is asked.
//!
//! A silence is learned: on a network that swallows packets it would cost its full length for every entry, in every run. After
//! the first one, mirrors speak first, in this run and in the next ones, until upstream is heard again. Meanwhile a few
//! questions to it are always under way, and what it says late still counts: a contradiction stops the run.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use super::once::lock;
use crate::{
    errors::{Failure, Fault, Kind},
    fetch::Sources,
    message::listed,
    model::Service,
    select::{Health, Observation, Source},
    system::state,
    transport::http::Patience,
    trust::Version,
};

/// How long it is waited for while mirrors have spoken: connection, TLS and answer take four round trips.
const GRACE: Duration = Duration::from_millis(1100);
/// Bad answers after which it is not asked any more in this run.
const MOST_FAULTS: u32 = 3;
/// Questions that may be under way to one who is silent.
const BESIDE: usize = 4;

/// How a place is asked for the entry; one that has not got it says [`Fault::Missing`].
pub type Ask<T> = Arc<dyn Fn(&Source) -> Result<T, Fault> + Send + Sync>;

/// Upstream, for one service and one run.
#[derive(Debug)]
pub struct Upstream {
    /// Where it is.
    pub source: Arc<Source>,
    health: Health,
    service: Service,
    silent: AtomicBool,
    under_way: AtomicUsize,
    faults: AtomicU32,
    has_spoken: AtomicBool,
    contradicted: OnceLock<Failure>,
}

/// A question that is under way.
#[derive(Debug)]
pub struct Pending<T> {
    answer: Receiver<Result<T, Fault>>,
    /// What is believed since nobody waits any more.
    left: Arc<Mutex<Option<Vec<Version>>>>,
}

impl Upstream {
    /// Upstream of this service; where it was not heard when it was last asked, it counts as silent until it is.
    pub fn new(source: Source, health: &Health, service: Service) -> Arc<Self> {
        let record = health.record(&source.name, service);
        Arc::new(Self {
            source: Arc::new(source),
            health: health.clone(),
            service,
            silent: AtomicBool::new(record.faults > 0 || record.until > state::now()),
            under_way: AtomicUsize::new(0),
            faults: AtomicU32::new(0),
            has_spoken: AtomicBool::new(false),
            contradicted: OnceLock::new(),
        })
    }

    /// Whether it has answered in this run.
    pub fn has_spoken(&self) -> bool {
        self.has_spoken.load(Ordering::Relaxed)
    }

    /// Whether mirrors speak first.
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Whether what it said late is not what was believed before: then nothing more may be handed on.
    ///
    /// # Errors
    ///
    /// [`Kind::Digest`], with what differs.
    pub fn check(&self) -> Result<(), Failure> {
        self.contradicted.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Has the run's account of it say that it was heard in the end, whatever was noted before.
    pub fn settle(&self, index: &Sources) {
        if self.has_spoken()
            && !self.is_silent()
            && let Some(id) = index.upstream()
        {
            index.begin(id);
            index.end(id, 0, 0, None, None);
        }
    }

    /// How long it is waited for, from the question on.
    pub(super) fn grace(&self) -> Duration {
        match (self.is_silent(), self.has_spoken()) {
            (true, _) => Duration::ZERO,
            (false, true) => Patience::REPLACEABLE.head,
            (false, false) => GRACE,
        }
    }

    /// Asks it, unless it has failed too often, or enough questions are under way to one who is silent. With
    /// `whatever_was` only the former counts.
    pub(super) fn ask<T: Send + 'static>(
        this: &Arc<Self>,
        what: &str,
        ask: &Ask<T>,
        read: fn(&T) -> Vec<Version>,
        whatever_was: bool,
    ) -> Option<Pending<T>> {
        let is_enough = this.is_silent() && !whatever_was && this.under_way.load(Ordering::Relaxed) >= BESIDE;
        if is_enough || this.faults.load(Ordering::Relaxed) >= MOST_FAULTS {
            return None;
        }
        this.under_way.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = channel();
        let left: Arc<Mutex<Option<Vec<Version>>>> = Arc::default();
        let (upstream, ask, desk, what) = (Arc::clone(this), Arc::clone(ask), Arc::clone(&left), what.to_owned());
        std::thread::spawn(move || {
            let said = ask(&upstream.source);
            upstream.under_way.fetch_sub(1, Ordering::Relaxed);
            // Whoever leaves looks once more while holding it.
            match (&*lock(&desk), said) {
                // Nobody may be listening any more, and that is well.
                (None, said) => drop(tell.send(said)),
                (Some(believed), Ok(said)) => upstream.heard_late(&what, believed, &read(&said)),
                (Some(_), Err(Fault::Missing)) => upstream.note(None),
                (Some(_), Err(_)) => {}
            }
        });
        Some(Pending { answer, left })
    }

    /// It answered, or did not.
    pub(super) fn note(&self, fault: Option<&Fault>) {
        match fault {
            None => {
                self.has_spoken.store(true, Ordering::Relaxed);
                self.silent.store(false, Ordering::Relaxed);
                self.faults.store(0, Ordering::Relaxed);
            }
            Some(Fault::Timeout | Fault::Stalled | Fault::Crawls(_)) => drop(self.fell_silent()),
            // Nobody is there, and others need not find out by themselves. A single bad answer says less.
            Some(Fault::Dns | Fault::Refused | Fault::Tls(_) | Fault::Proxy(_)) => {
                self.faults.fetch_add(MOST_FAULTS, Ordering::Relaxed);
            }
            Some(_) => drop(self.faults.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// It was waited for long enough. Whether that is news; then the next run knows it as well, however this one ends.
    pub(super) fn fell_silent(&self) -> bool {
        let is_news = !self.silent.swap(true, Ordering::Relaxed);
        if is_news {
            let mirror = self.source.name.clone();
            let silence = Observation { mirror, first_byte: None, carried: None, fault: Some(Fault::Timeout) };
            self.health.remember(self.service, &[silence]);
        }
        is_news
    }

    /// It answered when mirrors had been believed.
    fn heard_late(&self, what: &str, believed: &[Version], said: &[Version]) {
        self.note(None);
        let other =
            |version: &&Version| believed.iter().any(|known| known.number == version.number && !known.agrees(version));
        let other: Vec<&str> = said.iter().filter(other).map(|version| version.number.as_str()).collect();
        if other.is_empty() {
            return;
        }
        let named = listed(other);
        let text = format!("{what} {named}: upstream, which answers now, says something else than mirrors agreed on");
        // The first one is enough.
        let _ = self.contradicted.set(
            Failure::new(Kind::Digest, text)
                .hint("try again now that upstream answers; if this command wrote a lock file, remove it first"),
        );
    }
}

impl<T> Pending<T> {
    /// The answer, within so long.
    pub(super) fn wait(&self, longest: Duration) -> Option<Result<T, Fault>> {
        self.answer.recv_timeout(longest).ok()
    }

    /// The answer, if it is there.
    pub(super) fn look(&self) -> Option<Result<T, Fault>> {
        self.answer.try_recv().ok()
    }

    /// Waits no longer, since this is believed; gives the answer if it has just come.
    pub(super) fn leave(&self, believed: &[Version]) -> Option<Result<T, Fault>> {
        let mut left = lock(&self.left);
        let answer = self.look();
        if answer.is_none() {
            *left = Some(believed.to_vec());
        }
        answer
    }
}
