//! An index entry of a crate, as a source gave it.

use std::collections::BTreeMap;

/// An entry as somebody has it.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its bytes.
    pub(super) body: Vec<u8>,
    /// What names them.
    pub(super) etag: Option<String>,
    /// The checksums in it, by version.
    pub(super) checksums: BTreeMap<String, String>,
}
