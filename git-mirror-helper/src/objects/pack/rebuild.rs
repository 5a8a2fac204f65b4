//! Objects rebuilt from the entries of a batch and from what is in the pack already, by several threads.
//!
//! Entries are taken in their order, where a base comes before its deltas and mostly just before; what is not at hand any
//! more is rebuilt along its chain. So memory is the cache and a few objects, whatever the chains are; and chains that make
//! too much of too little meet a limit.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use gix::{ObjectId, hash::Kind, objs};
use mirror_config::errors::Fault;

use super::{
    cache::{Cache, Object},
    delta,
    disk::{Disk, inflate},
    links::{Wanted, links},
    scan::{Base, Content, Entry, LARGEST_OBJECT},
};

/// Links of a delta to the object it rests on, at most; git itself writes no more than 4,095.
const LONGEST_CHAIN: usize = 5000;
/// Bytes that may be made of deltas, in all: so many for each that came, and these. Where a large file has thousands of versions
/// it is hundreds.
const MADE: (u64, u64) = (1000, 1 << 30);
/// What a link of a chain costs, however small it is, in bytes.
const LINK: u64 = 1024;
/// Bytes from which on a base and its result are large: one thread at a time has such.
const LARGE: u64 = 16 << 20;
/// Entries that a thread takes at once, so that most of a family is in one hand.
const STRIDE: usize = 256;
/// Threads, at most.
const MOST_THREADS: usize = 8;

/// An object of the pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) id: ObjectId,
    pub(crate) kind: objs::Kind,
    /// The byte of the file that its entry begins at, and where what is deflated begins and ends.
    pub(crate) offset: u64,
    pub(crate) body: u64,
    pub(crate) end: u64,
    /// Bytes of the content of its entry.
    pub(crate) size: u64,
    pub(crate) crc: u32,
    /// The slot it is a delta on.
    pub(crate) base: Option<u32>,
    /// The number it has for the cache.
    pub(crate) number: u32,
}

/// Where a base is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// There is none: the object is whole.
    Nowhere(objs::Kind),
    /// In the pack.
    Slot(u32),
    /// In the batch.
    Entry(u32),
    /// Not known yet.
    Unknown,
}

/// A batch and what it rests on.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) hash: Kind,
    pub(crate) slots: &'a [Slot],
    pub(crate) disk: &'a Disk,
    pub(crate) entries: &'a [Entry],
    /// Where the base of each entry is.
    pub(crate) bases: &'a [At],
    /// The number of the first entry for the cache; the others follow.
    pub(crate) first: u32,
    pub(crate) cache: &'a Cache,
    pub(crate) effort: &'a Effort,
}

/// What was done for all of a pack.
#[derive(Debug, Default)]
pub(crate) struct Effort {
    /// Bytes that came.
    came: AtomicU64,
    /// Bytes that were made of deltas.
    made: AtomicU64,
    large: Mutex<()>,
}

/// What became of entries: by their places in the batch, their names and kinds; and what they point to.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) objects: Vec<(usize, ObjectId, objs::Kind)>,
    pub(crate) links: Vec<(ObjectId, Wanted)>,
}

impl Built {
    fn with(mut self, other: Self) -> Self {
        self.objects.extend(other.objects);
        self.links.extend(other.links);
        self
    }
}

impl Effort {
    pub(crate) fn came(&self, bytes: u64) {
        self.came.fetch_add(bytes, Ordering::Relaxed);
    }

    fn made(&self, bytes: u64) -> Result<(), Fault> {
        let all = self.made.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all.saturating_sub(MADE.1) / MADE.0 > self.came.load(Ordering::Relaxed) {
            Err(Fault::TooLarge)
        } else {
            Ok(())
        }
    }
}

impl Known<'_> {
    /// Rebuilds those of `todo` whose bases are known. `is_new` says whether something that is pointed to is worth telling.
    pub(crate) fn build(&self, todo: &[usize], is_new: &(impl Fn(&gix::oid) -> bool + Sync)) -> Result<Built, Fault> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<Built, Fault> {
            let (mut built, mut seen) = (Built::default(), gix::hashtable::HashSet::default());
            loop {
                let from = next.fetch_add(STRIDE, Ordering::Relaxed);
                let Some(stride) = todo.get(from..) else { return Ok(built) };
                for place in stride.iter().take(STRIDE) {
                    if let Some((id, kind)) = self.one(*place, &mut |id, wanted| {
                        if is_new(id) && seen.insert(id.to_owned()) {
                            built.links.push((id.to_owned(), wanted));
                        }
                    })? {
                        built.objects.push((*place, id, kind));
                    }
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let threads = threads.min(todo.len().div_ceil(STRIDE));
        thread::scope(|scope| {
            // This thread is one of them: each new one would have a heap of its own, which is not given back.
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                let built = other.join().expect("rebuilding does not panic");
                all = all.and_then(|all| built.map(|built| all.with(built)));
            }
            all
        })
    }

    /// The name of one object; `None` where its base is not known yet.
    fn one(
        &self,
        place: usize,
        found: &mut impl FnMut(&gix::oid, Wanted),
    ) -> Result<Option<(ObjectId, objs::Kind)>, Fault> {
        let entry = &self.entries[place];
        if let Content::Hashed(id) = entry.content {
            return Ok(Some((id, objs::Kind::Blob)));
        }
        let Some(object) = self.object(At::Entry(u32::try_from(place).expect("a batch is small")))? else {
            return Ok(None);
        };
        links(object.kind, &object.bytes, self.hash, found);
        let id = objs::compute_hash(self.hash, object.kind, &object.bytes);
        Ok(Some((id.map_err(|error| Fault::Corrupt(error.to_string()))?, object.kind)))
    }

    /// An object, from the cache or along its chain.
    pub(crate) fn object(&self, at: At) -> Result<Option<Object>, Fault> {
        let (mut at, mut chain) = (at, Vec::new());
        let mut object = loop {
            let number = match at {
                At::Unknown => return Ok(None),
                At::Nowhere(kind) => {
                    let whole = chain.pop().expect("somebody rests on it");
                    break self.keep(whole, Object { kind, bytes: self.content(whole)? });
                }
                At::Slot(slot) => self.slots[slot as usize].number,
                At::Entry(entry) => self.first + entry,
            };
            if let Some(object) = self.cache.get(number) {
                break object;
            }
            if chain.len() > LONGEST_CHAIN {
                return Err(Fault::Corrupt("deltas on each other".to_owned()));
            }
            chain.push(at);
            at = match at {
                At::Entry(entry) => self.bases[entry as usize],
                At::Slot(slot) => match self.slots[slot as usize] {
                    Slot { base: Some(base), .. } => At::Slot(base),
                    Slot { kind, .. } => At::Nowhere(kind),
                },
                other => other,
            };
        };
        while let Some(link) = chain.pop() {
            let made = self.apply(&object, link)?;
            self.effort.made(LINK + made.len() as u64)?;
            object = self.keep(link, Object { kind: object.kind, bytes: Arc::new(made) });
        }
        Ok(Some(object))
    }

    fn keep(&self, at: At, object: Object) -> Object {
        let number = match at {
            At::Slot(slot) => self.slots[slot as usize].number,
            At::Entry(entry) => self.first + entry,
            At::Nowhere(_) | At::Unknown => return object,
        };
        self.cache.put(number, object.clone());
        object
    }

    fn apply(&self, base: &Object, link: At) -> Result<Vec<u8>, Fault> {
        let none = || Fault::Corrupt("a delta that is none".to_owned());
        let delta = self.content(link)?;
        let head = delta::head(&delta).ok_or_else(none)?;
        if head.base.max(head.result) > LARGEST_OBJECT {
            return Err(Fault::LargeObject);
        }
        let large = (head.base + head.result > LARGE).then(|| self.effort.large.lock());
        let made = delta::apply(&base.bytes, &delta).ok_or_else(none);
        drop(large);
        made
    }

    /// What an entry has inflated.
    fn content(&self, at: At) -> Result<Arc<Vec<u8>>, Fault> {
        let size = match at {
            At::Entry(entry) => self.entries[entry as usize].size,
            At::Slot(slot) => self.slots[slot as usize].size,
            At::Nowhere(_) | At::Unknown => 0,
        };
        if size > LARGEST_OBJECT {
            return Err(Fault::LargeObject);
        }
        match at {
            At::Entry(entry) => match &self.entries[entry as usize] {
                Entry { content: Content::Kept(content), .. } => Ok(Arc::clone(content)),
                Entry { deflated, size, .. } => {
                    let mut bytes = Vec::new();
                    deflated.each(|piece| {
                        bytes.extend_from_slice(piece);
                        Ok(())
                    })?;
                    inflate(&bytes, *size).map(Arc::new)
                }
            },
            At::Slot(slot) => {
                let slot = self.slots[slot as usize];
                inflate(&self.disk.read(slot.body..slot.end)?, slot.size).map(Arc::new)
            }
            At::Nowhere(_) | At::Unknown => Err(Fault::Corrupt("a delta on nothing".to_owned())),
        }
    }
}

/// Where the base of an entry is, before anything is known of names.
pub(crate) fn nowhere(base: Base) -> At {
    if let Base::None(kind) = base { At::Nowhere(kind) } else { At::Unknown }
}
