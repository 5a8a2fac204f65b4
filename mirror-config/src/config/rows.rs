//! The configuration as rows: every key that the schema knows, with its value as text, and who said so.

use config::{Value, ValueKind};

use super::{origin::BUILT_IN, read::at, schema};
use crate::message::secrets;

/// One key with what holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Such as `git.trust`.
    pub key: &'static str,
    /// Its value, without secrets; the items of a list after each other.
    pub value: String,
    /// `FILE:LINE`, a variable, a flag, or `built in`.
    pub origin: String,
}

/// The rows of merged layers. A key that nobody has set, and that has no default, has none; upstreams and mirrors have
/// lists of their own.
pub(super) fn rows(merged: &Value) -> Vec<Row> {
    let keys = schema::KEYS.iter().map(|(key, ..)| *key).filter(|key| !key.contains('*'));
    keys.filter_map(|key| {
        let value = at(merged, &key.split('.').collect::<Vec<_>>())?;
        let origin = value.origin().unwrap_or(BUILT_IN).to_owned();
        Some(Row { key, value: secrets(&text(value)), origin })
    })
    .collect()
}

fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        kind => kind.to_string(),
    }
}
