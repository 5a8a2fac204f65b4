//! What one run of the relay has found out: on whose word it rests, what people should be told, what need not be asked twice.

use std::{path::PathBuf, sync::Mutex};

use super::once::lock;
use crate::{
    errors::{Failure, Kind},
    model::Address,
    report::Report,
    trust::{Believed, Evidence, Trust},
};

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
    failures: Mutex<Vec<Failure>>,
}

impl Findings {
    /// Nothing yet.
    pub fn new(subject: Subject) -> Self {
        Self { subject, verdict: Mutex::default(), notices: Mutex::default(), failures: Mutex::default() }
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
            let text = format!(
                "{what}: upstream does not answer, and too few mirrors agree on {}",
                believed.unattested.join(", ")
            );
            self.fail(Failure::new(Kind::Quorum, text));
        }
        if lock(&self.verdict).is_none() {
            let evidence = match believed.verdict {
                Trust::Pinned => "are as the project has written them down".to_owned(),
                weaker => format!("rest on the word of mirrors ({weaker})"),
            };
            self.notice(format!("upstream does not answer; checksums {evidence}"));
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

    /// Something the tool did not get. Whether that was the end of it, only the tool knows.
    pub fn fail(&self, failure: Failure) {
        let mut failures = lock(&self.failures);
        if !failures.contains(&failure) {
            failures.push(failure);
        }
    }

    /// What the tool did not get, since the last time.
    pub fn failures(&self) -> Vec<Failure> {
        std::mem::take(&mut *lock(&self.failures))
    }

    /// What a person should know, since the last time.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.notices))
    }

    /// Adds the verdict to a report.
    pub fn close(&self, report: &mut Report) {
        report.verdict = lock(&self.verdict).map(|trust| trust.to_string());
    }
}
