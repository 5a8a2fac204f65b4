//! git's state as tables and as JSON.

use mirror_config::errors::Failure;
use serde::Serialize;

use super::{
    print::{clean, print, print_json, shown, table},
    setting::SettingRow,
};

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
    programs.add_row([crate::system::HELPER, "", helper].map(clean));
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
