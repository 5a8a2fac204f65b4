//! What happens in one run: noted once, by whoever sees it, and heard by all who listen.
//!
//! The report for programs and what is remembered of sources listen always; a program adds its terminal. Cheap to clone
//! and to share between threads. Listeners are called in order, one event at a time, by the thread that notes it, so
//! they must be quick.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use super::{
    event::{Event, Share, Snapshot},
    line::Report,
    measured::Measured,
};
use crate::{
    errors::{Failure, Fault, Kind},
    model::Service,
    select::{Health, Source},
    system::Environment,
    trust::Trust,
};

/// Whoever wants to know.
pub type Listener = Box<dyn FnMut(&Event) + Send>;

/// The journal of one run.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    started: Instant,
    state: Mutex<State>,
}

struct State {
    report: Report,
    measured: Measured,
    listeners: Vec<Listener>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Journal").field(&self.lock().report).finish()
    }
}

/// Bytes arrive until this is dropped.
#[derive(Debug)]
pub struct Receiving<'a>(&'a Journal);

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.0.note(Event::Received);
    }
}

impl Journal {
    /// An empty one, for a run of `git`, `cargo` or `pip`, that does `operation` with `upstream`, as reports name them.
    pub fn new(tool: &'static str, operation: &'static str, upstream: &str) -> Self {
        let report = Report::new(tool, operation, upstream);
        let state = State { report, measured: Measured::default(), listeners: Vec::new() };
        Self(Arc::new(Inner { started: Instant::now(), state: Mutex::new(state) }))
    }

    /// Adds a listener; it hears what happens from now on.
    pub fn listen(&self, listener: Listener) {
        self.lock().listeners.push(listener);
    }

    /// Something happened.
    pub fn note(&self, event: Event) {
        let mut state = self.lock();
        let State { report, measured, listeners } = &mut *state;
        report.hear(&event);
        measured.hear(&event);
        listeners.iter_mut().for_each(|listener| listener(&event));
    }

    /// A source answered its first request, or another small question, after this time.
    pub fn answered(&self, source: &Arc<Source>, service: Service, first_byte: Duration) {
        self.note(Event::Answered(Share { first_byte: Some(first_byte), ..Share::of(source, service) }));
    }

    /// A source carried bytes that were used.
    pub fn carried(&self, source: &Arc<Source>, service: Service, bytes: u64, time: Duration) {
        self.note(Event::Carried(Share { bytes, time, ..Share::of(source, service) }));
    }

    /// A source failed, after it had sent this many bytes in vain. Who goes on without it says that apart (`Failed`).
    pub fn failed(&self, source: &Arc<Source>, service: Service, wasted: u64, time: Duration, fault: Fault) {
        tracing::debug!(source = source.name, %fault, wasted, "failed");
        self.note(Event::Carried(Share { wasted, time, fault: Some(fault), ..Share::of(source, service) }));
    }

    /// Somebody's word on the facts.
    pub fn said(&self, who: &str, what: impl Into<String>) {
        self.note(Event::Said(who.to_owned(), what.into()));
    }

    /// Facts were believed on this evidence.
    pub fn believed(&self, evidence: Trust) {
        self.note(Event::Believed(evidence));
    }

    /// Something a person should know, though all goes on.
    pub fn warn(&self, text: impl Into<String>) {
        self.note(Event::Warned(text.into()));
    }

    /// How it went.
    pub fn tell(&self, text: impl Into<String>) {
        self.note(Event::Told(text.into()));
    }

    /// The tool did not get something.
    pub fn denied(&self, failure: Failure) {
        self.note(Event::Denied(failure));
    }

    /// Bytes arrive until what is returned is dropped; `look` says how it is getting on.
    pub fn receiving(&self, look: impl Fn() -> Snapshot + Send + Sync + 'static) -> Receiving<'_> {
        self.note(Event::Receiving(Arc::new(look)));
        Receiving(self)
    }

    /// What has happened so far, as the report has it.
    pub fn report(&self) -> Report {
        self.lock().report.clone()
    }

    /// Since the run began.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Writes the report; `error` is what ended the run.
    pub fn write(&self, env: &Environment, error: Option<Kind>) {
        let report = Report { seconds: self.elapsed().as_secs_f64(), ..self.report() };
        report.append(env, error);
    }

    /// Has what was measured remembered.
    pub fn remember(&self, health: &Health) {
        self.lock().measured.remember(health);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics while holding it")
    }
}
