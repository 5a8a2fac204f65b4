//! A key with a value that a change adds, and that its undoing takes back.

use serde::{Deserialize, Serialize};

/// A key with one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Such as `protocol.mirror.allow`.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Entry {
    /// A key with a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}
