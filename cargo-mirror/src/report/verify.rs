//! How the comparison of a lock file with the authority is shown.

use mirror_config::errors::Failure;
use serde::Serialize;

use super::print::{clean, print, print_json, shown, table};

/// What came of looking at one dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The checksum is the authority's; or the commit is there.
    Ok,
    /// The same, and its author has taken it back.
    Yanked,
    /// The checksum is not the authority's.
    Poisoned,
    /// The authority knows no such version; or the repository no such commit.
    Unknown,
    /// Nobody whose word is enough could be asked.
    Unasked,
    /// Nothing to compare: a path, another registry, no checksum.
    NotChecked,
}

impl Check {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Yanked => "yanked",
            Self::Poisoned => "POISONED",
            Self::Unknown => "unknown",
            Self::Unasked => "unasked",
            Self::NotChecked => "not checked",
        }
    }
}

/// One package of a lock file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DependencyRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `registry`, `git`, `path`, or another registry's address.
    pub source: String,
    /// The mirror that would serve it now; none for paths and other registries.
    pub mirror: Option<String>,
    /// What came of looking.
    pub check: Check,
    /// On whose word: `upstream`, `quorum` or `tofu`; null where nobody had to be believed.
    pub verdict: Option<String>,
    /// The checksum in the lock.
    pub locked: Option<String>,
    /// The authority's, where it is another.
    pub said: Option<String>,
    /// Anything else.
    pub note: String,
}

/// What `verify` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The lock file.
    pub lock: String,
    /// Its packages, in its order.
    pub packages: Vec<DependencyRow>,
}

/// Shows it: a row for each package, and a line that counts.
///
/// # Errors
///
/// As [`print()`].
pub fn verify(report: &VerifyReport, json: bool) -> Result<(), Failure> {
    if json { print_json(report) } else { print(&verify_text(report)) }
}

fn verify_text(report: &VerifyReport) -> String {
    let mut table = table(["package", "version", "source", "mirror", "check", "on the word of", "note"]);
    for row in &report.packages {
        let verdict = row.verdict.as_deref().unwrap_or_default();
        let mirror = row.mirror.as_deref().unwrap_or_default();
        let cells = [&row.name, &row.version, &row.source, mirror, row.check.word(), verdict, &row.note];
        table.add_row(cells.map(clean));
    }
    let kinds = [Check::Ok, Check::Yanked, Check::Poisoned, Check::Unknown, Check::Unasked, Check::NotChecked];
    let count = |kind: Check| (report.packages.iter().filter(|row| row.check == kind).count(), kind.word());
    let counts = kinds.map(count).into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("{}\n\n{}: {}", shown(&table), clean(&report.lock), counts.join(", "))
}
