//! Entries of upstream's index as they last were, so that upstream only has to say that they still are.
//!
//! A file is its entity tag, a newline, and the entry. A damaged one costs a request.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{blobs, crates, redact::Address, state};

/// The folder of kept entries.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// Below the cache folder.
    pub(super) fn new(cache: &Path) -> Self {
        Self(cache.join("index"))
    }

    /// The tag and the entry.
    pub(super) fn get(&self, address: &Address) -> Option<(String, Vec<u8>)> {
        let bytes = fs::read(self.path(address)?).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (tag, entry) = (String::from_utf8(bytes[..end].to_vec()).ok()?, bytes[end + 1..].to_vec());
        crates::versions(&entry).ok().map(|_| (tag, entry))
    }

    /// Keeps them. Failing to costs a request next time.
    pub(super) fn put(&self, address: &Address, tag: &str, entry: &[u8]) {
        let Some(path) = self.path(address) else { return };
        let written = path.parent().map_or(Ok(()), state::private_folder);
        let written = written.and_then(|()| state::write_whole(&path, &[tag.as_bytes(), b"\n", entry].concat()));
        if let Err(error) = written {
            tracing::debug!(%error, "an entry was not kept");
        }
    }

    fn path(&self, address: &Address) -> Option<PathBuf> {
        let sum = blobs::sha256(address.expose().as_str().as_bytes()).ok()?;
        Some(self.0.join(&sum[..2]).join(&sum[2..34]))
    }
}
