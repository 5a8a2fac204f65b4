//! What probes showed, as tables and as JSON.

use std::time::Duration;

use mirror_config::errors::Failure;
use serde::{Serialize, Serializer};

use super::{
    print::{clean, print, print_json, shown, table},
    units::rate,
};

/// Where a mirror is announced by its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// This is no mirror.
    Upstream,
    /// Nowhere that is known.
    No,
    /// On this page.
    At(String),
}

impl Announced {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Upstream => "",
            Self::No => "unlisted",
            Self::At(_) => "yes",
        }
    }
}

impl Serialize for Announced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(page) => serializer.serialize_some(page),
            Self::Upstream | Self::No => serializer.serialize_none(),
        }
    }
}

/// The certificate that a host showed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TlsRow {
    /// The host, with its port where that is not the usual one.
    pub host: String,
    /// The mirrors that have something there.
    pub mirrors: Vec<String>,
    /// Who issued the certificate.
    pub issuer: Option<String>,
    /// The names it is for.
    pub names: Vec<String>,
    /// Days until its time is over; below zero where it is.
    pub days_left: Option<i64>,
    /// When that is, in seconds since 1970.
    pub not_after: Option<i64>,
    /// `ok`, `expired`, `not-yet-valid`, `wrong-name`, `unknown-issuer`, `revoked`, `not-believed`, `no-tls`, or the fault's name.
    pub verdict: &'static str,
    /// The same in a sentence.
    pub note: String,
}

/// Shows certificates.
///
/// # Errors
///
/// As [`print()`].
pub fn tls_rows(rows: &[TlsRow], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(rows);
    }
    let mut table = table(["host", "mirrors", "verdict", "days left", "issuer", "names", "note"]);
    for row in rows {
        let days = row.days_left.map(|days| days.to_string()).unwrap_or_default();
        let names = match &row.names[..] {
            [first, second, _, ..] => format!("{first} {second} and {} more", row.names.len() - 2),
            few => few.join(" "),
        };
        let issuer = row.issuer.as_deref().unwrap_or_default();
        let mirrors = row.mirrors.join(" ");
        table.add_row([&row.host, &mirrors, row.verdict, &days, issuer, &names, &row.note].map(clean));
    }
    print(&shown(&table))
}

/// What probing a mirror of crates or of Python packages showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexRow {
    /// Its name in the configuration, or `upstream:cargo` or `upstream:pip`.
    pub mirror: String,
    /// Who runs it.
    pub operator: String,
    /// The HTTP status, or the fault's name.
    pub status: String,
    /// From the request to the first byte of the answer; seconds in JSON.
    #[serde(serialize_with = "seconds")]
    pub first_byte: Option<Duration>,
    /// In bytes per second.
    pub throughput: Option<f64>,
    /// How far behind the upstream it is.
    pub freshness: String,
    /// Whether it serves files: `yes`, `index only`, `failed`, or nothing when that was not found out.
    pub files: &'static str,
    /// Whether its pages give hashes of files; null where the question makes no sense.
    pub hashes: Option<bool>,
    /// Where its operator itself announces it; null for an unlisted one, and for upstream.
    pub announced: Announced,
    /// Anything else.
    pub note: String,
}

/// What probing everything showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeReport {
    /// The git mirrors.
    pub git: Vec<GitRow>,
    /// The mirrors of crates.
    pub cargo: Vec<IndexRow>,
    /// The mirrors of Python packages.
    pub pip: Vec<IndexRow>,
}

/// Shows what probing mirrors of crates or of Python packages showed.
///
/// # Errors
///
/// As [`print()`].
pub fn index_rows(rows: &[IndexRow], json: bool) -> Result<(), Failure> {
    if json { print_json(rows) } else { print(&index_table(rows)) }
}

/// Shows all of them.
///
/// # Errors
///
/// As [`print()`].
pub fn probe(report: &ProbeReport, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    let parts =
        [("git", git_table(&report.git)), ("cargo", index_table(&report.cargo)), ("pip", index_table(&report.pip))];
    print(&parts.map(|(tool, table)| format!("{tool}\n{table}")).join("\n\n"))
}

fn index_table(rows: &[IndexRow]) -> String {
    // Only pip's pages can lack hashes.
    let hashed = rows.iter().any(|row| row.hashes.is_some());
    let mut header = vec!["mirror", "operator", "status", "first byte", "throughput", "freshness", "files"];
    header.extend(hashed.then_some("hashes"));
    header.extend(["listed", "note"]);
    let mut table = table([""; 0]);
    table.set_header(header);
    for row in rows {
        let first = row.first_byte.map(|time| format!("{} ms", time.as_millis())).unwrap_or_default();
        let rate = row.throughput.map(rate).unwrap_or_default();
        let mut cells = vec![row.mirror.as_str(), &row.operator, &row.status, &first, &rate, &row.freshness, row.files];
        cells.extend(hashed.then(|| row.hashes.map_or("", |all| if all { "yes" } else { "no" })));
        cells.extend([row.announced.word(), &row.note]);
        table.add_row(cells.into_iter().map(clean));
    }
    shown(&table)
}

/// What probing a git mirror showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GitRow {
    /// Its name in the configuration.
    pub mirror: String,
    /// Who runs it.
    pub operator: String,
    /// `ok`, or the fault's name.
    pub status: String,
    /// From the request to the first byte of the answer; seconds in JSON.
    #[serde(serialize_with = "seconds")]
    pub first_byte: Option<Duration>,
    /// In bytes per second.
    pub throughput: Option<f64>,
    /// How far behind the upstream it is.
    pub freshness: String,
    /// Whether it serves whole histories.
    pub whole: Option<bool>,
    /// Where its operator itself announces it; null for an unlisted one, and for upstream.
    pub announced: Announced,
    /// Anything else.
    pub note: String,
}

/// Shows what probing git mirrors showed.
///
/// # Errors
///
/// As [`print()`].
pub fn git_rows(rows: &[GitRow], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(rows);
    }
    print(&git_table(rows))
}

pub(super) fn git_table(rows: &[GitRow]) -> String {
    let mut table =
        table(["mirror", "operator", "status", "first byte", "throughput", "freshness", "whole", "listed", "note"]);
    for row in rows {
        let first = row.first_byte.map(|time| format!("{} ms", time.as_millis())).unwrap_or_default();
        let rate = row.throughput.map(rate).unwrap_or_default();
        let whole = row.whole.map_or("", |whole| if whole { "yes" } else { "no" });
        let listed = row.announced.word();
        let cells = [&row.mirror, &row.operator, &row.status, &first, &rate, &row.freshness, whole, listed, &row.note];
        table.add_row(cells.map(clean));
    }
    shown(&table)
}

pub(super) fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Announced, GitRow, git_table};

    #[test]
    fn a_table_has_no_escapes_and_no_secrets() {
        let row = GitRow {
            mirror: "campus".to_owned(),
            operator: "campus".to_owned(),
            status: "ok".to_owned(),
            first_byte: Some(Duration::from_millis(42)),
            throughput: Some(1.25e6),
            freshness: "same".to_owned(),
            whole: Some(true),
            announced: Announced::No,
            note: "\u{1b}[31mvia https://u:p@h.example/".to_owned(),
        };
        let text = git_table(std::slice::from_ref(&row));
        assert!(text.starts_with("mirror"), "{text}");
        assert!(
            text.contains("42 ms") && text.contains("1.2 MB/s") && text.contains("https://***@h.example/"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
        let json = serde_json::to_value(&row).expect("plain data");
        assert_eq!((json["first_byte"].as_f64(), json["whole"].as_bool()), (Some(0.042), Some(true)));
    }
}
