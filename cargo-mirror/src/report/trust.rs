//! What was seen, what was said, and what a checkout is, as tables and as JSON.

use std::{collections::BTreeMap, time::Duration};

use mirror_config::{errors::Failure, message::age, trust::Entry};
use serde::Serialize;

use super::print::{clean, print, print_json, shown, table};

/// Digits of an object id that tables show.
const SHORT: usize = 12;

/// What was seen of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// The repository with its upstream.
    pub repository: String,
    /// The commit that HEAD was at.
    pub head: Option<String>,
    /// When it was seen last, in seconds since 1970.
    pub seen: Option<u64>,
    /// On whose word.
    pub verdict: Option<String>,
    /// The root commits of its history.
    pub roots: Vec<String>,
    /// Whether upstream asked for credentials.
    pub private: bool,
    /// Every ref that was seen.
    pub refs: BTreeMap<String, Entry>,
}

/// Shows the ledger; `now` is in seconds since 1970.
///
/// # Errors
///
/// As [`print()`].
pub fn ledger(rows: &[LedgerRow], now: u64, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(rows);
    }
    if rows.is_empty() {
        return print("nothing was seen yet");
    }
    let mut table = table(["repository", "HEAD", "refs", "seen", "verdict", "begins with"]);
    let short = |oid: &String| oid.chars().take(SHORT).collect::<String>();
    for row in rows {
        let head = row.head.as_ref().map(short).unwrap_or_default();
        let seen = row.seen.map(|then| format!("{} ago", age(Duration::from_secs(now.saturating_sub(then)))));
        let root = row.roots.first().map(short).unwrap_or_default();
        let verdict = row.verdict.as_deref().unwrap_or_default();
        let cells = [&row.repository, &head, &row.refs.len().to_string(), &seen.unwrap_or_default(), verdict, &root];
        table.add_row(cells.map(clean));
    }
    print(&shown(&table))
}

/// A claim of an operator, checked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// The ref, the version or the file.
    pub about: String,
    /// Who said so.
    pub operator: String,
    /// Through which mirror.
    pub mirror: String,
    /// What was said.
    pub said: String,
    /// What is said now: the same, another value, or why it could not be asked.
    pub now: String,
    /// What upstream makes of it: `right`, `wrong` or `unknown`.
    pub check: String,
    /// Anything else.
    pub note: String,
}

/// What an audit showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// `git`, `cargo` or `pip`.
    pub tool: String,
    /// What it is about.
    pub subject: String,
    /// When the contradiction was seen, in seconds since 1970.
    pub seen: u64,
    /// The claims.
    pub claims: Vec<AuditRow>,
}

/// Shows an audit; `now` is in seconds since 1970.
///
/// # Errors
///
/// As [`print()`].
pub fn audit(report: &AuditReport, now: u64, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    let seen = age(Duration::from_secs(now.saturating_sub(report.seen)));
    let mut table = table(["about", "operator", "said", "says now", "upstream", "note"]);
    for row in &report.claims {
        table.add_row([&row.about, &row.operator, &row.said, &row.now, &row.check, &row.note].map(|cell| clean(cell)));
    }
    print(&format!("{} ({}), seen {seen} ago\n\n{}", clean(&report.subject), report.tool, shown(&table)))
}

/// What a checkout is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecheckReport {
    /// The repository with its upstream.
    pub repository: String,
    /// The commit that is pinned.
    pub commit: String,
    /// What its files hash to, by the pin.
    pub sha256tree: String,
    /// How many files it has.
    pub files: usize,
    /// Files that differ: `changed`, `missing` or `added`, with the path.
    pub differences: Vec<Difference>,
}

/// A file that is not what was pinned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The path from the root of the checkout.
    pub path: String,
    /// `changed`, `missing` or `added`.
    pub what: &'static str,
}

/// Shows what differs.
///
/// # Errors
///
/// As [`print()`].
pub fn recheck(report: &RecheckReport, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    for difference in &report.differences {
        print(&clean(&format!("{}: {}", difference.what, difference.path)))?;
    }
    if report.differences.is_empty() {
        let RecheckReport { repository, commit, sha256tree, files, .. } = report;
        print(&clean(&format!("{repository} at {commit}: {files} files, sha256tree {sha256tree}")))?;
    }
    Ok(())
}
