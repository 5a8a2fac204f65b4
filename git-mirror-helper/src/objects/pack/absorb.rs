//! How a stream gets into a pack that grows: read and inflated by one thread, rebuilt by others, while more arrives.
//!
//! Whatever the stream does, the pack has each object once and a delta after its base; what deltas rest on and is elsewhere is
//! added.

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use gix::{
    ObjectId,
    hash::Kind,
    objs::{self, Find},
    odb::Header as _,
};
use gix_pack::data::input;
use mirror_config::errors::Fault;

use super::{
    deflated::Deflated,
    disk::local,
    growing::{Growing, Missing},
    links::Wanted,
    rebuild::{At, Known, nowhere},
    scan::{Base, Content, Entry, LARGEST_OBJECT, Scan},
};

/// Bytes of deltas that wait for a base which comes later: git's servers never send such.
const MOST_WAITING: u64 = 16 << 20;

/// A stream that is being taken in.
#[derive(Default)]
struct Stream {
    /// The slots of its entries, by the bytes that they began at.
    places: HashMap<u64, u32>,
    /// Entries whose bases have not come yet.
    waiting: Vec<Entry>,
    /// Not all entries went into the pack exactly as they came.
    changed: bool,
}

impl Growing {
    /// The pack that a process has left at `path`, up to the last entry that is whole, or so many bytes of it.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk; what cannot be read ends the pack.
    pub(crate) fn again(path: &Path, bytes: u64, hash: Kind, others: Option<gix::odb::Handle>) -> Result<Self, Fault> {
        let left = fs::File::open(path).map_err(local)?;
        let mut again = Self::begin(path.with_extension("again"), hash, others)?;
        // Whoever left it may have put in what nobody can tell from the rest any more.
        again.borrows = true;
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
    /// Those of [`Scan::next`] and of `look`; [`Fault::Corrupt`] for what cannot be rebuilt, [`Fault::LargeObject`] for what
    /// memory could not hold, [`Fault::Local`] for the disk. What came whole before is in the pack.
    pub(crate) fn absorb<R: Read + Send>(
        &mut self,
        mut scan: Scan<R>,
        look: &mut dyn FnMut(&Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let first = self.slots.is_empty();
        self.sum = None;
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
                    // What is killed now has left it.
                    self.disk.flush()?;
                    look(self)?;
                }
                Ok(())
            };
            let taken = take(batches);
            stop.store(true, Ordering::Relaxed);
            (taken, reader.join().expect("reading a pack does not panic"))
        });
        taken?;
        if !stream.waiting.is_empty() {
            return Err(Fault::Corrupt("an incomplete pack: a delta rests on nothing".to_owned()));
        }
        self.sum = scan.sum().filter(|_| first && !stream.changed);
        Ok(())
    }

    /// Takes entries in.
    fn take(&mut self, stream: &mut Stream, fresh: Vec<Entry>) -> Result<(), Fault> {
        let mut entries = self.outside(&stream.waiting, &fresh)?;
        stream.changed |= !entries.is_empty() || !stream.waiting.is_empty();
        let outside = entries.len();
        self.borrows |= outside > 0;
        entries.append(&mut stream.waiting);
        entries.extend(fresh);
        let came: u64 = entries.iter().map(|entry| entry.deflated.len()).sum();
        self.effort.came(came);
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
            let (slots, disk, cache, effort) = (&self.slots, &self.disk, &self.cache, &self.effort);
            let known = Known { hash: self.hash, slots, disk, entries: &entries, bases: &bases, first, cache, effort };
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
            if !self.knows(&id) {
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
                && fits(others, &id)?
                && let Some(object) = others.try_find(&id, &mut buffer).map_err(|e| Fault::Local(e.to_string()))?
            {
                let made = input::Entry::from_data_obj(&object, 0, gix::zlib::Compression::BEST_SPEED);
                let made = made.map_err(|error| Fault::Local(error.to_string()))?;
                found.push(Entry {
                    at: u64::MAX,
                    base: Base::None(object.kind),
                    size: made.decompressed_size,
                    deflated: Deflated::Memory(made.compressed.unwrap_or_default()),
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
        let waiting: u64 = stream.waiting.iter().map(|entry| entry.deflated.len()).sum();
        if waiting > MOST_WAITING {
            return Err(Fault::Corrupt("deltas without a base".to_owned()));
        }
        Ok(())
    }
}

/// Whether memory holds an object, if there is such.
fn fits(others: &gix::odb::Handle, id: &ObjectId) -> Result<bool, Fault> {
    let header = others.try_header(id).map_err(|error| Fault::Local(error.to_string()))?;
    match header {
        Some(header) if header.size() > LARGEST_OBJECT => Err(Fault::LargeObject),
        found => Ok(found.is_some()),
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

#[cfg(test)]
mod tests {
    use super::{Growing, Scan};
    use crate::objects::pack::made::{Item, pack};
    use gix::{ObjectId, hash::Kind, objs};
    use mirror_config::errors::Fault;

    fn file(data: &[u8]) -> ObjectId {
        objs::compute_hash(Kind::Sha1, objs::Kind::Blob, data).expect("a hash")
    }

    /// A delta that puts a letter behind a base.
    fn delta(base: usize, letter: u8) -> Vec<u8> {
        vec![base as u8, base as u8 + 1, 0x90, base as u8, 1, letter]
    }

    fn take(growing: &mut Growing, items: &[Item<'_>]) -> Result<(), Fault> {
        growing.absorb(Scan::new(&pack(items)[..], Kind::Sha1)?, &mut |_| Ok(()))
    }

    #[test]
    fn commits_are_told_in_the_order_of_their_dates_and_only_those_that_are_reached() {
        let commit = |parents: &[ObjectId], time: u32| {
            let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
            let (tree, who) = (file(b"no tree is needed"), format!("A <a> {time} +0000"));
            format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nx\n").into_bytes()
        };
        let id = |data: &[u8]| objs::compute_hash(Kind::Sha1, objs::Kind::Commit, data).expect("a hash");
        let first = commit(&[], 1);
        let second = commit(&[id(&first)], 2);
        let third = commit(&[id(&second)], 3);
        let invented = commit(&[id(&first)], 2);
        let whole = |data| Item::Whole(objs::Kind::Commit, data);
        // As servers send them: what is tagged comes before what is not.
        for order in [[&second, &invented, &third, &first], [&third, &second, &first, &invented]] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut growing = Growing::begin(folder.path().join("growing"), Kind::Sha1, None).expect("a new file");
            take(&mut growing, &order.map(|data| whole(data.as_slice()))).expect("commits");
            assert_eq!(growing.commits(&[id(&third)]), [id(&first), id(&second), id(&third)]);
            assert_eq!(growing.commits(&[id(&second), file(b"nothing")]), [id(&first), id(&second)]);
        }
    }

    #[test]
    fn each_object_is_there_once_and_a_delta_after_its_base() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut growing = Growing::begin(folder.path().join("growing"), Kind::Sha1, None).expect("a new file");
        let (one, two) = (delta(3, b'1'), delta(4, b'2'));
        take(&mut growing, &[Item::Whole(objs::Kind::Blob, b"abc"), Item::On(0, &one), Item::On(1, &two)])
            .expect("a chain");
        // The same again, by name, in another order, and a base that comes later.
        let (three, four) = (delta(5, b'3'), delta(6, b'4'));
        take(
            &mut growing,
            &[
                Item::Named(file(b"abc123"), &four),
                Item::Named(file(b"abc12"), &three),
                Item::Named(file(b"abc"), &one),
            ],
        )
        .expect("a chain from behind");
        let mark = growing.mark();
        take(&mut growing, &[Item::Whole(objs::Kind::Blob, b"xyz")]).expect("a file");
        let nothing = take(&mut growing, &[Item::Whole(objs::Kind::Blob, b"w"), Item::Named(file(b"nowhere"), &one)]);
        assert!(matches!(nothing, Err(Fault::Corrupt(why)) if why.contains("incomplete")));
        assert!(take(&mut growing, &[Item::On(0, &one)]).is_err(), "on itself");
        growing.back_to(mark).expect("shorter");
        let names = ["abc", "abc1", "abc12", "abc123", "abc1234"].map(|name| file(name.as_bytes()));
        assert!(
            names.iter().all(|name| growing.knows(name))
                && !growing.knows(&file(b"xyz"))
                && !growing.knows(&file(b"w"))
        );
        growing.flush().expect("room");

        // Another process finds all that was whole.
        let path = folder.path().join("growing");
        let bytes = std::fs::read(&path).expect("it is there");
        let left = folder.path().join("left");
        std::fs::write(&left, &bytes[..bytes.len() - 1]).expect("ours");
        let again = Growing::again(&left, u64::MAX, Kind::Sha1, None).expect("readable");
        assert_eq!(again.objects(), 4, "all but the last");

        let files = growing.finish(folder.path()).expect("room").expect("not empty");
        let bundle = gix_pack::Bundle::at(&files.index, Kind::Sha1).expect("a pack with its index");
        assert_eq!(bundle.index.num_objects(), 5);
        let mut found: Vec<ObjectId> = bundle.index.iter().map(|entry| entry.oid).collect();
        let mut wanted = names.to_vec();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
        let checked = bundle.verify_integrity(
            &mut gix::progress::Discard,
            &std::sync::atomic::AtomicBool::new(false),
            gix_pack::index::verify::integrity::Options {
                verify_mode: gix_pack::index::verify::Mode::HashCrc32Decode,
                traversal: gix_pack::index::traverse::Algorithm::Lookup,
                thread_limit: Some(1),
                make_pack_lookup_cache: || gix_pack::cache::Never,
            },
        );
        assert!(checked.is_ok(), "{:?}", checked.err());
    }
}
