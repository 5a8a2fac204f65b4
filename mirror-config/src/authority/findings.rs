//! What one run of the relay has found out about facts: on whose word they rest, and who contradicts whom.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    errors::{Failure, Kind},
    model::Address,
    report::Journal,
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

/// On whose word a run rests.
#[derive(Debug)]
pub struct Findings {
    subject: Subject,
    journal: Journal,
    rests: AtomicBool,
}

impl Findings {
    /// Nothing yet.
    pub fn new(subject: Subject, journal: Journal) -> Self {
        Self { subject, journal, rests: AtomicBool::new(false) }
    }

    /// Where all of it is noted.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Something was believed on this evidence.
    pub fn rests_on(&self, evidence: Trust) {
        self.rests.store(true, Ordering::Relaxed);
        self.journal.believed(evidence);
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
            self.journal.denied(Failure::new(Kind::Quorum, text));
        }
        if !self.rests.load(Ordering::Relaxed) {
            let evidence = match believed.verdict {
                Trust::Pinned => "are as the project has written them down".to_owned(),
                weaker => format!("rest on the word of mirrors ({weaker})"),
            };
            self.journal.warn(format!("upstream does not answer; checksums {evidence}"));
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
        self.journal.warn(evidence.kept(state_dir.as_deref(), &text));
    }
}
