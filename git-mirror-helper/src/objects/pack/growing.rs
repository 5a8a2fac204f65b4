//! A pack that grows: streams are taken in one after the other, their objects rebuilt and named, and the entries appended of
//! those that are new.
//!
//! One thread reads and inflates, others rebuild, while more arrives. Each object is in the pack once, a delta after its
//! base, whatever the streams did; what deltas rest on and is elsewhere is added. What objects point to and is nowhere is
//! known at every moment. The file has its own name while it grows, and outlives the process: [`Growing::again`] reads it.

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::{atomic::AtomicBool, mpsc},
    thread,
};

use gix::{
    ObjectId,
    hash::Kind,
    objs::{self, Exists, Find},
};
use gix_pack::data::{
    self,
    entry::Header,
    header,
    input,
};
use mirror_config::errors::Fault;

use super::{
    cache::Cache,
    disk::{Disk, local},
    idx::{self, Files, Row},
    links::{Wanted, links},
    rebuild::{At, Known, Slot, Work, nowhere},
    scan::{Base, Content, Entry, Scan},
};

/// Bytes of deltas that wait for a base which comes later: git's servers never send such.
const MOST_WAITING: usize = 16 << 20;

/// A pack in the making.
pub(crate) struct Growing {
    disk: Disk,
    hash: Kind,
    /// Objects that are elsewhere: bases, and what need not come.
    others: Option<gix::odb::Handle>,
    slots: Vec<Slot>,
    places: gix::hashtable::HashMap<ObjectId, u32>,
    missing: gix::hashtable::HashMap<ObjectId, Missing>,
    /// How many of those are no files.
    missing_others: usize,
    /// Files that are here, and the bytes of their entries.
    files: (u64, u64),
    cache: Cache,
    work: Work,
    numbers: u32,
    /// The checksum, where the pack is a stream as it came.
    sum: Option<ObjectId>,
}

/// Something that is pointed to and is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missing {
    wanted: Wanted,
    /// Places in the order in which it was first pointed to.
    order: u32,
}

/// A state to come back to.
pub(crate) struct Mark {
    slots: usize,
    bytes: u64,
    missing: gix::hashtable::HashMap<ObjectId, Missing>,
}

/// A stream that is being taken in.
#[derive(Default)]
struct Stream {
    /// The slots of its entries, by the bytes that they began at.
    places: HashMap<u64, u32>,
    /// Entries whose bases have not come yet.
    waiting: Vec<Entry>,
    /// Entries went into the pack exactly as they came.
    changed: bool,
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
            work: Work::default(),
            numbers: 0,
            sum: None,
        })
    }

    /// The pack that a process has left at `path`, up to the last entry that is whole, or so many bytes of it.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk; what cannot be read ends the pack.
    pub(crate) fn again(path: &Path, bytes: u64, hash: Kind, others: Option<gix::odb::Handle>) -> Result<Self, Fault> {
        let left = fs::File::open(path).map_err(local)?;
        let mut again = Self::begin(path.with_extension("again"), hash, others)?;
        if let Ok(scan) = Scan::endless(left.take(bytes), hash) {
            match again.absorb(scan, &mut |_| Ok(())) {
                Err(fault @ Fault::Local(_)) => return Err(fault),
                ended => tracing::debug!(?ended, objects = again.slots.len(), "taken up again"),
            }
        }
        again.disk.flush()?;
        again.disk.rename(path.to_owned())?;
        Ok(again)
    }

    /// Takes a pack in; `look` is called when more is in the pack, and ends it by a fault.
    ///
    /// # Errors
    ///
    /// Those of [`Scan::next`] and of `look`; [`Fault::Corrupt`] for what cannot be rebuilt, [`Fault::TooLarge`] for what
    /// memory could not hold, [`Fault::Local`] for the disk. What came whole before is in the pack.
    pub(crate) fn absorb<R: Read + Send>(
        &mut self,
        mut scan: Scan<R>,
        look: &mut dyn FnMut(&Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let first = self.slots.is_empty();
        let mut stream = Stream::default();
        let stop = AtomicBool::new(false);
        let (taken, scan) = thread::scope(|scope| {
            let (send, batches) = mpsc::sync_channel(1);
            let stop = &stop;
            let reader = scope.spawn(move || {
                while let Some(batch) = scan.next(stop).transpose() {
                    let over = batch.is_err();
                    if send.send(batch).is_err() || over {
                        break;
                    }
                }
                scan
            });
            let mut take = |batches: mpsc::Receiver<Result<Vec<Entry>, Fault>>| {
                for batch in batches {
                    self.take(&mut stream, batch?)?;
                    look(self)?;
                }
                Ok(())
            };
            let taken = take(batches);
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            (taken, reader.join().expect("reading a pack does not panic"))
        });
        taken?;
        if !stream.waiting.is_empty() {
            return Err(Fault::Corrupt("an incomplete pack: a delta rests on nothing".to_owned()));
        }
        self.sum = scan.sum().filter(|_| first && !stream.changed);
        Ok(())
    }

    /// Objects in it.
    pub(crate) fn objects(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Bytes of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.disk.len()
    }

    /// Whether it has this object.
    pub(crate) fn has(&self, id: &ObjectId) -> bool {
        self.places.contains_key(id)
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

    /// The commits that are here and that these tips reach, oldest first, as they came.
    pub(crate) fn commits(&self, tips: &[ObjectId]) -> Vec<ObjectId> {
        let mut waiting: Vec<u32> = tips.iter().filter_map(|tip| self.places.get(tip)).copied().collect();
        let mut found: std::collections::BTreeSet<u32> = std::collections::BTreeSet::new();
        let mut seen: gix::hashtable::HashSet<ObjectId> = Default::default();
        let (slots, disk, cache, work) = (&self.slots, &self.disk, &self.cache, &self.work);
        let known = Known { hash: self.hash, slots, disk, entries: &[], bases: &[], first: 0, cache, work };
        while let Some(slot) = waiting.pop() {
            let Slot { id, kind, .. } = self.slots[slot as usize];
            if !seen.insert(id) || matches!(kind, objs::Kind::Tree | objs::Kind::Blob) {
                continue;
            }
            if kind == objs::Kind::Commit {
                found.insert(slot);
            }
            let Ok(Some(object)) = known.object(At::Slot(slot)) else { continue };
            links(kind, &object.bytes, self.hash, |id, _| waiting.extend(self.places.get(id)));
        }
        // The newest come first.
        found.into_iter().rev().map(|slot| self.slots[slot as usize].id).collect()
    }

    /// Its state, for [`Growing::back_to`].
    pub(crate) fn mark(&self) -> Mark {
        Mark { slots: self.slots.len(), bytes: self.disk.len(), missing: self.missing.clone() }
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
        self.missing = mark.missing;
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

    /// Takes entries in.
    fn take(&mut self, stream: &mut Stream, fresh: Vec<Entry>) -> Result<(), Fault> {
        let mut entries = self.outside(&stream.waiting, &fresh)?;
        stream.changed |= !entries.is_empty() || !stream.waiting.is_empty();
        let outside = entries.len();
        entries.append(&mut stream.waiting);
        entries.extend(fresh);
        let came: usize = entries.iter().map(|entry| entry.deflated.len()).sum();
        self.work.came(came as u64);
        let number = |place: usize| u32::try_from(place).expect("a batch is small");
        let at: HashMap<u64, u32> =
            entries.iter().enumerate().skip(outside).map(|(place, entry)| (entry.at, number(place))).collect();
        let mut names: gix::hashtable::HashMap<ObjectId, u32> = Default::default();
        let mut bases: Vec<At> = Vec::with_capacity(entries.len());
        for entry in &entries {
            bases.push(match entry.base {
                Base::At(offset) => match (stream.places.get(&offset), at.get(&offset)) {
                    (Some(slot), _) => At::Slot(*slot),
                    (None, Some(place)) => At::Entry(*place),
                    (None, None) => return Err(Fault::Corrupt("a delta on nothing".to_owned())),
                },
                Base::Named(id) => self.places.get(&id).map_or(At::Unknown, |slot| At::Slot(*slot)),
                whole @ Base::None(_) => nowhere(whole),
            });
        }
        let first = self.numbers;
        self.numbers = self.numbers.checked_add(number(entries.len())).ok_or(Fault::TooLarge)?;
        let mut built: Vec<Option<(ObjectId, objs::Kind)>> = vec![None; entries.len()];
        let mut links = Vec::new();
        loop {
            let todo: Vec<usize> = (0..entries.len()).filter(|place| built[*place].is_none()).collect();
            let (slots, disk, cache, work) = (&self.slots, &self.disk, &self.cache, &self.work);
            let known = Known { hash: self.hash, slots, disk, entries: &entries, bases: &bases, first, cache, work };
            let places = &self.places;
            let now = known.build(&todo, &|id| !places.contains_key(id))?;
            links.extend(now.links);
            for (place, id, kind) in &now.objects {
                built[*place] = Some((*id, *kind));
                names.entry(*id).or_insert(number(*place));
            }
            // What is named may have been in this very batch.
            let mut found = false;
            for (entry, base) in entries.iter().zip(&mut bases).filter(|(_, base)| **base == At::Unknown) {
                if let Base::Named(id) = entry.base
                    && let Some(place) = names.get(&id)
                {
                    (*base, found) = (At::Entry(*place), true);
                }
            }
            if !found {
                break;
            }
        }
        self.append_all(stream, entries, &bases, &built, first)?;
        for (id, wanted) in links {
            let here = self.places.contains_key(&id) || self.others.as_ref().is_some_and(|others| others.exists(&id));
            if !here {
                let order = u32::try_from(self.missing.len()).unwrap_or(u32::MAX);
                self.missing.entry(id).or_insert_with(|| {
                    self.missing_others += usize::from(wanted == Wanted::Other);
                    Missing { wanted, order }
                });
            }
        }
        Ok(())
    }

    /// What deltas rest on and is elsewhere, as entries of this pack.
    fn outside(&self, waiting: &[Entry], fresh: &[Entry]) -> Result<Vec<Entry>, Fault> {
        let Some(others) = &self.others else { return Ok(Vec::new()) };
        let mut asked = gix::hashtable::HashSet::default();
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        for entry in waiting.iter().chain(fresh) {
            if let Base::Named(id) = entry.base
                && !self.places.contains_key(&id)
                && asked.insert(id)
                && let Some(object) = others.try_find(&id, &mut buffer).map_err(|e| Fault::Local(e.to_string()))?
            {
                let made = input::Entry::from_data_obj(&object, 0, gix::zlib::Compression::BEST_SPEED);
                let made = made.map_err(|error| Fault::Local(error.to_string()))?;
                found.push(Entry {
                    at: u64::MAX,
                    base: Base::None(object.kind),
                    size: made.decompressed_size,
                    deflated: made.compressed.unwrap_or_default(),
                    content: Content::Kept(object.data.to_vec().into()),
                });
            }
        }
        Ok(found)
    }

    /// Appends the entries of objects that are new, each after its base.
    fn append_all(
        &mut self,
        stream: &mut Stream,
        entries: Vec<Entry>,
        bases: &[At],
        built: &[Option<(ObjectId, objs::Kind)>],
        first: u32,
    ) -> Result<(), Fault> {
        let mut slots: Vec<Option<u32>> = vec![None; entries.len()];
        for place in 0..entries.len() {
            let mut chain = vec![place];
            while let Some(At::Entry(base)) = chain.last().map(|last| bases[*last])
                && slots[base as usize].is_none()
                && built[place].is_some()
            {
                chain.push(base as usize);
            }
            for place in chain.into_iter().rev() {
                let (Some((id, kind)), None) = (built[place], slots[place]) else { continue };
                let slot = match self.places.get(&id) {
                    Some(slot) => {
                        stream.changed = true;
                        *slot
                    }
                    None => {
                        let base = match bases[place] {
                            At::Slot(slot) => Some(slot),
                            At::Entry(base) => slots[base as usize],
                            At::Nowhere(_) | At::Unknown => None,
                        };
                        stream.changed |= self.disk.len() != entries[place].at;
                        let number = first + u32::try_from(place).expect("a batch is small");
                        self.append(&entries[place], id, kind, base, number)?
                    }
                };
                slots[place] = Some(slot);
                stream.places.insert(entries[place].at, slot);
            }
        }
        let waits = entries.into_iter().zip(&slots).filter(|(_, slot)| slot.is_none());
        stream.waiting = waits.map(|(entry, _)| entry).collect();
        let waiting: usize = stream.waiting.iter().map(|entry| entry.deflated.len()).sum();
        if waiting > MOST_WAITING {
            return Err(Fault::Corrupt("deltas without a base".to_owned()));
        }
        Ok(())
    }

    fn append(
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
        let mut crc = crc32fast::Hasher::new();
        crc.update(&head);
        crc.update(&entry.deflated);
        self.disk.append(&head)?;
        self.disk.append(&entry.deflated)?;
        let slot = u32::try_from(self.slots.len()).map_err(|_| Fault::TooLarge)?;
        let body = offset + head.len() as u64;
        let crc = crc.finalize();
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

/// Writes a pack with its index into a folder, and says how many objects it has. What deltas rest on is in it.
///
/// # Errors
///
/// As [`Growing::absorb`]. Nothing is said about what the pack contains.
pub(crate) fn index(stream: impl Read + Send, folder: &Path, hash: Kind) -> Result<u32, Fault> {
    let mut growing = Growing::begin(folder.join("growing"), hash, None)?;
    growing.absorb(Scan::new(stream, hash)?, &mut |_| Ok(()))?;
    let objects = growing.objects();
    growing.finish(folder)?;
    Ok(objects)
}
