//! The index of a pack, version 2. Format: gitformat-pack(5).

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    hash::{Hasher, Kind},
};
use mirror_config::errors::Fault;
use tempfile::NamedTempFile;

use super::disk::local;

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

impl Files {
    /// As git names those of a pack with this checksum.
    pub(crate) fn named(folder: &Path, sum: &ObjectId) -> Self {
        let name = folder.join(format!("pack-{sum}"));
        Self { pack: name.with_extension("pack"), index: name.with_extension("idx") }
    }
}

/// What an index says of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: ObjectId,
    /// The byte of the pack that its entry begins at.
    pub(crate) offset: u64,
    /// The checksum of the entry as it stands there.
    pub(crate) crc: u32,
}

/// The checksum of an entry: of its head and what is deflated.
pub(crate) struct Crc(crc32fast::Hasher);

impl Crc {
    /// That of its head.
    pub(crate) fn of(head: &[u8]) -> Self {
        let mut crc = Self(crc32fast::Hasher::new());
        crc.update(head);
        crc
    }

    /// What comes next.
    pub(crate) fn update(&mut self, deflated: &[u8]) {
        self.0.update(deflated);
    }

    /// The checksum of all that came.
    pub(crate) fn value(self) -> u32 {
        self.0.finalize()
    }
}

/// The checksum of a whole entry.
pub(crate) fn crc(head: &[u8], deflated: &[u8]) -> u32 {
    let mut crc = Crc::of(head);
    crc.update(deflated);
    crc.value()
}

/// Writes the index of a pack with these objects, sorted by their ids, and this checksum.
///
/// # Errors
///
/// [`Fault::Local`] for the disk.
pub(crate) fn write(path: &Path, rows: &[Row], sum: &ObjectId, hash: Kind) -> Result<(), Fault> {
    let folder = path.parent().ok_or_else(|| Fault::Local("an index without a folder".to_owned()))?;
    let file = NamedTempFile::new_in(folder).map_err(local)?;
    let mut out = Hashed::new(BufWriter::with_capacity(1 << 16, file), hash);
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(local);
    write(b"\xfftOc\0\0\0\x02")?;
    let mut below = 0_u32;
    for first in 0..=u8::MAX {
        while rows.get(below as usize).is_some_and(|row| row.id.as_bytes()[0] <= first) {
            below += 1;
        }
        write(&below.to_be_bytes())?;
    }
    for row in rows {
        write(row.id.as_bytes())?;
    }
    for row in rows {
        write(&row.crc.to_be_bytes())?;
    }
    let mut large: Vec<u64> = Vec::new();
    for row in rows {
        let place = if row.offset < LARGE {
            row.offset
        } else {
            large.push(row.offset);
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
    file.persist(path).map_err(|error| local(error.error))?;
    Ok(())
}

/// A file that ends with the hash of all before it.
pub(crate) struct Hashed<W> {
    inner: W,
    hasher: Hasher,
    /// Bytes so far.
    pub(crate) written: u64,
}

impl<W: Write> Hashed<W> {
    pub(crate) fn new(inner: W, hash: Kind) -> Self {
        Self { inner, hasher: gix::hash::hasher(hash), written: 0 }
    }

    pub(crate) fn finish(mut self) -> Result<(W, ObjectId), Fault> {
        let sum = self.hasher.try_finalize().map_err(|error| Fault::Corrupt(error.to_string()))?;
        self.inner.write_all(sum.as_slice()).map_err(local)?;
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
