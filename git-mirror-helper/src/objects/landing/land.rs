//! A pack from a stream into the store: indexed while it arrives, believed only when it is whole.
//!
//! Whole means: its checksum is right, it contains what was wanted, and everything its objects point to is in it or
//! was in the store before. The checksum says that nothing was damaged on the way; the rest says that the sender did
//! not leave anything out. That the refs are the right ones is the authority's business.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use gix_pack::{Bundle, cache::lru::MemoryCappedHashmap, data::input};
use mirror_config::{errors::Fault, model::Oid};

use super::closed::{self, incomplete};
use crate::objects::{
    pack::{Files, Watched, index, merge},
    store::{Part, Store, hash_of, parts},
};

/// Bytes of objects that are kept at hand while a thin pack is completed.
const BASES_CACHE: usize = 64 << 20;

/// What has landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landed {
    /// Objects in the pack.
    pub objects: u32,
    /// Its files, unless it was empty.
    pub files: Option<Files>,
}

/// Reads a pack into the store. `wants` are the tips it was asked for; a thin one may rest on what the store has.
///
/// # Errors
///
/// The stream's own [`Fault`]; [`Fault::Corrupt`] when the pack is not what it must be; [`Fault::Local`] for the disk.
pub fn land(stream: impl Read, store: &Store, wants: &[Oid], thin: bool) -> Result<Landed, Fault> {
    enter(stream, store, wants, thin, |files, _| Ok(files))
}

/// Lands slices that follow each other, as one pack. `wants` are the tips of all of them.
///
/// # Errors
///
/// As [`land`]; which of the slices is at fault is not said.
pub fn land_row(row: &[Part], store: &Store, wants: &[Oid]) -> Result<Landed, Fault> {
    let joined = parts::join(row, store.hash()).map_err(|error| match error.kind() {
        // Its header lies, or it was cut short when the machine went down.
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => incomplete("its header"),
        _ => Fault::Local(error.to_string()),
    })?;
    enter(joined, store, wants, true, |files, folder| {
        // Servers send again what came back after it was gone, and a base may be in another slice of the row.
        merge::merge(&[open(&files, store)?], folder, store.hash())
    })
}

/// Indexes a pack, lets `finish` have it, checks it, and keeps it.
fn enter(
    stream: impl Read,
    store: &Store,
    wants: &[Oid],
    thin: bool,
    finish: impl FnOnce(Files, &Path) -> Result<Files, Fault>,
) -> Result<Landed, Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let incoming = store.incoming().map_err(local)?;
    let mut bases = if thin { Some(store.objects().map_err(local)?) } else { None };
    // Bases of neighbors share most of their own chains of deltas.
    bases.iter_mut().for_each(|bases| bases.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(BASES_CACHE))));
    let indexed = index(stream, incoming.path(), store.hash(), input::Mode::Verify, bases)?;
    let Some(files) = indexed.files else {
        return if store.has_all(wants) { Ok(Landed::default()) } else { Err(incomplete("it is empty")) };
    };
    let files = finish(files, incoming.path())?;
    closed::check(&open(&files, store)?, store, wants, indexed.threads)?;
    let files = keep(&files, store).map_err(local)?;
    store.add_tips(wants);
    Ok(Landed { objects: indexed.objects, files: Some(files) })
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
    use crate::objects::store::Store;

    /// Objects, by kind and content, and whether they are all there.
    type Order<'a> = (&'a [(u8, &'a [u8])], bool);

    /// A pack of these objects in this order, deflated without compression (RFC 1950, RFC 1951).
    fn pack(objects: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = [&b"PACK\0\0\0\x02\0\0\0"[..], &[objects.len() as u8]].concat();
        for (kind, data) in objects {
            let size = data.len() as u8;
            bytes.extend([0x80 | kind << 4 | size & 15, size >> 4, 0x78, 1, 1, size, 0, !size, 0xff]);
            bytes.extend_from_slice(data);
            let (a, b) =
                data.iter().fold((1_u32, 0_u32), |(a, b), byte| (a + u32::from(*byte), b + a + u32::from(*byte)));
            bytes.extend(((b % 65521) << 16 | (a % 65521)).to_be_bytes());
        }
        let mut hasher = gix::hash::hasher(Kind::Sha1);
        hasher.update(&bytes);
        bytes.extend_from_slice(hasher.try_finalize().expect("a hash").as_slice());
        bytes
    }

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
            (&[(4, &second), (4, &first), (3, blob)], true),
            (&[(3, blob), (4, &first), (4, &second)], true),
            (&[(3, blob), (3, b"another"), (4, &second), (4, &first)], true),
            (&[(3, b"another"), (4, &second), (4, &first)], false),
            (&[(3, blob), (4, &second)], false),
        ];
        for (number, (objects, whole)) in orders.iter().enumerate() {
            let home = tempfile::tempdir().expect("a temporary folder");
            let cache = home.path().to_str().expect("a plain name");
            let env = Environment::of([("HOME", cache), ("XDG_CACHE_HOME", cache)], home.path());
            let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
            let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");
            let landed = land(&pack(objects)[..], &store, std::slice::from_ref(&want), false);
            match landed {
                Ok(_) => assert!(whole, "{number} landed"),
                Err(Fault::Corrupt(why)) => assert!(!whole && why.contains("incomplete"), "{number}: {why}"),
                Err(fault) => panic!("{number}: {fault}"),
            }
        }
    }
}
