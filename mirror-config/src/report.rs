//! What happened, for people and for programs. Texts and JSON only; the programs print.
//!
//! The field names are part of the contract and stand in the README.

use std::{fs::OpenOptions, io::Write, time::Duration};

use serde::Serialize;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    environment::{Environment, MIRROR_LOG, MIRROR_REPORT},
    failure::Kind,
    fault::Fault,
    redact,
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
    /// `pinned`, `upstream`, `quorum`, `tofu`, or nothing when nobody was believed.
    pub verdict: Option<String>,
    /// Who said what.
    pub evidence: Vec<Evidence>,
    /// From start to end.
    pub seconds: f64,
    /// The failure's word, or null.
    pub error: Option<&'static str>,
    /// Everyone who was asked for bytes.
    pub sources: Vec<Source>,
}

/// One voice on the refs.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Who: an operator, or `upstream`.
    pub who: String,
    /// What, in a sentence.
    pub said: String,
}

/// One place that was asked for bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
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

impl Source {
    /// A source that did what it was asked.
    pub fn ok(name: &str, operator: &str, bytes: u64, time: Duration) -> Self {
        Self {
            name: name.into(),
            operator: operator.into(),
            bytes,
            wasted: 0,
            seconds: time.as_secs_f64(),
            outcome: "ok".into(),
            why: None,
        }
    }

    /// A source that did not.
    pub fn failed(name: &str, operator: &str, wasted: u64, time: Duration, fault: Fault) -> Self {
        Self {
            name: name.into(),
            operator: operator.into(),
            bytes: 0,
            wasted,
            seconds: time.as_secs_f64(),
            outcome: fault.name().into(),
            why: Some(fault),
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

    /// A line for each source that failed: `name: reason`, for E-EXHAUSTED and warnings.
    pub fn faults(&self) -> Vec<String> {
        self.sources
            .iter()
            .filter_map(|s| s.why.as_ref().map(|why| redact::controls(&format!("{}: {why}", s.name))))
            .collect()
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

/// A number of bytes in SI units, three digits.
pub fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match (unit, value) {
        (0, _) => format!("{count} B"),
        (_, v) if v < 9.95 => format!("{v:.1} {}", units[unit]),
        (_, v) => format!("{v:.0} {}", units[unit]),
    }
}

/// A stretch of time in its largest unit: `3 s`, `12 min`, `5 h`, `20 days`.
pub fn age(time: Duration) -> String {
    let (seconds, minute, hour, day) = (time.as_secs(), 60, 3600, 86_400);
    match seconds {
        s if s < 2 * minute => format!("{s} s"),
        s if s < 2 * hour => format!("{} min", s / minute),
        s if s < 2 * day => format!("{} h", s / hour),
        s => format!("{} days", s / day),
    }
}

/// A stretch of time that somebody has waited: `0.4 s`, `12 s`, `3 min 5 s`.
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Crates with diagnostics of their own that can tell secrets.
const OTHERS: &[&str] = &["hyper", "hyper_util", "h2", "reqwest"];

/// Sends diagnostics to standard error where `MIRROR_LOG` asks for them.
pub fn start_log(env: &Environment) {
    let Some(wanted) = env.var(MIRROR_LOG) else { return };
    let (filter, unread) = filter(&wanted);
    for directive in unread {
        // A wrong word in a variable stops nothing.
        let _ = writeln!(std::io::stderr(), "ignoring `{}` of {MIRROR_LOG}", redact::controls(directive));
    }
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // A program of the suite may be started inside another that has set it up already.
    let _ = tracing_subscriber::registry().with(log).with(filter).try_init();
}

/// What shows the diagnostics that `debug` or `mirror_config=trace,info` asks for, and the parts that say nothing. Errors
/// are shown where nothing is asked for.
fn filter(wanted: &str) -> (Targets, Vec<&str>) {
    // Spans and fields in brackets are read by another filter, which needs an engine for regular expressions.
    let is_read = |directive: &&str| !directive.contains('[') && directive.parse::<Targets>().is_ok();
    let wanted = wanted.split(',').map(|directive| directive.trim().trim_end_matches('='));
    let (read, unread): (Vec<&str>, Vec<&str>) = wanted.filter(|directive| !directive.is_empty()).partition(is_read);
    let read = if read.is_empty() { "error".to_owned() } else { read.join(",") };
    // The HTTP client names the hosts it connects to as they stand in addresses, with user and password.
    let others = OTHERS.iter().map(|name| (*name, LevelFilter::OFF));
    // Each of them has been read.
    (read.parse::<Targets>().unwrap_or_default().with_targets(others), unread)
}

#[cfg(test)]
mod tests {
    use super::{Report, Source, age, bytes, filter, span};
    use crate::{environment::Environment, failure::Kind, fault::Fault};
    use std::time::Duration;
    use tracing::Level;

    #[test]
    fn diagnostics_are_shown_as_far_as_they_are_asked_for() {
        // Of this library, of another, and of the HTTP client.
        for (wanted, own, other, client, unread) in [
            ("debug", Some(Level::DEBUG), Some(Level::DEBUG), None, &[][..]),
            ("TRACE", Some(Level::TRACE), Some(Level::TRACE), None, &[]),
            ("4", Some(Level::DEBUG), Some(Level::DEBUG), None, &[]),
            ("mirror_config=trace,info", Some(Level::TRACE), Some(Level::INFO), None, &[]),
            (" info , mirror_config=warn,", Some(Level::WARN), Some(Level::INFO), None, &[]),
            ("mirror_config", Some(Level::TRACE), None, None, &[]),
            ("mirror_config=", Some(Level::TRACE), None, None, &[]),
            ("mirror=debug", Some(Level::DEBUG), None, None, &[]),
            ("off", None, None, None, &[]),
            ("", Some(Level::ERROR), Some(Level::ERROR), None, &[]),
            ("hyper=trace,reqwest=trace,info", Some(Level::INFO), Some(Level::INFO), None, &[]),
            ("mirror_config=loud", Some(Level::ERROR), Some(Level::ERROR), None, &["mirror_config=loud"]),
            ("a=b=c,debug", Some(Level::DEBUG), Some(Level::DEBUG), None, &["a=b=c"]),
            (
                "mirror_config[get]=trace,info",
                Some(Level::INFO),
                Some(Level::INFO),
                None,
                &["mirror_config[get]=trace"],
            ),
            ("[{host}]=trace", Some(Level::ERROR), Some(Level::ERROR), None, &["[{host}]=trace"]),
        ] {
            let (filter, found) = filter(wanted);
            assert_eq!(found, unread, "{wanted}");
            let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
            let most = |target: &str| levels.into_iter().rfind(|level| filter.would_enable(target, level));
            let shown = (most("mirror_config::http"), most("pip_shim"), most("hyper::client"));
            assert_eq!(shown, (own, other, client), "{wanted}");
        }
    }

    #[test]
    fn numbers_read_well() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_600, "1.0 MB"),
            (77_000_000, "77 MB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (seconds, text) in [(5, "5 s"), (600, "10 min"), (7200, "2 h"), (200_000, "2 days")] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
        for (millis, text) in [(0, "0.0 s"), (4321, "4.3 s"), (12_345, "12 s"), (185_000, "3 min 5 s")] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_line_has_the_fields_of_the_contract() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("report.jsonl");
        let env = Environment::of([("MIRROR_REPORT", path.as_os_str())], "/");
        let mut report = Report::new("git", "fetch", "github:a/b");
        report.sources.push(Source::failed("m", "op", 7, Duration::from_secs(1), Fault::Stalled));
        report.append(&env, Some(Kind::Exhausted));
        report.append(&env, None);
        let text = std::fs::read_to_string(path).expect("written");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let mut keys: Vec<&String> = lines[0].as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["error", "evidence", "operation", "seconds", "sources", "tool", "upstream", "verdict"]);
        assert_eq!((lines[0]["error"].as_str(), lines[1]["error"].as_str()), (Some("E-EXHAUSTED"), None));
        let mut fields: Vec<&String> = lines[0]["sources"][0].as_object().expect("an object").keys().collect();
        fields.sort();
        assert_eq!(fields, ["bytes", "name", "operator", "outcome", "seconds", "wasted"]);
    }
}
