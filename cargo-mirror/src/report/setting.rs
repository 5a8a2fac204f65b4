//! A setting of the suite with its origin, as `status` shows it.

use serde::Serialize;

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
