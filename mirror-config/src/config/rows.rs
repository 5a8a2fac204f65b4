//! The configuration as rows: every key that the schema knows, with its value as text, and who said so.

use config::{Value, ValueKind};

use super::{origin::BUILT_IN, read::at, schema};
use crate::{message::secrets, model::Address};

/// What cargo writes before the address of a sparse index.
const SPARSE: &str = "sparse+";

/// One key with what holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Such as `git.trust`.
    pub key: &'static str,
    /// Its value, without secrets; the items of a list after each other.
    pub value: String,
    /// `FILE:LINE`, a variable, or `built in`.
    pub origin: String,
}

/// The rows of merged layers. A key that nobody has set, and that has no default, has none; upstreams and mirrors have
/// lists of their own.
pub(super) fn rows(merged: &Value) -> Vec<Row> {
    let keys = schema::KEYS.iter().map(|(key, ..)| *key).filter(|key| !key.contains('*'));
    keys.filter_map(|key| {
        let value = at(merged, &key.split('.').collect::<Vec<_>>())?;
        let origin = value.origin().unwrap_or(BUILT_IN).to_owned();
        Some(Row { key, value: text(value), origin })
    })
    .collect()
}

fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        kind => shown(&kind.to_string()),
    }
}

/// An address as [`Address`] shows it, whose query may be a secret too; any other text without passwords.
fn shown(text: &str) -> String {
    let (before, bare) = text.strip_prefix(SPARSE).map_or(("", text), |bare| (SPARSE, bare));
    match bare.parse::<Address>() {
        Ok(address) if bare.contains("://") => format!("{before}{address}"),
        _ => secrets(text),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_row_shows_no_secret_of_an_address() {
        for (given, text) in [
            ("http://u:hunter2@proxy.example:3128", "http://***@proxy.example:3128/"),
            ("https://pypi.corp.example/simple/?token=hunter2", "https://pypi.corp.example/simple/?***"),
            (
                "sparse+https://u:hunter2@crates.corp.example/index/?t=hunter2",
                "sparse+https://***@crates.corp.example/index/?***",
            ),
            ("socks5h://hunter2@127.0.0.1:1080", "socks5h://***@127.0.0.1:1080"),
            ("/etc/ssl/corp.pem", "/etc/ssl/corp.pem"),
            ("5 GiB", "5 GiB"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(shown(given), text);
        }
    }
}
