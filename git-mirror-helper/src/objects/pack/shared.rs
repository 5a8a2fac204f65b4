//! A file that a pack is written to while its entries are read, by whoever has a part in that.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard},
};

use gix::hash::Kind;
use gix_pack::data;
use mirror_config::errors::Fault;
use tempfile::NamedTempFile;

use super::{watched::Watched, weight::LARGEST_OBJECT};

/// Bytes of two entries that follow each other, as they came: those of a thin pack are kept until they are written.
const LONGEST_PAIR: u64 = LARGEST_OBJECT + (16 << 20);

/// The file, which goes when nobody has it any more, unless it was kept.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Inner>>);

struct Inner {
    file: BufWriter<NamedTempFile>,
    fault: Option<Fault>,
}

impl Shared {
    pub(crate) fn new(file: NamedTempFile) -> Self {
        Self(Arc::new(Mutex::new(Inner { file: BufWriter::with_capacity(0x1_0000, file), fault: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics while holding it")
    }

    /// What the disk did wrong, if anything.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.lock().fault.clone()
    }

    /// What was written so far, as a pack.
    pub(crate) fn map(&self, hash: Kind) -> io::Result<data::File> {
        let mut inner = self.lock();
        inner.file.flush()?;
        data::File::at(inner.file.get_ref().path(), hash).map_err(|error| io::Error::other(error.to_string()))
    }

    /// The file, from its beginning.
    pub(crate) fn reopen(&self) -> io::Result<File> {
        let mut inner = self.lock();
        inner.file.flush()?;
        inner.file.get_ref().reopen()
    }

    /// Gives the file its name.
    pub(crate) fn persist(self, path: &Path) -> io::Result<()> {
        let Ok(inner) = Arc::try_unwrap(self.0) else { return Err(io::Error::other("the file is still in use")) };
        let inner = inner.into_inner().expect("nobody panics while holding it");
        let file = inner.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Remembers what went wrong: who writes wraps it until it cannot be recognized.
    fn noting<T>(&self, ask: impl FnOnce(&mut BufWriter<NamedTempFile>) -> io::Result<T>) -> io::Result<T> {
        let mut inner = self.lock();
        let answer = ask(&mut inner.file);
        if let Err(error) = &answer {
            inner.fault.get_or_insert_with(|| Fault::Local(error.to_string()));
        }
        answer
    }
}

impl Write for Shared {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.noting(|file| file.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.noting(Write::flush)
    }
}

impl Read for Shared {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.noting(|file| file.get_mut().read(buf))
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.noting(|file| file.seek(to))
    }
}

/// Bytes of the last two entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair(Rc<Cell<(u64, u64)>>);

impl Pair {
    /// An entry is over.
    pub(crate) fn next(&self) {
        self.0.set((self.0.get().1, 0));
    }

    fn add(&self, count: usize) -> u64 {
        let (last, this) = self.0.get();
        self.0.set((last, this + count as u64));
        last + this + count as u64
    }
}

/// A stream none of whose entries may be too long.
pub(crate) struct Counted<'a, R> {
    pub(crate) inner: &'a mut Watched<R>,
    pub(crate) pair: Pair,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.consume_counted(count);
        Ok(count)
    }
}

impl<R: Read> Counted<'_, R> {
    fn consume_counted(&mut self, count: usize) {
        if self.pair.add(count) > LONGEST_PAIR {
            self.inner.fail(Fault::TooLarge);
        }
    }
}

impl<R: Read> BufRead for Counted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.consume_counted(amount);
    }
}

/// A stream that is written to the file as far as it was used: what stands behind a pack is none of it.
pub(crate) struct Copied<'a, R> {
    pub(crate) inner: &'a mut Watched<R>,
    pub(crate) copy: Shared,
}

impl<R: Read> Read for Copied<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.copy.write_all(&buf[..count])?;
        Ok(count)
    }
}

impl<R: Read> BufRead for Copied<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let used = self.inner.buffered();
        if let Err(error) = self.copy.write_all(&used[..amount.min(used.len())]) {
            self.inner.fail(Fault::Local(error.to_string()));
        }
        self.inner.consume(amount);
    }
}
