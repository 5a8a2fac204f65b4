//! What one run of the relay has found out: on whose word it rests, what people should be told, what need not be asked twice.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use crate::{
    config::Trust,
    failure::{Failure, Kind},
    fault::Fault,
    redact::Address,
    report::Report,
    trust::{entries::Believed, evidence::Evidence},
};

/// Answers by what was asked for; whoever comes second waits for the first.
#[derive(Debug)]
pub struct Once<T>(Mutex<HashMap<String, Arc<OnceLock<T>>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Once<T> {
    /// The place of one answer.
    pub fn cell(&self, key: &str) -> Arc<OnceLock<T>> {
        Arc::clone(lock(&self.0).entry(key.to_owned()).or_default())
    }
}

/// Whose facts are being found out.
#[derive(Debug)]
pub struct Subject {
    /// `cargo` or `pip`.
    pub tool: &'static str,
    /// Its upstream.
    pub upstream: Address,
    /// Where evidence is kept.
    pub state_dir: Option<PathBuf>,
}

/// What is to be told in the end.
#[derive(Debug)]
pub struct Findings {
    subject: Subject,
    verdict: Mutex<Option<Trust>>,
    notices: Mutex<Vec<String>>,
}

impl Findings {
    /// Nothing yet.
    pub fn new(subject: Subject) -> Self {
        Self { subject, verdict: Mutex::default(), notices: Mutex::default() }
    }

    /// Something was believed on this evidence; the weakest of all is the verdict.
    pub fn rests_on(&self, evidence: Trust) {
        let mut verdict = lock(&self.verdict);
        *verdict = Some(verdict.map_or(evidence, |held| held.min(evidence)));
    }

    /// The same for what mirrors say of a crate or a project.
    pub fn rests_on_mirrors(&self, what: &str, believed: &Believed) {
        self.contradicted(what, believed);
        if !believed.unattested.is_empty() {
            tracing::debug!(what, versions = ?believed.unattested, "too few attest");
        }
        if lock(&self.verdict).is_none() {
            self.notice(format!("upstream does not answer; checksums on the word of mirrors ({})", believed.verdict));
        }
        self.rests_on(believed.verdict);
    }

    /// Keeps what contradicts itself, for others to check, and says where.
    pub fn contradicted(&self, what: &str, believed: &Believed) {
        if believed.contradicted.is_empty() {
            return;
        }
        let text = format!("mirrors contradict each other about {what} {}", believed.contradicted.join(", "));
        let Subject { tool, upstream, state_dir } = &self.subject;
        let evidence = Evidence::new(tool, what, &upstream.to_string(), believed.claims.clone());
        match evidence.keep(state_dir.as_deref()) {
            Some(file) => self.notice(format!("{text}; to ask them again: cargo mirror audit {}", file.display())),
            None => self.notice(text),
        }
    }

    /// Something a person should know; once is enough.
    pub fn notice(&self, text: String) {
        let mut notices = lock(&self.notices);
        if !notices.contains(&text) {
            notices.push(text);
        }
    }

    /// What a person should know, since the last time.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.notices))
    }

    /// The weakest evidence that anything was believed on.
    pub fn verdict(&self) -> Option<Trust> {
        *lock(&self.verdict)
    }

    /// Adds the verdict to a report.
    pub fn close(&self, report: &mut Report) {
        report.verdict = lock(&self.verdict).map(|trust| trust.to_string());
    }
}

/// The failure of a crate or project of which nobody could be believed. `tool` as in `cargo mirror probe TOOL`.
pub fn nobody(what: &str, tool: &str, believed: &Believed, failed: &[(String, Fault)]) -> Failure {
    let reasons = reasons(failed);
    if believed.contradicted.is_empty() && believed.unattested.is_empty() {
        return Failure::new(Kind::Exhausted, format!("{what}: neither upstream nor mirrors answer{reasons}"))
            .hint(format!("cargo mirror probe {tool}"));
    }
    Failure::new(Kind::Quorum, format!("{what}: upstream does not answer, and too few mirrors agree{reasons}"))
        .hint(format!("try again later, or accept one mirror's word with `MIRROR_{}__TRUST=tofu`", tool.to_uppercase()))
}

/// The failure of a file that nobody has.
pub fn no_copy(what: &str, tool: &str, failed: &[(String, Fault)]) -> Failure {
    Failure::new(Kind::Exhausted, format!("{what}: nobody has a right copy{}", reasons(failed)))
        .hint(format!("cargo mirror probe {tool}"))
}

fn reasons(failed: &[(String, Fault)]) -> String {
    failed.iter().map(|(name, fault)| format!("\n  {name}: {fault}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
