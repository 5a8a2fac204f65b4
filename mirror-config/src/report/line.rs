//! What happened, for people and for programs. Texts and JSON only; the programs print.
//!
//! The field names are part of the contract and stand in the README.

use std::{fs::OpenOptions, io::Write};

use serde::{Serialize, Serializer};

use super::event::{Event, Share};
use crate::{
    errors::{Fault, Kind},
    message::{bytes, redact},
    system::{Environment, MIRROR_REPORT},
    trust::Trust,
};

/// One operation, as one line of `MIRROR_REPORT`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `git`, `cargo` or `pip`.
    pub tool: &'static str,
    /// What was done, such as `fetch`.
    pub operation: String,
    /// What it was about: `github:owner/repo`.
    pub upstream: String,
    /// `pinned`, `upstream`, `quorum`, `seen`, `tofu`, or nothing when nobody was believed.
    #[serde(serialize_with = "as_text")]
    pub verdict: Option<Trust>,
    /// Who said what.
    pub evidence: Vec<Evidence>,
    /// From start to end.
    pub seconds: f64,
    /// The failure's word, or null.
    pub error: Option<&'static str>,
    /// Everyone who was asked for bytes.
    pub sources: Vec<Carrier>,
}

/// One voice on the facts.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Who: an operator, an upstream, or what was written down before.
    pub who: String,
    /// What, in a sentence.
    pub said: String,
}

/// One place that was asked for bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Carrier {
    /// The mirror's name, or `upstream`.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Bytes received and used.
    pub bytes: u64,
    /// Bytes received in vain.
    pub wasted: u64,
    /// From asking to the end.
    pub seconds: f64,
    /// `ok`, or the fault's name.
    pub outcome: String,
    /// The fault in a sentence, for messages.
    #[serde(skip)]
    pub why: Option<Fault>,
}

impl Carrier {
    fn of(share: &Share) -> Self {
        Self {
            name: share.source.name.clone(),
            operator: share.source.operator.clone(),
            bytes: share.bytes,
            wasted: share.wasted,
            seconds: share.time.as_secs_f64(),
            outcome: share.fault.as_ref().map_or("ok", Fault::name).to_owned(),
            why: share.fault.clone(),
        }
    }
}

impl Report {
    /// A report in which nothing has happened yet.
    pub fn new(tool: &'static str, operation: &str, upstream: &str) -> Self {
        Self {
            tool,
            operation: operation.into(),
            upstream: upstream.into(),
            verdict: None,
            evidence: Vec::new(),
            seconds: 0.0,
            error: None,
            sources: Vec::new(),
        }
    }

    /// Listens. The weakest evidence of all is the verdict.
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Is(operation) => self.operation = (*operation).to_owned(),
            Event::Carried(share) => self.sources.push(Carrier::of(share)),
            Event::Said(who, said) => self.evidence.push(Evidence { who: who.clone(), said: said.clone() }),
            Event::Believed(trust) => self.verdict = Some(self.verdict.map_or(*trust, |held| held.min(*trust))),
            _ => {}
        }
    }

    /// Appends the line to the file that `MIRROR_REPORT` names, if it names one. One write, so that lines of several
    /// processes do not mix.
    pub fn append(&self, env: &Environment, error: Option<Kind>) {
        let Some(path) = env.var_os(MIRROR_REPORT) else { return };
        let line = Self { error: error.map(Kind::word), ..self.clone() };
        let Ok(mut line) = serde_json::to_string(&line) else { return };
        line.push('\n');
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::debug!(%error, "the report was not written");
        }
    }

    /// A line for each source that failed: `name: reason`, for E-EXHAUSTED and warnings. Who failed more than once has the
    /// last reason.
    pub fn faults(&self) -> Vec<String> {
        let mut found: Vec<(&str, &Fault)> = Vec::new();
        for (name, why) in self.sources.iter().filter_map(|s| Some((s.name.as_str(), s.why.as_ref()?))) {
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, last)) => *last = why,
                None => found.push((name, why)),
            }
        }
        found.into_iter().map(|(name, why)| redact::controls(&format!("{name}: {why}"))).collect()
    }

    /// Who carried how much, in one line: `12.3 MB from tuna, 4.0 kB from upstream`.
    pub fn carried(&self) -> String {
        let parts: Vec<String> = self
            .sources
            .iter()
            .filter(|s| s.bytes > 0)
            .map(|s| format!("{} from {}", bytes(s.bytes), s.name))
            .collect();
        parts.join(", ")
    }
}

#[expect(clippy::ref_option, reason = "serde hands the field over like this")]
fn as_text<S: Serializer>(verdict: &Option<Trust>, serializer: S) -> Result<S::Ok, S::Error> {
    verdict.map(|trust| trust.to_string()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::{Event, Report, Share};
    use crate::{
        errors::{Fault, Kind},
        model::Service,
        select::Source,
        system::Environment,
        transport::Proxies,
        trust::Trust,
    };

    use std::{sync::Arc, time::Duration};

    #[test]
    fn a_line_has_the_fields_of_the_contract() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("report.jsonl");
        let env = Environment::of([("MIRROR_REPORT", path.as_os_str())], "/");
        let mut report = Report::new("git", "fetch", "github:a/b");
        let address = "https://m.example/".parse().expect("an address");
        let source = Arc::new(Source::upstream("m", address, &Proxies::default()));
        let share = Share { wasted: 7, time: Duration::from_secs(1), ..Share::of(&source, Service::Git) };
        report.hear(&Event::Carried(Share { fault: Some(Fault::Timeout), ..share.clone() }));
        report.hear(&Event::Carried(Share { fault: Some(Fault::Slow), ..share.clone() }));
        assert_eq!(report.faults(), ["upstream:m: too slow to wait for"], "once");
        report.sources.clear();
        report.hear(&Event::Carried(Share { fault: Some(Fault::Stalled), ..share.clone() }));
        report.hear(&Event::Believed(Trust::Upstream));
        report.hear(&Event::Believed(Trust::Quorum));
        report.hear(&Event::Believed(Trust::Pinned));
        report.append(&env, Some(Kind::Exhausted));
        report.append(&env, None);
        let text = std::fs::read_to_string(path).expect("written");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let mut keys: Vec<&String> = lines[0].as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["error", "evidence", "operation", "seconds", "sources", "tool", "upstream", "verdict"]);
        assert_eq!(lines[0]["verdict"], "quorum", "the weakest of all");
        assert_eq!((lines[0]["error"].as_str(), lines[1]["error"].as_str()), (Some("E-EXHAUSTED"), None));
        let mut fields: Vec<&String> = lines[0]["sources"][0].as_object().expect("an object").keys().collect();
        fields.sort();
        assert_eq!(fields, ["bytes", "name", "operator", "outcome", "seconds", "wasted"]);
    }
}
