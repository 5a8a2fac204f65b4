//! What the first bytes of a pack tell: how large it is, and the newest commits of its history.
//!
//! Packs begin with their commits, the newest first. Those that arrived whole are looked at; a commit counts only if a chain of hashes leads to it from what was asked for, so nobody can invent one.

use gix::{ObjectId, hash::Kind};
use gix_pack::data::{
    entry::Header,
    header,
    input::{BytesToEntriesIter, Entry, EntryDataMode, Mode},
};
use mirror_config::{errors::Fault, model::Oid};

use crate::objects::{
    pack::{Growing, Scan},
    store::{hash_of, object_id},
};

/// Bytes that an object takes in a pack where nothing is known; about what large projects have.
pub const USUAL_SIZE: u64 = 600;
/// Bytes after which a pack's number of objects is known.
pub const HEAD: u64 = header::SIZE as u64;
/// So many files, of so many bytes in the pack on average, are heavy: a name is 50 bytes of a request.
const HEAVY: (u64, u64) = (2, 4096);

/// What the first bytes of a pack show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Objects of the pack, by its header.
    pub objects: u64,
    /// Objects that were seen.
    pub seen: u64,
    /// Bytes up to the end of the last one.
    pub whole: u64,
    /// Whole files among them, and their bytes in the pack.
    pub files: (u64, u64),
    /// Commits among them.
    pub commits: usize,
    /// Something behind the commits was seen.
    pub is_past_commits: bool,
}

impl Look {
    /// What these bytes show; `None` before the header is there.
    pub fn at(prefix: &[u8], object_format: &str) -> Option<Self> {
        let mut look = Self { objects: objects(prefix)?.into(), ..Self::default() };
        for entry in entries(prefix, hash_of(object_format)) {
            look.seen += 1;
            look.whole = entry.pack_offset + entry.bytes_in_pack();
            look.commits += usize::from(entry.header == Header::Commit);
            look.is_past_commits |= matches!(entry.header, Header::Tree | Header::Blob);
            if entry.header == Header::Blob {
                look.files = (look.files.0 + 1, look.files.1 + entry.bytes_in_pack());
            }
        }
        Some(look)
    }

    /// Whether files are so large that asking for them by name costs little beside them.
    pub fn is_heavy(&self) -> bool {
        self.files.0 >= HEAVY.0 && self.files.1 / self.files.0 >= HEAVY.1
    }

    /// Bytes that are still to come: as many for each object as the files took that were seen. Trees come before files, and tell
    /// little of them.
    pub fn left(&self) -> u64 {
        let each = self.files.1.checked_div(self.files.0).unwrap_or(0).max(USUAL_SIZE);
        self.objects.saturating_sub(self.seen) * each
    }
}

/// Objects in a pack, by its header.
pub fn objects(prefix: &[u8]) -> Option<u32> {
    let head = prefix.first_chunk::<{ header::SIZE }>()?;
    header::decode(head).ok().map(|(_, objects)| objects)
}

/// The commits at the beginning of a pack that the wants reach, oldest first.
pub fn commits(prefix: &[u8], wants: &[Oid], object_format: &str) -> Vec<Oid> {
    let hash = hash_of(object_format);
    let found = || -> Result<Vec<ObjectId>, Fault> {
        let folder = tempfile::tempdir().map_err(|error| Fault::Local(error.to_string()))?;
        let mut growing = Growing::begin(folder.path().join("prefix"), hash, None)?;
        // It ends somewhere in the middle.
        let _ = growing.absorb(Scan::endless(prefix, hash)?, &mut |_| Ok(()));
        Ok(growing.commits(&wants.iter().filter_map(object_id).collect::<Vec<_>>()))
    };
    found().unwrap_or_default().into_iter().filter_map(|id| id.to_string().parse().ok()).collect()
}

fn entries(prefix: &[u8], hash: Kind) -> impl Iterator<Item = Entry> {
    BytesToEntriesIter::new_from_header(prefix, Mode::AsIs, EntryDataMode::Ignore, hash)
        .into_iter()
        .flat_map(|entries| entries.map_while(Result::ok))
}
