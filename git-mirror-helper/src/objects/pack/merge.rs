//! Several packs made one, with each object once.
//!
//! Entries are copied as they are, compressed; only the distance of a delta to its base is written anew. Format of the
//! files: gitformat-pack(5).

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    hash::{Hasher, Kind},
};
use gix_pack::{
    Bundle,
    data::{self, entry::Header, header},
};
use mirror_config::errors::Fault;
use tempfile::NamedTempFile;

/// Offsets from here on stand in a table of their own.
const LARGE: u64 = 1 << 31;

/// A pack and its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The pack.
    pub pack: PathBuf,
    /// Its index.
    pub index: PathBuf,
}

/// Writes one pack with the objects of all these into a folder. A delta's base must be in the same pack as the delta, or
/// in one before it.
///
/// # Errors
///
/// [`Fault::Corrupt`] for a pack that cannot be read or whose deltas have no base before them; [`Fault::Local`] for the
/// disk.
pub fn merge(bundles: &[Bundle], folder: &Path, hash: Kind) -> Result<Files, Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let objects: HashSet<ObjectId> = bundles.iter().flat_map(|bundle| bundle.index.iter()).map(|e| e.oid).collect();
    let count = u32::try_from(objects.len()).map_err(|_| Fault::Corrupt("too many objects".to_owned()))?;
    let file = NamedTempFile::new_in(folder).map_err(local)?;
    let mut out = Hashed::new(BufWriter::with_capacity(1 << 17, file), hash);
    out.write_all(&header::encode(data::Version::V2, count)).map_err(local)?;
    let mut places: HashMap<ObjectId, u64> = HashMap::with_capacity(objects.len());
    for bundle in bundles {
        copy(bundle, &mut out, &mut places)?;
    }
    let (file, sum) = out.finish()?;
    let name = folder.join(format!("pack-{sum}"));
    let files = Files { pack: name.with_extension("pack"), index: name.with_extension("idx") };
    let file = file.into_inner().map_err(|error| local(error.into_error()))?;
    file.persist(&files.pack).map_err(|error| local(error.error))?;
    write_index(&files, &places, sum, hash)?;
    Ok(files)
}

/// Copies the entries of a pack that are not there yet.
fn copy(bundle: &Bundle, out: &mut Hashed<impl Write>, places: &mut HashMap<ObjectId, u64>) -> Result<(), Fault> {
    let corrupt = |what: &str| Fault::Corrupt(format!("a pack of the store: {what}"));
    let mut entries: Vec<(u64, ObjectId)> = bundle.index.iter().map(|e| (e.pack_offset, e.oid)).collect();
    entries.sort_unstable();
    let ends = entries.iter().skip(1).map(|(offset, _)| *offset).chain([bundle.pack.pack_end() as u64]);
    let ends: Vec<u64> = ends.collect();
    for ((offset, id), end) in entries.iter().zip(ends) {
        if places.contains_key(id) {
            continue;
        }
        let entry = bundle.pack.entry(*offset).map_err(|error| corrupt(&error.to_string()))?;
        let base = match entry.header {
            Header::OfsDelta { base_distance } => {
                let base = entry.checked_base_pack_offset(base_distance).ok_or_else(|| corrupt("a delta before it"))?;
                let found = entries.binary_search_by_key(&base, |(offset, _)| *offset);
                Some(entries[found.map_err(|_| corrupt("a delta on nothing"))?].1)
            }
            Header::RefDelta { base_id } => Some(base_id),
            _ => None,
        };
        let header = match base {
            None => entry.header,
            // A base that comes later could be a delta on this very object by now.
            Some(base) => {
                let place = places.get(&base).ok_or_else(|| corrupt("a delta before its base"))?;
                Header::OfsDelta { base_distance: out.written - place }
            }
        };
        places.insert(*id, out.written);
        let body = bundle.pack.entry_slice(entry.data_offset..end).ok_or_else(|| corrupt("it ends too soon"))?;
        header
            .write_to(entry.decompressed_size, out)
            .and_then(|_| out.write_all(body))
            .map_err(|error| Fault::Local(error.to_string()))?;
    }
    Ok(())
}

/// Writes the index, version 2, of a pack with these objects at these offsets.
fn write_index(files: &Files, places: &HashMap<ObjectId, u64>, sum: ObjectId, hash: Kind) -> Result<(), Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let pack = data::File::at(&files.pack, hash).map_err(|error| Fault::Local(error.to_string()))?;
    let mut by_offset: Vec<u64> = places.values().copied().chain([pack.pack_end() as u64]).collect();
    by_offset.sort_unstable();
    let ends: HashMap<u64, u64> = by_offset.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let mut sorted: Vec<(&ObjectId, u64)> = places.iter().map(|(id, offset)| (id, *offset)).collect();
    sorted.sort_unstable();

    let folder = files.index.parent().ok_or_else(|| Fault::Local("an index without a folder".to_owned()))?;
    let file = NamedTempFile::new_in(folder).map_err(local)?;
    let mut out = Hashed::new(BufWriter::with_capacity(1 << 16, file), hash);
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(local);
    write(b"\xfftOc\0\0\0\x02")?;
    let mut below = 0_u32;
    for first in 0..=u8::MAX {
        while sorted.get(below as usize).is_some_and(|(id, _)| id.as_bytes()[0] <= first) {
            below += 1;
        }
        write(&below.to_be_bytes())?;
    }
    for (id, _) in &sorted {
        write(id.as_bytes())?;
    }
    for (_, offset) in &sorted {
        let length = usize::try_from(ends[offset] - offset).expect("an entry of a file that is mapped");
        write(&pack.entry_crc32(*offset, length).to_be_bytes())?;
    }
    let mut large: Vec<u64> = Vec::new();
    for (_, offset) in &sorted {
        let place = if *offset < LARGE {
            *offset
        } else {
            large.push(*offset);
            LARGE + large.len() as u64 - 1
        };
        write(&u32::try_from(place).expect("31 bits and a mark").to_be_bytes())?;
    }
    for offset in large {
        write(&offset.to_be_bytes())?;
    }
    write(sum.as_bytes())?;
    let (file, _) = out.finish()?;
    let file = file.into_inner().map_err(|error| local(error.into_error()))?;
    file.persist(&files.index).map_err(|error| local(error.error))?;
    Ok(())
}

/// A file that ends with the hash of all before it.
struct Hashed<W> {
    inner: W,
    hasher: Hasher,
    written: u64,
}

impl<W: Write> Hashed<W> {
    fn new(inner: W, hash: Kind) -> Self {
        Self { inner, hasher: gix::hash::hasher(hash), written: 0 }
    }

    fn finish(mut self) -> Result<(W, ObjectId), Fault> {
        let sum = self.hasher.try_finalize().map_err(|error| Fault::Corrupt(error.to_string()))?;
        self.inner.write_all(sum.as_slice()).map_err(|error| Fault::Local(error.to_string()))?;
        Ok((self.inner, sum))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buf)?;
        self.hasher.update(&buf[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
