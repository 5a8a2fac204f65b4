//! Entries of upstream's index as they last were, so that upstream only has to say that they still are.
//!
//! A file is its entity tag, a newline, and the entry. A damaged one costs a request.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{entry::Answer, index};
use crate::{
    model::Address,
    system::{digest, state},
};

/// The folder of kept entries.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// Below the cache folder.
    pub(super) fn new(cache: &Path) -> Self {
        Self(cache.join("index"))
    }

    /// The entry with its tag.
    pub(super) fn get(&self, address: &Address) -> Option<Answer> {
        let bytes = fs::read(self.path(address)?).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (tag, body) = (String::from_utf8(bytes[..end].to_vec()).ok()?, bytes[end + 1..].to_vec());
        Some(Answer { checksums: index::checksums(&body).ok()?, body, etag: Some(tag) })
    }

    /// Keeps them. Failing to costs a request next time.
    pub(super) fn put(&self, address: &Address, tag: &str, entry: &[u8]) {
        if let Err(error) = self.write(address, &[tag.as_bytes(), b"\n", entry].concat()) {
            tracing::debug!(%error, "an entry was not kept");
        }
    }

    /// Forgets one that nobody is to have.
    pub(super) fn forget(&self, address: &Address) {
        // An error means that it was not kept.
        let _ = self.path(address).map(fs::remove_file);
    }

    /// Whole, but not synced: hundreds at once would wait for the disk, and a damaged one costs a request.
    fn write(&self, address: &Address, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(address).ok_or(io::ErrorKind::InvalidInput)?;
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        state::private_folder(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path).map(drop).map_err(|error| error.error)
    }

    fn path(&self, address: &Address) -> Option<PathBuf> {
        let sum = digest::sha256(address.expose().as_str().as_bytes()).ok()?;
        Some(self.0.join(&sum[..2]).join(&sum[2..34]))
    }
}
