//! A pack that grows: each object is in it once, a delta after its base, and what its objects point to and is nowhere is known
//! at every moment. How streams get in is `absorb`'s matter.
//!
//! The file has a name of its own while it grows, and outlives the process.

use std::{
    collections::{BTreeSet, BinaryHeap},
    fs,
    path::{Path, PathBuf},
    thread,
};

use gix::{
    ObjectId,
    hash::Kind,
    objs::{self, Exists},
};
use gix_pack::data::{self, entry::Header, header};
use mirror_config::errors::Fault;

use super::{
    cache::Cache,
    disk::{Disk, local},
    idx::{self, Crc, Files, Row},
    links::{Wanted, links},
    rebuild::{At, Effort, Known, Slot},
    scan::Entry,
};

/// A pack in the making.
pub(crate) struct Growing {
    pub(super) disk: Disk,
    pub(super) hash: Kind,
    /// Objects that are elsewhere: bases, and what need not come.
    pub(super) others: Option<gix::odb::Handle>,
    pub(super) slots: Vec<Slot>,
    pub(super) places: gix::hashtable::HashMap<ObjectId, u32>,
    pub(super) missing: gix::hashtable::HashMap<ObjectId, Missing>,
    /// How many of those are no files.
    pub(super) missing_others: usize,
    /// Files that are here, and the bytes of their entries.
    files: (u64, u64),
    pub(super) cache: Cache,
    pub(super) effort: Effort,
    pub(super) numbers: u32,
    /// The checksum, where the pack is a stream as it came.
    pub(super) sum: Option<ObjectId>,
    /// It may have objects of others, for deltas to rest on.
    pub(super) borrows: bool,
}

/// Something that is pointed to and is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) wanted: Wanted,
    /// Places in the order in which it was first pointed to.
    pub(super) order: u32,
}

/// A state to come back to.
pub(crate) struct Mark {
    slots: usize,
    bytes: u64,
    files: (u64, u64),
    missing: gix::hashtable::HashMap<ObjectId, Missing>,
}

impl Growing {
    /// A new pack at `path`. What streams leave out may be in `others`.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub(crate) fn begin(path: PathBuf, hash: Kind, mut others: Option<gix::odb::Handle>) -> Result<Self, Fault> {
        let mut disk = Disk::open(path)?;
        disk.truncate(0)?;
        // The count comes last.
        disk.append(&header::encode(data::Version::V2, 0))?;
        // Whoever holds this holds the store, so nothing comes there in the meantime.
        others.iter_mut().for_each(|others| others.refresh_never());
        Ok(Self {
            disk,
            hash,
            others,
            slots: Vec::new(),
            places: Default::default(),
            missing: Default::default(),
            missing_others: 0,
            files: (0, 0),
            cache: Cache::default(),
            effort: Effort::default(),
            numbers: 0,
            sum: None,
            borrows: false,
        })
    }

    /// Objects in it.
    pub(crate) fn objects(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Bytes of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.disk.len()
    }

    /// Whether it may have objects of others, for deltas to rest on.
    pub(crate) fn borrows(&self) -> bool {
        self.borrows
    }

    /// Whether this object is here, or elsewhere.
    pub(crate) fn knows(&self, id: &ObjectId) -> bool {
        self.places.contains_key(id) || self.others.as_ref().is_some_and(|others| others.exists(id))
    }

    /// Something that is pointed to and is nowhere, if there is such.
    pub(crate) fn first_missing(&self) -> Option<ObjectId> {
        self.missing.keys().min().copied()
    }

    /// Files that it has, and the bytes of their entries.
    pub(crate) fn files(&self) -> (u64, u64) {
        self.files
    }

    /// Whether all commits are here: they come first, and trees after them.
    pub(crate) fn is_past_commits(&self) -> bool {
        self.slots.last().is_some_and(|slot| matches!(slot.kind, objs::Kind::Tree | objs::Kind::Blob))
    }

    /// A file that is missing; `None` when none is, or when it is not only files.
    pub(crate) fn some_missing_file(&self) -> Option<ObjectId> {
        if self.missing_others > 0 { None } else { self.missing.keys().next().copied() }
    }

    /// The files that are missing, versions of one after each other; `None` when something else is missing as well.
    pub(crate) fn missing_files(&self) -> Option<Vec<ObjectId>> {
        let file = |(id, missing): (&ObjectId, &Missing)| match missing.wanted {
            Wanted::File(number) => Some((number, missing.order, *id)),
            Wanted::Other => None,
        };
        let mut files: Vec<(u32, u32, ObjectId)> = self.missing.iter().map(file).collect::<Option<_>>()?;
        files.sort_unstable();
        Some(files.into_iter().map(|(.., id)| id).collect())
    }

    /// The commits that are here and that these tips reach, in the order of their dates, whatever order they came in.
    pub(crate) fn commits(&self, tips: &[ObjectId]) -> Vec<ObjectId> {
        let (slots, disk, cache, effort) = (&self.slots, &self.disk, &self.cache, &self.effort);
        let known = Known { hash: self.hash, slots, disk, entries: &[], bases: &[], first: 0, cache, effort };
        let mut seen: gix::hashtable::HashSet<ObjectId> = Default::default();
        let mut dated: BTreeSet<(i64, usize, ObjectId)> = BTreeSet::new();
        let mut waiting: BinaryHeap<(i64, ObjectId)> = tips.iter().map(|tip| (0, *tip)).collect();
        while let Some((_, id)) = waiting.pop() {
            let Some(slot) = self.places.get(&id).copied().filter(|_| seen.insert(id)) else { continue };
            let kind = self.slots[slot as usize].kind;
            if matches!(kind, objs::Kind::Tree | objs::Kind::Blob) {
                continue;
            }
            let Ok(Some(object)) = known.object(At::Slot(slot)) else { continue };
            let mut time = i64::MAX;
            if kind == objs::Kind::Commit {
                let commit = objs::CommitRefIter::from_bytes(&object.bytes, self.hash);
                time = commit.committer().map_or(0, |committer| committer.seconds());
                // Among commits of one second, those found later are older.
                dated.insert((time, usize::MAX - dated.len(), id));
            }
            links(kind, &object.bytes, self.hash, |id, _| waiting.push((time, id.to_owned())));
        }
        dated.into_iter().map(|(.., id)| id).collect()
    }

    /// The annotated tags that are here.
    pub(crate) fn tags(&self) -> Vec<ObjectId> {
        self.slots.iter().filter(|slot| slot.kind == objs::Kind::Tag).map(|slot| slot.id).collect()
    }

    /// Its state, for [`Growing::back_to`].
    pub(crate) fn mark(&self) -> Mark {
        Mark { slots: self.slots.len(), bytes: self.disk.len(), files: self.files, missing: self.missing.clone() }
    }

    /// Forgets what came since.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub(crate) fn back_to(&mut self, mark: Mark) -> Result<(), Fault> {
        for slot in self.slots.drain(mark.slots..) {
            self.places.remove(&slot.id);
        }
        (self.files, self.missing) = (mark.files, mark.missing);
        self.missing_others = self.missing.values().filter(|missing| missing.wanted == Wanted::Other).count();
        self.disk.truncate(mark.bytes)
    }

    /// Writes what is not on the disk yet.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.disk.flush()
    }

    /// Makes it a pack with an index, in this folder; `None` when it is empty.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub(crate) fn finish(mut self, folder: &Path) -> Result<Option<Files>, Fault> {
        if self.slots.is_empty() {
            let _ = fs::remove_file(self.disk.path());
            return Ok(None);
        }
        self.disk.begin_with(&header::encode(data::Version::V2, self.objects()))?;
        // What only growing needs makes room for the index.
        (self.places, self.missing, self.cache) = Default::default();
        let row = |slot: &Slot| Row { id: slot.id, offset: slot.offset, crc: slot.crc };
        let mut rows: Vec<Row> = self.slots.iter().map(row).collect();
        let (known, hash) = (self.sum, self.hash);
        let disk = &mut self.disk;
        let sum = thread::scope(|scope| {
            let sum = scope.spawn(move || known.map_or_else(|| disk.sum(hash), Ok));
            rows.sort_unstable_by_key(|row| row.id);
            sum.join().expect("hashing does not panic")
        })?;
        self.disk.append(sum.as_slice())?;
        self.disk.flush()?;
        let files = Files::named(folder, &sum);
        idx::write(&files.index, &rows, &sum, hash)?;
        fs::rename(self.disk.path(), &files.pack).map_err(local)?;
        Ok(Some(files))
    }

    /// Appends the entry of an object that is new, and says which slot it has.
    pub(super) fn append(
        &mut self,
        entry: &Entry,
        id: ObjectId,
        kind: objs::Kind,
        base: Option<u32>,
        number: u32,
    ) -> Result<u32, Fault> {
        let offset = self.disk.len();
        let header = match (base, kind) {
            (Some(base), _) => Header::OfsDelta { base_distance: offset - self.slots[base as usize].offset },
            (None, objs::Kind::Commit) => Header::Commit,
            (None, objs::Kind::Tree) => Header::Tree,
            (None, objs::Kind::Blob) => Header::Blob,
            (None, objs::Kind::Tag) => Header::Tag,
        };
        let mut head = Vec::new();
        header.write_to(entry.size, &mut head).map_err(local)?;
        self.disk.append(&head)?;
        let mut crc = Crc::of(&head);
        let disk = &mut self.disk;
        entry.deflated.each(|piece| {
            crc.update(piece);
            disk.append(piece)
        })?;
        let crc = crc.value();
        let slot = u32::try_from(self.slots.len()).map_err(|_| Fault::TooLarge)?;
        let body = offset + head.len() as u64;
        self.slots.push(Slot { id, kind, offset, body, end: self.disk.len(), size: entry.size, crc, base, number });
        self.places.insert(id, slot);
        if kind == objs::Kind::Blob {
            self.files = (self.files.0 + 1, self.files.1 + self.disk.len() - offset);
        }
        if self.missing.remove(&id).is_some_and(|missing| missing.wanted == Wanted::Other) {
            self.missing_others -= 1;
        }
        Ok(slot)
    }
}
