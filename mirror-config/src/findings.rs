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

/// The failure of a crate or project of which nobody could be believed. `tool` as in `cargo mirror probe TOOL`; of a
/// `private` name mirrors did not hear.
pub fn nobody(what: &str, tool: &str, believed: &Believed, failed: &[(String, Fault)], private: bool) -> Failure {
    let reasons = reasons(failed);
    if private {
        let text = format!("{what}: upstream does not answer, and mirrors may not hear of a private name{reasons}");
        return Failure::new(kind(failed), text)
            .hint(format!("`{tool}.private` names it; try again when upstream can be reached"));
    }
    if believed.contradicted.is_empty() && believed.unattested.is_empty() {
        let failure = Failure::new(kind(failed), format!("{what}: neither upstream nor mirrors answer{reasons}"));
        return failure.hint(hint(failed, tool));
    }
    Failure::new(Kind::Quorum, format!("{what}: upstream does not answer, and too few mirrors agree{reasons}"))
        .hint(format!("try again later, or accept one mirror's word with `MIRROR_{}__TRUST=tofu`", tool.to_uppercase()))
}

/// The failure of a file that nobody has.
pub fn no_copy(what: &str, tool: &str, failed: &[(String, Fault)]) -> Failure {
    Failure::new(kind(failed), format!("{what}: nobody has a right copy{}", reasons(failed))).hint(hint(failed, tool))
}

/// The kind of all faults together: that of each, where the way is to blame and not who was asked.
fn kind(failed: &[(String, Fault)]) -> Kind {
    let ways = [Kind::Proxy, Kind::Dns];
    let of_all = |kind: &Kind| !failed.is_empty() && failed.iter().all(|(_, fault)| fault.kind() == *kind);
    ways.into_iter().find(of_all).unwrap_or(Kind::Exhausted)
}

fn hint(failed: &[(String, Fault)], tool: &str) -> String {
    match kind(failed) {
        Kind::Proxy => {
            "look at `[proxy]`, HTTPS_PROXY and HTTP_PROXY: is it there, and are its credentials right?".into()
        }
        _ => format!("cargo mirror probe {tool}"),
    }
}

/// Who was asked, and why each could not help, each once.
fn reasons(failed: &[(String, Fault)]) -> String {
    let mut seen: Vec<String> = Vec::new();
    for (name, fault) in failed {
        let name = if name.starts_with("upstream:") { "upstream" } else { name };
        let reason = format!("{name}: {fault}");
        if !seen.contains(&reason) {
            seen.push(reason);
        }
    }
    if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
