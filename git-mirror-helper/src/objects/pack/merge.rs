//! Several packs made one, with each object once.
//!
//! Entries are copied as they are, compressed; only the distance of a delta to its base is written anew. Format of the
//! files: gitformat-pack(5).

use std::{
    collections::{HashMap, HashSet},
    io::{BufWriter, Write},
    path::Path,
};

use gix::{ObjectId, hash::Kind};
use gix_pack::{
    Bundle,
    data::{self, entry::Header, header},
};
use mirror_config::errors::Fault;
use tempfile::NamedTempFile;

use super::{
    disk::local,
    idx::{self, Files, Hashed, Row},
};

/// Writes one pack with the objects of all these into a folder. A delta's base must be in the same pack as the delta, or
/// in one before it.
///
/// # Errors
///
/// [`Fault::Corrupt`] for a pack that cannot be read or whose deltas have no base before them; [`Fault::Local`] for the
/// disk.
pub fn merge(bundles: &[Bundle], folder: &Path, hash: Kind) -> Result<Files, Fault> {
    let objects: HashSet<ObjectId> = bundles.iter().flat_map(|bundle| bundle.index.iter()).map(|e| e.oid).collect();
    let count = u32::try_from(objects.len()).map_err(|_| Fault::Corrupt("too many objects".to_owned()))?;
    let file = NamedTempFile::new_in(folder).map_err(local)?;
    let mut out = Hashed::new(BufWriter::with_capacity(1 << 17, file), hash);
    out.write_all(&header::encode(data::Version::V2, count)).map_err(local)?;
    let mut places: HashMap<ObjectId, Row> = HashMap::with_capacity(objects.len());
    for bundle in bundles {
        copy(bundle, &mut out, &mut places)?;
    }
    let (file, sum) = out.finish()?;
    let files = Files::named(folder, &sum);
    let file = file.into_inner().map_err(|error| local(error.into_error()))?;
    file.persist(&files.pack).map_err(|error| local(error.error))?;
    let mut rows: Vec<Row> = places.into_values().collect();
    rows.sort_unstable_by_key(|row| row.id);
    idx::write(&files.index, &rows, &sum, hash)?;
    Ok(files)
}

/// Copies the entries of a pack that are not there yet.
fn copy(bundle: &Bundle, out: &mut Hashed<impl Write>, places: &mut HashMap<ObjectId, Row>) -> Result<(), Fault> {
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
                Header::OfsDelta { base_distance: out.written - place.offset }
            }
        };
        let body = bundle.pack.entry_slice(entry.data_offset..end).ok_or_else(|| corrupt("it ends too soon"))?;
        let mut head = Vec::new();
        header.write_to(entry.decompressed_size, &mut head).map_err(local)?;
        places.insert(*id, Row { id: *id, offset: out.written, crc: idx::crc(&head, body) });
        out.write_all(&head).and_then(|()| out.write_all(body)).map_err(local)?;
    }
    Ok(())
}
