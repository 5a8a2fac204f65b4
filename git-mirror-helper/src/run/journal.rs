//! What has happened in this run, for the report and for what is remembered of mirrors.

use std::time::{Duration, Instant};

use mirror_config::{
    errors::{Fault, Kind},
    git::Session,
    model::{Repository, Service},
    report::{Evidence, Report, Source},
    select::{Observation, Select},
    system::Environment,
};

/// What happened: who was asked, who carried what, who failed.
#[derive(Debug)]
pub struct Diary {
    started: Instant,
    /// For programs.
    pub report: Report,
    seen: Vec<Observation>,
}

impl Diary {
    pub(crate) fn new(repository: &Repository) -> Self {
        Self {
            started: Instant::now(),
            report: Report::new("git", "connect", &repository.to_string()),
            seen: Vec::new(),
        }
    }

    /// Since the run began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Somebody's word on the refs.
    pub fn evidence(&mut self, who: &str, said: impl Into<String>) {
        self.report.evidence.push(Evidence { who: who.to_owned(), said: said.into() });
    }

    /// A mirror answered its first request.
    pub fn opened(&mut self, mirror: &str, session: &Session) {
        self.seen.push(Observation {
            mirror: mirror.into(),
            first_byte: Some(session.first_byte),
            carried: None,
            fault: None,
        });
    }

    /// A source carried bytes that were used.
    pub fn carried(&mut self, name: &str, operator: &str, bytes: u64, time: Duration) {
        self.seen.push(Observation {
            mirror: name.into(),
            first_byte: None,
            carried: Some((bytes, time)),
            fault: None,
        });
        self.report.sources.push(Source::ok(name, operator, bytes, time));
    }

    /// A source failed, after it had sent this many bytes in vain.
    pub fn failed(&mut self, name: &str, operator: &str, wasted: u64, time: Duration, fault: Fault) {
        tracing::debug!(source = name, %fault, wasted, "failed");
        self.seen.push(Observation {
            mirror: name.into(),
            first_byte: None,
            carried: None,
            fault: Some(fault.clone()),
        });
        self.report.sources.push(Source::failed(name, operator, wasted, time, fault));
    }

    /// What one source did in a transfer of many slices: bytes used, bytes in vain, what went wrong if anything did.
    pub fn took_part(&mut self, source: Source) {
        let carried = (source.bytes > 0).then(|| (source.bytes, Duration::from_secs_f64(source.seconds)));
        let fault = source.why.clone();
        self.seen.push(Observation { mirror: source.name.clone(), first_byte: None, carried, fault });
        self.report.sources.push(source);
    }

    /// Writes the report, and remembers what was measured.
    pub fn close(&mut self, env: &Environment, select: &Select, error: Option<Kind>) {
        self.report.seconds = self.started.elapsed().as_secs_f64();
        self.report.append(env, error);
        select.health.remember(Service::Git, &self.seen);
    }
}
