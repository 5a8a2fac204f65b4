//! What the first bytes of a pack tell: how large it is, and the newest commits of its history.
//!
//! Packs begin with their commits, the newest first. Those that arrived whole are made a pack of their own; a commit
//! counts only if a chain of hashes leads to it from what was asked for, so nobody can invent one.

use std::collections::{BTreeSet, BinaryHeap, HashSet};

use gix::{ObjectId, hash::Kind, objs, prelude::FindExt};
use gix_pack::data::{
    self,
    entry::Header,
    header,
    input::{BytesToEntriesIter, Entry, EntryDataMode, Mode},
};
use mirror_config::model::Oid;

use crate::objects::{
    pack::index,
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
    /// Whole files among them, and their bytes in the pack.
    pub files: (u64, u64),
    /// Something behind the commits was seen.
    pub is_past_commits: bool,
}

impl Look {
    /// What these bytes show; `None` before the header is there.
    pub fn at(prefix: &[u8], object_format: &str) -> Option<Self> {
        let mut look = Self { objects: objects(prefix)?.into(), ..Self::default() };
        for entry in entries(prefix, hash_of(object_format)) {
            look.seen += 1;
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
    let mut end = header::SIZE as u64;
    let mut count = 0;
    for entry in entries(prefix, hash) {
        if matches!(entry.header, Header::Tree | Header::Blob) {
            break;
        }
        end = entry.pack_offset + entry.bytes_in_pack();
        count += 1;
    }
    let Some(body) = usize::try_from(end).ok().and_then(|end| prefix.get(header::SIZE..end)) else { return Vec::new() };
    if count == 0 {
        return Vec::new();
    }
    let mut pack = header::encode(data::Version::V2, count).to_vec();
    pack.extend_from_slice(body);
    let mut hasher = gix::hash::hasher(hash);
    hasher.update(&pack);
    let Ok(sum) = hasher.try_finalize() else { return Vec::new() };
    pack.extend_from_slice(sum.as_slice());
    reached(&pack, wants, hash).unwrap_or_default()
}

fn entries(prefix: &[u8], hash: Kind) -> impl Iterator<Item = Entry> {
    BytesToEntriesIter::new_from_header(prefix, Mode::AsIs, EntryDataMode::Ignore, hash)
        .into_iter()
        .flat_map(|entries| entries.map_while(Result::ok))
}

/// The commits of a small pack that the wants reach, in the order of their dates.
fn reached(pack: &[u8], wants: &[Oid], hash: Kind) -> Option<Vec<Oid>> {
    let folder = tempfile::tempdir().ok()?;
    let packs = folder.path().join("pack");
    std::fs::create_dir(&packs).ok()?;
    index(pack, &packs, hash).ok()?;
    let objects = gix::odb::at(folder.path(), hash).ok()?;
    let mut buffer = Vec::new();
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut dated: BTreeSet<(i64, usize, ObjectId)> = BTreeSet::new();
    let mut waiting: BinaryHeap<(i64, ObjectId)> = wants.iter().filter_map(object_id).map(|id| (0, id)).collect();
    while let Some((_, id)) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Ok(found) = gix::objs::Find::try_find(&objects, &id, &mut buffer) else { continue };
        match found.map(|found| (found.kind, found.data)) {
            Some((objs::Kind::Tag, data)) => {
                let target = objs::TagRefIter::from_bytes(data, id.kind()).target_id();
                waiting.extend(target.ok().map(|target| (i64::MAX, target)));
            }
            Some((objs::Kind::Commit, _)) => {
                let commit = objects.find_commit_iter(&id, &mut buffer).ok()?;
                let time = commit.committer().map_or(0, |committer| committer.seconds());
                waiting.extend(commit.parent_ids().map(|parent| (time, parent)));
                // Among commits of one second, those found later are older.
                dated.insert((time, usize::MAX - dated.len(), id));
            }
            _ => {}
        }
    }
    Some(dated.into_iter().filter_map(|(_, _, id)| id.to_string().parse().ok()).collect())
}
