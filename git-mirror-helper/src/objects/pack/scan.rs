//! A pack read from a stream, entry by entry, each inflated once; handed over in batches, in bounded memory whatever the
//! stream says. Format: gitformat-pack(5).

use std::{
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gix::{
    ObjectId,
    hash::{Hasher, Kind},
    objs,
    zlib::{Decompress, FlushDecompress, Status},
};
use gix_pack::data::{self, entry::Header, header};
use mirror_config::errors::Fault;

use super::{deflated::Deflated, watched::Watched};

/// Largest object that is taken, inflated, where it has to be in memory: all but a whole file.
pub(crate) const LARGEST_OBJECT: u64 = 100 << 20;
/// Bytes that a whole file may make of what came: so many for each, and these. What makes more takes time, and is nobody's file.
const MADE: (u64, u64) = (50, 512 << 20);
/// Files beyond this many bytes are hashed while they are inflated, and not kept.
const LARGE: u64 = 4 << 20;
/// A batch has this many bytes, as they came and inflated, or what came in this time.
const BATCH: (usize, usize) = (2 << 20, 12 << 20);
const LONGEST: Duration = Duration::from_millis(200);
/// Bytes that are inflated at once of what is not kept.
const PIECE: usize = 0x1_0000;

/// What an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// An object of this kind, whole.
    None(objs::Kind),
    /// A delta on the entry that begins at this byte of the stream.
    At(u64),
    /// A delta on the object of this name.
    Named(ObjectId),
}

/// What was inflated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// An object, or the instructions of a delta.
    Kept(Arc<Vec<u8>>),
    /// A large file, by its name.
    Hashed(ObjectId),
}

/// One entry of a pack.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The byte of the stream that it begins at.
    pub(crate) at: u64,
    pub(crate) base: Base,
    /// Bytes of its content.
    pub(crate) size: u64,
    pub(crate) deflated: Deflated,
    pub(crate) content: Content,
}

/// A pack on its way in.
pub(crate) struct Scan<R> {
    source: Source<R>,
    hash: Kind,
    /// Where what is large waits.
    folder: Option<PathBuf>,
    inflate: Decompress,
    /// Entries that are still to come.
    left: u32,
    /// What ended it, told once all before it was handed over.
    ended: Option<Fault>,
    /// The checksum at its end, when that was right.
    sum: Option<ObjectId>,
}

impl<R: Read> Scan<R> {
    /// Reads the header of a pack.
    ///
    /// # Errors
    ///
    /// The stream's own [`Fault`], or [`Fault::Corrupt`] for what is no pack.
    pub(crate) fn new(stream: R, hash: Kind) -> Result<Self, Fault> {
        let mut source = Source { inner: Watched::new(stream), hasher: gix::hash::hasher(hash), at: 0 };
        let mut head = [0; header::SIZE];
        source.read_exact(&mut head).map_err(|error| source.inner.fault_or(&error.to_string()))?;
        let (version, objects) = header::decode(&head).map_err(|error| source.inner.fault_or(&error.to_string()))?;
        // Version 3 differs in nothing that is in use, and no git writes it.
        if version != data::Version::V2 {
            return Err(Fault::Corrupt("a pack of another version".to_owned()));
        }
        Ok(Self { source, hash, folder: None, inflate: Decompress::new(), left: objects, ended: None, sum: None })
    }

    /// Reads a pack that has no end, and a header that does not say how many entries there are.
    ///
    /// # Errors
    ///
    /// As [`Scan::new`].
    pub(crate) fn endless(stream: R, hash: Kind) -> Result<Self, Fault> {
        Self::new(stream, hash).map(|scan| Self { left: u32::MAX, ..scan })
    }

    /// The same, with large files waiting in this folder.
    pub(crate) fn by_way_of(self, folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..self }
    }

    /// The checksum of the whole pack, once it has ended and was right.
    pub(crate) fn sum(&self) -> Option<ObjectId> {
        self.sum
    }

    /// The next entries; `None` at the end of a pack whose checksum is right and behind which there is nothing.
    ///
    /// # Errors
    ///
    /// The stream's own [`Fault`]; [`Fault::Corrupt`] for what is no entry, [`Fault::LargeObject`] for one beyond
    /// [`LARGEST_OBJECT`], [`Fault::TooLarge`] for a file out of all proportion and for what goes on behind the end,
    /// [`Fault::Canceled`] when `stop` says so.
    pub(crate) fn next(&mut self, stop: &AtomicBool) -> Result<Option<Vec<Entry>>, Fault> {
        if let Some(fault) = self.ended.clone() {
            return Err(fault);
        }
        if self.left == 0 {
            return self.end().map(|()| None);
        }
        let began = Instant::now();
        let (mut entries, mut weight) = (Vec::new(), (0, 0));
        while self.left > 0 && weight.0 < BATCH.0 && weight.1 < BATCH.1 {
            let entry = match stop.load(Ordering::Relaxed) {
                true => Err(Fault::Canceled),
                false => self.entry(),
            };
            match entry {
                Ok(entry) => {
                    weight.0 += usize::try_from(entry.deflated.len()).unwrap_or(usize::MAX);
                    weight.1 += if let Content::Kept(content) = &entry.content { content.len() } else { 0 };
                    entries.push(entry);
                    self.left -= 1;
                }
                Err(fault) if entries.is_empty() => return Err(fault),
                Err(fault) => {
                    self.ended = Some(fault);
                    break;
                }
            }
            if began.elapsed() > LONGEST {
                break;
            }
        }
        Ok(Some(entries))
    }

    fn entry(&mut self) -> Result<Entry, Fault> {
        let at = self.source.at;
        let head = data::Entry::from_read(&mut self.source, at, self.hash.len_in_bytes())
            .map_err(|error| self.source.inner.fault_or(&error.to_string()))?;
        let size = head.decompressed_size;
        let base = match head.header {
            Header::OfsDelta { base_distance } => match head.checked_base_pack_offset(base_distance) {
                Some(base) => Base::At(base),
                None => return Err(Fault::Corrupt("a damaged pack".to_owned())),
            },
            Header::RefDelta { base_id } => Base::Named(base_id),
            Header::Commit => Base::None(objs::Kind::Commit),
            Header::Tree => Base::None(objs::Kind::Tree),
            Header::Blob => Base::None(objs::Kind::Blob),
            Header::Tag => Base::None(objs::Kind::Tag),
        };
        let sink = if base == Base::None(objs::Kind::Blob) && size > LARGE {
            let mut hasher = gix::hash::hasher(self.hash);
            hasher.update(&objs::encode::loose_header(objs::Kind::Blob, size));
            Sink::Hash(hasher, vec![0; PIECE], 0)
        } else if size > LARGEST_OBJECT {
            return Err(Fault::LargeObject);
        } else {
            // One byte more tells what is too long.
            Sink::Keep(vec![0; usize::try_from(size).unwrap_or(usize::MAX - 1) + 1], 0)
        };
        let (deflated, content) = self.inflate(sink, size)?;
        Ok(Entry { at, base, size, deflated, content })
    }

    /// The bytes of an entry behind its head, as they came and inflated.
    fn inflate(&mut self, mut sink: Sink, size: u64) -> Result<(Deflated, Content), Fault> {
        let damaged = || Fault::Corrupt("a damaged pack".to_owned());
        let mut deflated = Deflated::default();
        self.inflate.reset();
        loop {
            let (read, made) = (self.inflate.total_in(), self.inflate.total_out());
            let input = self.source.fill_buf().map_err(|error| Fault::from_io(&error))?;
            if input.is_empty() {
                return Err(self.source.inner.fault_or("it ends too soon"));
            }
            let status = self.inflate.decompress(input, sink.room(), FlushDecompress::None).map_err(|_| damaged())?;
            let used = usize::try_from(self.inflate.total_in() - read).map_err(|_| damaged())?;
            let made = usize::try_from(self.inflate.total_out() - made).map_err(|_| damaged())?;
            deflated.extend(&input[..used], self.folder.as_deref())?;
            self.source.consume(used);
            sink.made(made);
            match status {
                Status::StreamEnd => break,
                _ if self.inflate.total_out() > MADE.1 + MADE.0 * self.inflate.total_in() => {
                    return Err(Fault::TooLarge);
                }
                _ if self.inflate.total_out() > size || (used == 0 && made == 0) => return Err(damaged()),
                _ => {}
            }
        }
        let content = if self.inflate.total_out() == size { sink.finish() } else { None };
        Ok((deflated, content.ok_or_else(damaged)?))
    }

    /// The end: a checksum, and nothing behind it.
    fn end(&mut self) -> Result<(), Fault> {
        if self.sum.is_some() {
            return Ok(());
        }
        let hasher = std::mem::replace(&mut self.source.hasher, gix::hash::hasher(self.hash));
        let expected = hasher.try_finalize().map_err(|error| Fault::Corrupt(error.to_string()))?;
        let mut said = vec![0; self.hash.len_in_bytes()];
        self.source.read_exact(&mut said).map_err(|error| self.source.inner.fault_or(&error.to_string()))?;
        if said != expected.as_slice() {
            return Err(Fault::Corrupt("a pack with a wrong checksum".to_owned()));
        }
        self.source.inner.finish()?;
        self.sum = Some(expected);
        Ok(())
    }
}

/// The stream, hashed and counted as far as it was used.
struct Source<R> {
    inner: Watched<R>,
    hasher: Hasher,
    at: u64,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.hasher.update(&buf[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.hasher.update(&self.inner.buffered()[..amount]);
        self.at += amount as u64;
        self.inner.consume(amount);
    }
}

/// Where inflated bytes go, and how many there are.
enum Sink {
    Keep(Vec<u8>, usize),
    Hash(Hasher, Vec<u8>, usize),
}

impl Sink {
    fn room(&mut self) -> &mut [u8] {
        match self {
            Self::Keep(bytes, filled) => &mut bytes[*filled..],
            Self::Hash(_, piece, _) => piece,
        }
    }

    fn made(&mut self, count: usize) {
        match self {
            Self::Keep(_, filled) => *filled += count,
            Self::Hash(hasher, piece, filled) => {
                hasher.update(&piece[..count]);
                *filled += count;
            }
        }
    }

    fn finish(self) -> Option<Content> {
        match self {
            Self::Keep(mut bytes, filled) => {
                bytes.truncate(filled);
                Some(Content::Kept(Arc::new(bytes)))
            }
            Self::Hash(hasher, ..) => hasher.try_finalize().ok().map(Content::Hashed),
        }
    }
}
