//! A pack from a stream into the store: rebuilt while it arrives, believed only when it is whole.
//!
//! Whole means: its checksum is right, it contains what was wanted, and everything its objects point to is in it or
//! was in the store before. The checksum says that nothing was damaged on the way; the rest says that the sender did
//! not leave anything out. That the refs are the right ones is the authority's business.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use gix_pack::{Bundle, data::input};
use mirror_config::{errors::Fault, model::Oid, system::state};

use crate::objects::{
    pack::{Files, Growing, Scan, Watched},
    store::{Part, Store, hash_of, object_id, records},
};

/// The pack that grows, among the parts of a transfer.
const GROWING: &str = "growing.pack";

/// What has landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landed {
    /// Objects in the pack.
    pub objects: u32,
    /// Its files, unless it was empty.
    pub files: Option<Files>,
}

/// What has arrived of one transfer, on its way into the store.
pub struct Landing {
    growing: Growing,
    store: Store,
}

/// What has come of a pack.
pub struct Arrived<'a>(&'a Growing);

impl Arrived<'_> {
    /// Objects.
    pub fn objects(&self) -> u64 {
        self.0.objects().into()
    }

    /// Files among them, and their bytes in the pack.
    pub fn files(&self) -> (u64, u64) {
        self.0.files()
    }

    /// Whether all commits are here.
    pub fn is_past_commits(&self) -> bool {
        self.0.is_past_commits()
    }

    /// A file that is missing; `None` when none is, or when it is not only files.
    pub fn some_missing_file(&self) -> Option<Oid> {
        self.0.some_missing_file()?.to_string().parse().ok()
    }
}

impl Landing {
    /// One that outlives the process.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub fn begin(store: &Store) -> Result<Self, Fault> {
        state::private_folder(&store.parts()).map_err(local)?;
        Self::at(store, store.parts().join(GROWING))
    }

    /// The one that another process has left, or its first so many bytes; `None` where there is nothing.
    pub fn resume(store: &Store, bytes: u64) -> Option<Self> {
        let objects = store.objects().ok()?;
        let growing = Growing::again(&store.parts().join(GROWING), bytes, store.hash(), Some(objects)).ok()?;
        (growing.objects() > 0).then(|| Self { growing, store: store.clone() })
    }

    fn at(store: &Store, path: PathBuf) -> Result<Self, Fault> {
        let growing = Growing::begin(path, store.hash(), Some(store.objects().map_err(local)?))?;
        Ok(Self { growing, store: store.clone() })
    }

    /// Takes a pack in. `look` is called when more has come, and ends it by a fault; what came before stays.
    ///
    /// # Errors
    ///
    /// The stream's own [`Fault`], that of `look`; [`Fault::Corrupt`] when the pack is not what it must be;
    /// [`Fault::Local`] for the disk.
    pub fn stream(
        &mut self,
        stream: impl Read + Send,
        look: &mut dyn FnMut(Arrived<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let scan = Scan::new(stream, self.store.hash())?.by_way_of(&self.store.incoming_folder());
        self.growing.absorb(scan, &mut |growing| look(Arrived(growing)))
    }

    /// Takes a slice in, or nothing of it: one that has these tips, and, where it is to be `closed`, all that they reach and
    /// what landed before does not.
    ///
    /// # Errors
    ///
    /// As [`Landing::stream`]; [`Fault::Corrupt`] as well when something is not in it.
    pub fn part(&mut self, part: &Part, tips: &[Oid], closed: bool) -> Result<(), Fault> {
        let mark = self.growing.mark();
        let taken = part.open().map_err(local).and_then(|file| self.stream(file, &mut |_| Ok(())));
        let whole = taken.and_then(|()| if closed { self.whole(tips) } else { self.having(tips) });
        match whole {
            Ok(()) => self.growing.flush(),
            Err(fault) => self.growing.back_to(mark).and(Err(fault)),
        }
    }

    /// Whether these are here, with all they reach.
    ///
    /// # Errors
    ///
    /// [`Fault::Corrupt`] names what is not.
    pub fn whole(&self, tips: &[Oid]) -> Result<(), Fault> {
        self.having(tips)?;
        match self.growing.first_missing() {
            Some(missing) => Err(incomplete(&format!("{missing} is missing"))),
            None => Ok(()),
        }
    }

    fn having(&self, tips: &[Oid]) -> Result<(), Fault> {
        match tips.iter().find(|tip| !self.has(tip)) {
            Some(_) if self.growing.objects() == 0 => Err(incomplete("it is empty")),
            Some(missing) => Err(incomplete(&format!("{missing}, which was asked for, is not in it"))),
            None => Ok(()),
        }
    }

    fn has(&self, oid: &Oid) -> bool {
        object_id(oid).is_some_and(|id| self.growing.knows(&id))
    }

    /// Whether it has every one of them, or the store has.
    pub fn has_all(&self, oids: &[Oid]) -> bool {
        oids.iter().all(|oid| self.has(oid))
    }

    /// Bytes that have arrived so far, and are kept when the process is killed.
    pub fn bytes(&self) -> u64 {
        self.growing.bytes()
    }

    /// The files that are missing, versions of one after each other; `None` when something else is missing as well.
    pub fn missing_files(&self) -> Option<Vec<Oid>> {
        self.growing.missing_files()?.into_iter().map(|id| id.to_string().parse().ok()).collect()
    }

    /// The commits that are here and that these tips reach, oldest first.
    pub fn commits(&self, tips: &[Oid]) -> Vec<Oid> {
        let tips: Vec<gix::ObjectId> = tips.iter().filter_map(object_id).collect();
        self.growing.commits(&tips).into_iter().filter_map(|id| id.to_string().parse().ok()).collect()
    }

    /// Moves it into the store, of which these tips are now a part. Nothing may be missing, and there is nothing in it that is
    /// not `reached_from` some.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] for the disk.
    pub fn keep(self, tips: &[Oid], reached_from: &[Oid]) -> Result<Landed, Fault> {
        let tags = self.growing.tags().into_iter().filter_map(|id| id.to_string().parse().ok());
        let tags: Vec<Oid> = tags.collect();
        let (objects, borrows) = (self.growing.objects(), self.growing.borrows());
        let incoming = self.store.incoming().map_err(local)?;
        let files = match self.growing.finish(incoming.path())? {
            Some(files) => Some(keep(&files, &self.store).map_err(local)?),
            None => None,
        };
        self.store.add_tips(tips);
        if let Some(files) = &files {
            // Tags come along with what they stand for.
            let tips: Vec<Oid> = reached_from.iter().cloned().chain(tags).collect();
            let tips = if reached_from.is_empty() { &[] } else { tips.as_slice() };
            records::landed(&self.store, files, tips, borrows);
        }
        Ok(Landed { objects, files })
    }
}

/// Reads a pack into the store. `wants` are the tips it was asked for; it may rest on what the store has.
///
/// # Errors
///
/// As [`Landing::stream`], and [`Fault::Corrupt`] when something was left out.
pub fn land(stream: impl Read + Send, store: &Store, wants: &[Oid]) -> Result<Landed, Fault> {
    let incoming = store.incoming().map_err(local)?;
    let mut landing = Landing::at(store, incoming.path().join(GROWING))?;
    landing.stream(stream, &mut |_| Ok(()))?;
    landing.whole(wants)?;
    landing.keep(wants, wants)
}

fn local(error: io::Error) -> Fault {
    Fault::Local(error.to_string())
}

/// What a pack is that leaves something out.
fn incomplete(why: &str) -> Fault {
    Fault::Corrupt(format!("an incomplete pack: {why}"))
}

pub(crate) fn open(files: &Files, store: &Store) -> Result<Bundle, Fault> {
    Bundle::at(&files.index, store.hash()).map_err(|error| Fault::Local(error.to_string()))
}

/// Reads a pack to its end without keeping it.
///
/// # Errors
///
/// As [`land`], but nothing is said about what the pack contains.
pub fn check(stream: impl Read, object_format: &str) -> Result<(), Fault> {
    let hash = hash_of(object_format);
    let mut stream = Watched::new(stream);
    let entries = input::BytesToEntriesIter::new_from_header(
        &mut stream,
        input::Mode::Verify,
        input::EntryDataMode::Ignore,
        hash,
    );
    let counted = entries.and_then(|mut entries| entries.try_fold(0_u32, |count, entry| entry.map(|_| count + 1)));
    match counted {
        Err(error) => Err(stream.fault_or(&error.to_string())),
        Ok(0) => stream.skip_trailer(),
        Ok(_) => stream.finish(),
    }
}

/// A pack of no objects, in the store's hash.
pub fn empty_pack(store: &Store) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
    let mut hasher = gix::hash::hasher(store.hash());
    hasher.update(&pack);
    let trailer = hasher.try_finalize().expect("twelve bytes of our own hash to something");
    pack.extend_from_slice(trailer.as_slice());
    pack
}

/// Moves the files in, the index last: a pack without one does not exist for git, nor for us.
pub(crate) fn keep(files: &Files, store: &Store) -> io::Result<Files> {
    let place = |file: &Path| -> io::Result<PathBuf> {
        let target = store.packs().join(file.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        fs::File::open(file)?.sync_data()?;
        fs::rename(file, &target)?;
        Ok(target)
    };
    Ok(Files { pack: place(&files.pack)?, index: place(&files.index)? })
}

#[cfg(test)]
mod tests {
    use gix::{ObjectId, hash::Kind, objs};
    use mirror_config::{errors::Fault, model::Repository, system::Environment};

    use super::land;
    use crate::objects::{
        pack::made::{Item, pack},
        store::Store,
    };

    /// Objects, by kind and content, and whether they are all there.
    type Order<'a> = (&'a [Item<'a>], bool);

    fn id(kind: objs::Kind, data: &[u8]) -> ObjectId {
        objs::compute_hash(Kind::Sha1, kind, data).expect("a hash")
    }

    #[test]
    fn nothing_is_left_out_whatever_stands_first() {
        let (blob, tag_of) = (b"some file", |target: ObjectId, kind: &str| {
            format!("object {target}\ntype {kind}\ntag t\ntagger A <a@h.example> 1 +0000\n\nx\n").into_bytes()
        });
        let first = tag_of(id(objs::Kind::Blob, blob), "blob");
        let second = tag_of(id(objs::Kind::Tag, &first), "tag");
        let want = id(objs::Kind::Tag, &second).to_string().parse().expect("an id");
        let orders: &[Order<'_>] = &[
            (
                &[
                    Item::Whole(objs::Kind::Tag, &second),
                    Item::Whole(objs::Kind::Tag, &first),
                    Item::Whole(objs::Kind::Blob, blob),
                ],
                true,
            ),
            (
                &[
                    Item::Whole(objs::Kind::Blob, blob),
                    Item::Whole(objs::Kind::Tag, &first),
                    Item::Whole(objs::Kind::Tag, &second),
                ],
                true,
            ),
            (
                &[
                    Item::Whole(objs::Kind::Blob, blob),
                    Item::Whole(objs::Kind::Blob, b"another"),
                    Item::Whole(objs::Kind::Tag, &second),
                    Item::Whole(objs::Kind::Tag, &first),
                ],
                true,
            ),
            (
                &[
                    Item::Whole(objs::Kind::Blob, b"another"),
                    Item::Whole(objs::Kind::Tag, &second),
                    Item::Whole(objs::Kind::Tag, &first),
                ],
                false,
            ),
            (&[Item::Whole(objs::Kind::Blob, blob), Item::Whole(objs::Kind::Tag, &second)], false),
        ];
        for (number, (objects, whole)) in orders.iter().enumerate() {
            let home = tempfile::tempdir().expect("a temporary folder");
            let cache = home.path().to_str().expect("a plain name");
            let env = Environment::of([("HOME", cache), ("XDG_CACHE_HOME", cache)], home.path());
            let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
            let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");
            let landed = land(&pack(objects)[..], &store, std::slice::from_ref(&want));
            match landed {
                Ok(_) => assert!(whole, "{number} landed"),
                Err(Fault::Corrupt(why)) => assert!(!whole && why.contains("incomplete"), "{number}: {why}"),
                Err(fault) => panic!("{number}: {fault}"),
            }
        }
    }
}
