//! What one run of the relay has found out about facts: on whose word they rest, and who contradicts whom.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::voices::Voices;
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
    voices: Mutex<Voices>,
}

impl Findings {
    /// Nothing yet.
    pub fn new(subject: Subject, journal: Journal) -> Self {
        Self { subject, journal, rests: AtomicBool::new(false), voices: Mutex::default() }
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
        self.heard(what, believed);
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

    /// What mirrors say of a crate or a project, whether it is believed or not. What contradicts itself is kept for others
    /// to check, and told.
    pub fn heard(&self, what: &str, believed: &Believed) {
        self.voices.lock().expect("nobody panics while holding it").hear(what, believed);
        if believed.contradicted.is_empty() {
            return;
        }
        let text = format!("mirrors contradict each other about {what} {}", believed.contradicted.join(", "));
        let Subject { tool, upstream, state_dir } = &self.subject;
        let evidence = Evidence::new(tool, what, &upstream.to_string(), believed.claims.clone());
        self.journal.warn(evidence.kept(state_dir.as_deref(), &text));
    }

    /// Has the journal know who said what, at the end of the run.
    pub fn tell(&self) {
        let sentences = self.voices.lock().expect("nobody panics while holding it").sentences();
        sentences.into_iter().for_each(|(who, said)| self.journal.said(&who, said));
    }
}
