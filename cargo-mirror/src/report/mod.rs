//! All that is shown: tables and JSON on standard output, warnings and the error on standard error.
//!
//! Field names are part of the contract (DESIGN 9). Nothing here decides; no escape sequence is ever written.

mod cache;
mod cargo;
mod catalog;
mod pip;
mod probe;
mod progress;
mod trust;
mod units;
mod verify;

use std::{
    io::{self, Write},
    time::Duration,
};

use comfy_table::{Table, presets};
use mirror_config::{
    failure::{Failure, Kind},
    redact,
};
use serde::{Serialize, Serializer};

pub use cache::{CacheReport, StoreRow, cache};
pub use cargo::{CargoFile, CargoStatus, CargoValue, Finding, Severity, cargo_status, findings};
pub use catalog::{CatalogReport, UpdateReport, catalog, list_update};
pub use pip::{PipEdit, PipFile, PipInstall, PipLink, PipStatus, PipValue, pip_status};
pub use probe::{Announced, IndexRow, ProbeReport, TlsRow, index_rows, probe, tls_rows};
pub use progress::Progress;
pub use trust::{AuditReport, AuditRow, Difference, LedgerRow, RecheckReport, audit, ledger, recheck};
pub use units::{amount, rate, size};
pub use verify::{Check, Dependency, VerifyReport, verify};

/// A mirror as `list` shows it. What is not known of a disabled one is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MirrorRow {
    /// Its name in the configuration.
    pub name: String,
    /// Who runs it.
    pub operator: Option<String>,
    /// The upstreams whose repositories it has, by name.
    pub git: Vec<String>,
    /// Its sparse index of crates.
    pub cargo: Option<String>,
    /// Its simple index of Python packages.
    pub pypi: Option<String>,
    /// Its rustup distribution server.
    pub rustup: Option<String>,
    /// Whether it reads through to upstream.
    pub relays: bool,
    /// Whether it is an authority of its own.
    pub trusted: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Where its operator itself announces it; null for an unlisted one.
    pub announced: Option<String>,
    /// Where its entry stands, or who disabled it.
    pub origin: String,
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

/// A value of git's configuration that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitValue {
    /// The key, without secrets.
    pub key: String,
    /// The value, without secrets.
    pub value: String,
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The file it stands in, or `command line`.
    pub origin: String,
}

/// A value of the suite's own configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingRow {
    /// Its key.
    pub key: &'static str,
    /// What holds.
    pub value: String,
    /// Who said so.
    pub origin: String,
}

/// What `status git` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitStatus {
    /// git's version.
    pub version: String,
    /// Whether that version is enough.
    pub supported: bool,
    /// Where `git-remote-mirror` is.
    pub helper: Option<String>,
    /// git's configuration.
    pub git: Vec<GitValue>,
    /// The suite's configuration files that were read, weakest first.
    pub files: Vec<String>,
    /// The suite's settings.
    pub settings: Vec<SettingRow>,
}

/// Shows the mirrors.
///
/// # Errors
///
/// As [`print()`].
pub fn mirrors(rows: &[MirrorRow], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(rows);
    }
    let mut table = table(["mirror", "operator", "carries", "marks", "from"]);
    for row in rows {
        let carried = row.git.iter().map(|upstream| format!("git:{upstream}")).chain(
            [("cargo", &row.cargo), ("pypi", &row.pypi), ("rustup", &row.rustup)]
                .into_iter()
                .filter(|(_, address)| address.is_some())
                .map(|(name, _)| name.to_owned()),
        );
        let unlisted = row.enabled && row.announced.is_none();
        let marks =
            [("relays", row.relays), ("trusted", row.trusted), ("unlisted", unlisted), ("disabled", !row.enabled)];
        let marks: Vec<&str> = marks.iter().filter(|(_, set)| *set).map(|(mark, _)| *mark).collect();
        let carried: Vec<String> = carried.collect();
        let operator = row.operator.as_deref().unwrap_or_default();
        table.add_row([&row.name, operator, &carried.join(" "), &marks.join(" "), &row.origin].map(clean));
    }
    print(&shown(&table))
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

/// Shows git's state.
///
/// # Errors
///
/// As [`print()`].
pub fn git_status(status: &GitStatus, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(status);
    }
    let mut programs = table(["program", "", "from"]);
    programs.add_row(["git", &status.version, ""].map(clean));
    let helper = status.helper.as_deref().unwrap_or("not found");
    programs.add_row([crate::programs::HELPER, "", helper].map(clean));
    let mut git = table(["git configuration", "value", "from"]);
    for value in &status.git {
        git.add_row([&value.key, &value.value, &format!("{} ({})", value.origin, value.scope)].map(|s| clean(s)));
    }
    if status.git.is_empty() {
        git.add_row(["not set up: `cargo mirror setup git`", "", ""]);
    }
    let mut settings = table(["setting", "value", "from"]);
    for row in &status.settings {
        settings.add_row([row.key, &row.value, &row.origin].map(clean));
    }
    let files = if status.files.is_empty() { "none".to_owned() } else { clean(&status.files.join(", ")) };
    let parts = [shown(&programs), shown(&git), shown(&settings)];
    print(&format!("{}\n\nconfiguration files read: {files}", parts.join("\n\n")))
}

/// Shows the state of all tools, which in JSON is one object with a key for each.
///
/// # Errors
///
/// As [`print()`].
pub fn statuses(cargo: &CargoStatus, git: &GitStatus, pip: &PipStatus, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&serde_json::json!({ "cargo": cargo, "git": git, "pip": pip }));
    }
    cargo_status(cargo, false)?;
    print("")?;
    git_status(git, false)?;
    print("")?;
    pip_status(pip, false)
}

/// Shows a change of a file.
///
/// # Errors
///
/// As [`print()`].
pub fn diff(text: &str) -> Result<(), Failure> {
    print(&clean(text))
}

/// Shows a line, or a few.
///
/// # Errors
///
/// As [`print()`].
pub fn line(text: &str) -> Result<(), Failure> {
    print(&clean(text))
}

/// Writes to standard output, with one newline at the end. A reader that has gone away is no error.
///
/// # Errors
///
/// [`Kind::Io`] when standard output cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    // Not `println!`, which panics when the reader of a pipe is gone.
    match writeln!(io::stdout().lock(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Io, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a warning to standard error.
pub fn warn(text: &str) {
    print_error(&format!("mirror: warning: {}", clean(text)));
}

/// Writes a message to standard error as it is.
pub fn print_error(message: &str) {
    // There is nobody left to tell when this fails.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

fn git_table(rows: &[GitRow]) -> String {
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

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table
}

/// The table's text without the padding at both sides.
fn shown(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Without secrets, and without what a terminal would obey.
fn clean(text: &str) -> String {
    redact::controls(&redact::secrets(text))
}

fn print_json(value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Kind::Internal, error.to_string()))?;
    print(&json)
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{GitRow, git_table};

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
            announced: super::Announced::No,
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
