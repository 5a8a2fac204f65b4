//! The list of mirrors as a table and as JSON.

use mirror_config::errors::Failure;
use serde::Serialize;

use super::print::{clean, print, print_json, shown, table};

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

/// Shows the mirrors.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn mirrors(rows: &[MirrorRow], json: bool) -> Result<(), Failure> {
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
