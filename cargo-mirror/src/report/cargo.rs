//! cargo's state, and what the doctor found, as tables and as JSON.

use mirror_config::errors::Failure;
use serde::Serialize;

use super::print::{clean, print, print_json, shown, table};

/// A file of cargo's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CargoFile {
    /// Where it is.
    pub path: String,
    /// Whether cargo reads it.
    pub read: bool,
    /// The file that includes it, if one does.
    pub included_by: Option<String>,
}

/// A value of cargo's configuration, or a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CargoValue {
    /// Its key, or the variable's name.
    pub key: String,
    /// What it says, without secrets.
    pub value: String,
    /// `FILE:LINE`, or `environment`.
    pub origin: String,
    /// Whether nothing stronger says otherwise.
    pub in_force: bool,
}

/// What `status cargo` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CargoStatus {
    /// cargo's version; absent when it cannot be started.
    pub version: Option<String>,
    /// Whether that version includes files.
    pub includes: bool,
    /// What stands in for crates-io.
    pub replaced_with: Option<String>,
    /// Its address or folder, without secrets.
    pub address: Option<String>,
    /// `cargo-mirror`, `mirror`, `registry`, `vendored`, `undefined`, or absent.
    pub kind: Option<&'static str>,
    /// Where that is said.
    pub origin: Option<String>,
    /// The files, strongest first.
    pub files: Vec<CargoFile>,
    /// What they say that matters, strongest first.
    pub values: Vec<CargoValue>,
    /// The variables that matter.
    pub variables: Vec<CargoValue>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something will surprise.
    Warning,
    /// Something to know.
    Note,
}

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which tool it is about.
    pub tool: &'static str,
    /// What was found, and where.
    pub what: String,
    /// How to go on.
    pub hint: Option<String>,
}

/// Shows cargo's state.
///
/// # Errors
///
/// As [`print()`].
pub fn cargo_status(status: &CargoStatus, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(status);
    }
    let version = status.version.as_deref().unwrap_or("not found");
    let by = status.replaced_with.as_deref().map_or_else(
        || "crates-io is not replaced: `cargo mirror setup cargo`".to_owned(),
        |by| {
            let (address, origin) = (status.address.as_deref(), status.origin.as_deref());
            format!("crates-io is replaced with {by} ({}), {}", address.unwrap_or("?"), origin.unwrap_or_default())
        },
    );
    let mut values = table(["cargo configuration", "value", "from", ""]);
    for value in status.values.iter().chain(&status.variables) {
        let mark = if value.in_force { "" } else { "not in force" };
        values.add_row([value.key.as_str(), &value.value, &value.origin, mark].map(clean));
    }
    let mut files = table(["file", ""]);
    for file in &status.files {
        let what = match (&file.included_by, file.read) {
            (_, false) => "not read: `config` beside it is".to_owned(),
            (Some(by), true) => format!("included by {by}"),
            (None, true) => "read".to_owned(),
        };
        files.add_row([file.path.as_str(), &what].map(clean));
    }
    let head = clean(&format!("cargo {version}; {by}"));
    print(&[head, shown(&values), shown(&files)].join("\n\n"))
}

/// Shows what the doctor found, the worst first.
///
/// # Errors
///
/// As [`print()`].
pub fn findings(found: &[Finding], json: bool) -> Result<(), Failure> {
    if json {
        let found: Vec<Finding> = found.iter().map(cleaned).collect();
        return print_json(&found);
    }
    if found.is_empty() {
        return print("nothing found that would not work");
    }
    let text: Vec<String> = found
        .iter()
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            let hint = finding.hint.as_deref().map(|hint| format!("\n  {hint}")).unwrap_or_default();
            clean(&format!("{severity}: {}: {}{hint}", finding.tool, finding.what))
        })
        .collect();
    print(&text.join("\n"))
}

fn cleaned(finding: &Finding) -> Finding {
    Finding { what: clean(&finding.what), hint: finding.hint.as_deref().map(clean), ..finding.clone() }
}
