//! A pack from a stream into a folder, with its index, in bounded memory whatever the stream says.
//!
//! It is what gix's `Bundle::write_to_directory` does, with one step more: when all has arrived, and before an object is
//! rebuilt, the pack is weighed (`weight`). A heavy one is rebuilt by fewer threads, one that is too heavy not at all.

use std::{
    cell::RefCell,
    io::{self, BufReader, BufWriter, Read},
    path::Path,
    sync::atomic::AtomicBool,
    thread,
};

use gix::{hash::Kind, progress::Discard, zlib::Compression};
use gix_pack::{
    data::{
        self, EntryRange,
        input::{BytesToEntriesIter, EntriesToBytesIter, Entry, EntryDataMode, LookupRefDeltaObjectsIter, Mode},
    },
    index::{Version, write_data_iter_to_stream},
};
use mirror_config::errors::Fault;
use tempfile::NamedTempFile;

use super::{
    merge::Files,
    shared::{Copied, Counted, Pair, Shared},
    watched::Watched,
    weight::Weights,
};

/// Bytes that all threads together may hold while objects are rebuilt.
const MEMORY: u64 = 160 << 20;
/// Threads that rebuild objects, at most.
const MOST_THREADS: usize = 8;
/// Limit of a single allocation, for gix: that of an object, and a table of many objects has more.
const ALLOCATION: usize = 4 << 30;

/// A pack that was indexed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Indexed {
    /// Its objects.
    pub(crate) objects: u32,
    /// Its files, unless it was empty.
    pub(crate) files: Option<Files>,
    /// How many threads may rebuild its objects at a time.
    pub(crate) threads: usize,
}

/// Writes a pack with its index into a folder; what a thin one rests on is looked up in `bases`.
///
/// # Errors
///
/// The stream's own [`Fault`]; [`Fault::Corrupt`] for what is no pack, [`Fault::TooLarge`] for one that memory could not
/// hold, [`Fault::Local`] for the disk. Nothing is said about what the pack contains.
pub(crate) fn index(
    stream: impl Read,
    folder: &Path,
    hash: Kind,
    mode: Mode,
    bases: Option<gix::odb::Handle>,
) -> Result<Indexed, Fault> {
    let place = Place { folder, hash };
    let file = Shared::new(NamedTempFile::new_in(folder).map_err(|error| local(&error))?);
    let mut stream = Watched::new(stream);
    let pair = Pair::default();
    let arrived = match bases {
        Some(bases) => {
            let counted = Counted { inner: &mut stream, pair: pair.clone() };
            BytesToEntriesIter::new_from_header(counted, mode, EntryDataMode::KeepAndCrc32, hash).map(|entries| {
                let version = entries.version();
                let entries = LookupRefDeltaObjectsIter::new(entries, bases, Compression::BEST_SPEED);
                let mut entries = EntriesToBytesIter::new(entries, file.clone(), version, hash);
                place.write(&mut entries, &file, version, &pair, most_threads())
            })
        }
        None => {
            // Nothing of an entry is kept, so there is nothing to count.
            let copied = Copied { inner: &mut stream, copy: file.clone() };
            BytesToEntriesIter::new_from_header(copied, mode, EntryDataMode::Crc32, hash).map(|mut entries| {
                let version = entries.version();
                place.write(&mut entries, &file, version, &pair, most_threads())
            })
        }
    };
    let written = match arrived.map_err(|error| stream.fault_or(&error.to_string()))? {
        Ok(written) => written,
        Err(Stop::Heavy(threads)) => {
            tracing::debug!(threads, "a heavy pack");
            let whole = BufReader::new(file.reopen().map_err(|error| local(&error))?);
            let again = BytesToEntriesIter::new_from_header(whole, Mode::AsIs, EntryDataMode::Crc32, hash);
            let mut entries = again.map_err(|error| stream.fault_or(&error.to_string()))?;
            let version = entries.version();
            place
                .write(&mut entries, &file, version, &Pair::default(), threads)
                .map_err(|stop| stop.fault(&mut stream))?
        }
        Err(stop) => return Err(stop.fault(&mut stream)),
    };
    if written.objects == 0 {
        stream.skip_trailer()?;
        return Ok(Indexed::default());
    }
    stream.finish()?;
    let name = folder.join(format!("pack-{}", written.sum));
    let files = Files { pack: name.with_extension("pack"), index: name.with_extension("idx") };
    file.persist(&files.pack).map_err(|error| local(&error))?;
    written.index.persist(&files.index).map_err(|error| local(&error.error))?;
    Ok(Indexed { objects: written.objects, files: Some(files), threads: written.threads })
}

fn local(error: &io::Error) -> Fault {
    Fault::Local(error.to_string())
}

/// Why an index was not written.
enum Stop {
    /// So many threads could do it.
    Heavy(usize),
    /// Nobody should.
    Fault(Fault),
    /// What gix says.
    Said(String),
}

impl Stop {
    fn fault<R: Read>(self, stream: &mut Watched<R>) -> Fault {
        match self {
            Self::Heavy(_) => Fault::TooLarge,
            Self::Fault(fault) => fault,
            Self::Said(why) => stream.fault_or(&why),
        }
    }
}

/// What is known of a pack whose index is written.
struct Written {
    objects: u32,
    sum: gix::ObjectId,
    index: NamedTempFile,
    threads: usize,
}

/// With more of them each could hold too little.
fn most_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// Where files go.
#[derive(Clone, Copy)]
struct Place<'a> {
    folder: &'a Path,
    hash: Kind,
}

impl Place<'_> {
    /// Takes the entries in, which writes the pack, then weighs it, and writes the index.
    fn write(
        self,
        entries: &mut dyn Iterator<Item = gix::Result<Entry>>,
        file: &Shared,
        version: data::Version,
        pair: &Pair,
        threads: usize,
    ) -> Result<Written, Stop> {
        let failed = |error: io::Error| Stop::Fault(local(&error));
        let mut index = BufWriter::new(NamedTempFile::new_in(self.folder).map_err(failed)?);
        let (weights, stop) = (RefCell::new(Weights::default()), RefCell::new(None));
        let weigh = || -> io::Result<_> {
            if weights.borrow().is_empty() {
                return Ok((slice as Slice, None));
            }
            let pack = file.map(self.hash)?;
            let found = match weights.borrow().peak(&pack) {
                Ok(peak) => match usize::try_from(MEMORY / peak.max(1)).unwrap_or(usize::MAX) {
                    0 => Stop::Fault(Fault::TooLarge),
                    fitting if fitting >= threads => return Ok((slice as Slice, Some(pack))),
                    fitting => Stop::Heavy(fitting),
                },
                Err(fault) => Stop::Fault(fault),
            };
            stop.replace(Some(found));
            Err(io::ErrorKind::OutOfMemory.into())
        };
        let written = write_data_iter_to_stream(
            Version::V2,
            weigh,
            &mut Noted { inner: entries, weights: &weights, pair },
            Some(threads),
            &mut Discard,
            &mut index,
            &AtomicBool::new(false),
            self.hash,
            Some(ALLOCATION),
            version,
        );
        match written {
            Ok(found) => {
                let index = index.into_inner().map_err(|error| failed(error.into_error()))?;
                Ok(Written { objects: found.num_objects, sum: found.data_hash, index, threads })
            }
            Err(error) => Err(stop
                .take()
                .or_else(|| file.fault().map(Stop::Fault))
                .unwrap_or_else(|| Stop::Said(error.to_string()))),
        }
    }
}

/// An entry's bytes.
type Slice = fn(EntryRange, &Option<data::File>) -> Option<&[u8]>;

fn slice(range: EntryRange, pack: &Option<data::File>) -> Option<&[u8]> {
    pack.as_ref()?.entry_slice(range)
}

/// Entries that are weighed on their way.
struct Noted<'a> {
    inner: &'a mut dyn Iterator<Item = gix::Result<Entry>>,
    weights: &'a RefCell<Weights>,
    pair: &'a Pair,
}

impl Iterator for Noted<'_> {
    type Item = gix::Result<Entry>;

    // No hint of a size: a header can claim four billion objects, and tables would be made for all of them.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.inner.next();
        if let Some(Ok(entry)) = &next {
            self.pair.next();
            self.weights.borrow_mut().note(entry);
        }
        next
    }
}
