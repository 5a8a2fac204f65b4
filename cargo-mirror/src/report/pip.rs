//! pip's state, as tables and as JSON.

use mirror_config::errors::Failure;
use serde::Serialize;

use super::print::{clean, print, print_json, shown, table};

/// A link to the shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipLink {
    /// Where it is.
    pub path: String,
    /// Where it leads.
    pub target: String,
    /// Whether something is there.
    pub leads: bool,
}

/// What the shim says that it would do for `pip install`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipInstall {
    /// The pip that would run.
    pub pip: String,
    /// Whether the shim would give it an index.
    pub injects: bool,
    /// Why, or why not.
    pub why: String,
    /// Which index: `relay`, a mirror's name, or `upstream`.
    pub index: Option<String>,
}

/// A file of pip's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipFile {
    /// Where it is.
    pub path: String,
    /// `global`, `user`, `site` or `PIP_CONFIG_FILE`.
    pub level: &'static str,
    /// Whether it is there.
    pub there: bool,
    /// Whether `PIP_CONFIG_FILE` keeps pip from looking for it.
    pub hidden: bool,
    /// What pip cannot read in it, with the line.
    pub wrong: Option<String>,
}

/// A value of pip's configuration, or a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipValue {
    /// `SECTION.OPTION`, or the variable's name.
    pub key: String,
    /// What it says, without secrets.
    pub value: String,
    /// `FILE:LINE`, or `environment`.
    pub origin: String,
    /// Whether nothing stronger says otherwise.
    pub in_force: bool,
}

/// The index that a set-up gave pip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipEdit {
    /// The file.
    pub file: String,
    /// The index.
    pub index: String,
}

/// What `status pip` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipStatus {
    /// Where `pip-shim` is.
    pub shim: Option<String>,
    /// The folder of the links.
    pub folder: String,
    /// Whether it is on PATH.
    pub on_path: bool,
    /// Whether it is in front of all other pips.
    pub in_front: bool,
    /// The links.
    pub links: Vec<PipLink>,
    /// All pips on PATH, in its order.
    pub pips: Vec<String>,
    /// What `pip install` comes to with the shim; absent when the shim cannot say.
    pub install: Option<PipInstall>,
    /// What a set-up put into `pip.conf` and is there still.
    pub edit: Option<PipEdit>,
    /// pip's files, weakest first.
    pub files: Vec<PipFile>,
    /// What they and variables say that matters, weakest first.
    pub values: Vec<PipValue>,
}

/// Shows pip's state.
///
/// # Errors
///
/// As [`print()`].
pub fn pip_status(status: &PipStatus, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(status);
    }
    let mut lines = Vec::new();
    let place = match (status.links.is_empty(), status.in_front, status.on_path) {
        (true, _, _) => "has no links: `cargo mirror setup pip`",
        (false, true, _) => "is in front on PATH",
        (false, false, true) => "is on PATH, but behind another pip",
        (false, false, false) => "is not on PATH",
    };
    lines.push(format!("pip-shim {}; {} {place}", status.shim.as_deref().unwrap_or("not found"), status.folder));
    if let Some(first) = status.pips.first() {
        lines.push(format!("`pip` is {first}"));
    }
    if let Some(install) = &status.install {
        let index = install.index.as_deref().unwrap_or("no index");
        lines.push(format!("`pip install` through the shim: {}, {index}: {}", install.pip, install.why));
    }
    lines.push(match &status.edit {
        Some(edit) => format!("without the shim, pip uses {}, by {}", edit.index, edit.file),
        None => "pip.conf has no index of ours: `cargo mirror setup pip --pip-conf`".to_owned(),
    });
    let mut links = table(["link", "leads to", ""]);
    for link in &status.links {
        let mark = if link.leads { "" } else { "nothing is there" };
        links.add_row([link.path.as_str(), &link.target, mark].map(clean));
    }
    let mut values = table(["pip configuration", "value", "from", ""]);
    for value in &status.values {
        let mark = if value.in_force { "" } else { "not in force" };
        values.add_row([value.key.as_str(), &value.value, &value.origin, mark].map(clean));
    }
    let mut files = table(["file", "level", ""]);
    for file in &status.files {
        let what = match (&file.wrong, file.hidden, file.there) {
            (Some(wrong), _, _) => format!("pip cannot read it: {wrong}"),
            (None, true, _) => "hidden by PIP_CONFIG_FILE".to_owned(),
            (None, false, true) => "read".to_owned(),
            (None, false, false) => "not there".to_owned(),
        };
        files.add_row([file.path.as_str(), file.level, &what].map(clean));
    }
    let tables = [(&links, status.links.len()), (&values, status.values.len()), (&files, status.files.len())];
    let tables = tables.into_iter().filter(|(_, rows)| *rows > 0).map(|(table, _)| shown(table));
    print(&[clean_lines(&lines)].into_iter().chain(tables).collect::<Vec<_>>().join("\n\n"))
}

fn clean_lines(lines: &[String]) -> String {
    lines.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n")
}
