//! The file of a pack that grows: written at its end, read anywhere.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Mutex,
};

use gix::{
    ObjectId,
    hash::Kind,
    zlib::{Inflate, Status},
};
use mirror_config::errors::Fault;

/// Bytes that are written at once.
const TAIL: usize = 512 << 10;

/// The file, with what is not written yet.
#[derive(Debug)]
pub(crate) struct Disk {
    path: PathBuf,
    file: Mutex<File>,
    written: u64,
    tail: Vec<u8>,
}

impl Disk {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Fault> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(local)?;
        let written = file.metadata().map_err(local)?.len();
        Ok(Self { path, file: Mutex::new(file), written, tail: Vec::new() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn len(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() >= TAIL { self.flush() } else { Ok(()) }
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        let mut file = self.file.lock().expect("nobody panics while holding it");
        file.seek(SeekFrom::Start(self.written)).and_then(|_| file.write_all(&self.tail)).map_err(local)?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let size = |bytes: u64| usize::try_from(bytes).map_err(|error| Fault::Local(error.to_string()));
        let mut bytes = vec![0; size(range.end - range.start)?];
        let on_disk = size(range.end.min(self.written).saturating_sub(range.start))?;
        let (first, rest) = bytes.split_at_mut(on_disk);
        if !first.is_empty() {
            let mut file = self.file.lock().expect("nobody panics while holding it");
            file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(first)).map_err(local)?;
        }
        let from = size(range.start.max(self.written) - self.written)?;
        rest.copy_from_slice(
            self.tail.get(from..from + rest.len()).ok_or_else(|| Fault::Local("a short file".to_owned()))?,
        );
        Ok(bytes)
    }

    /// Gives it another name.
    pub(crate) fn rename(&mut self, path: PathBuf) -> Result<(), Fault> {
        fs::rename(&self.path, &path).map_err(local)?;
        self.path = path;
        Ok(())
    }

    /// Cuts it off after so many bytes.
    pub(crate) fn truncate(&mut self, bytes: u64) -> Result<(), Fault> {
        self.flush()?;
        self.written = bytes;
        self.file.lock().expect("nobody panics while holding it").set_len(bytes).map_err(local)
    }

    /// Writes its first bytes anew.
    pub(crate) fn begin_with(&mut self, head: &[u8]) -> Result<(), Fault> {
        self.flush()?;
        let mut file = self.file.lock().expect("nobody panics while holding it");
        file.rewind().and_then(|()| file.write_all(head)).map_err(local)
    }

    /// The hash of all of it.
    pub(crate) fn sum(&mut self, hash: Kind) -> Result<ObjectId, Fault> {
        self.flush()?;
        let mut file = self.file.lock().expect("nobody panics while holding it");
        file.rewind().map_err(local)?;
        let mut hasher = gix::hash::hasher(hash);
        let mut piece = vec![0; TAIL];
        loop {
            match file.read(&mut piece).map_err(local)? {
                0 => return hasher.try_finalize().map_err(|error| Fault::Corrupt(error.to_string())),
                count => hasher.update(&piece[..count]),
            }
        }
    }
}

/// A fault of this machine.
pub(crate) fn local(error: io::Error) -> Fault {
    Fault::Local(error.to_string())
}

/// What is deflated, of which the size is known.
pub(crate) fn inflate(deflated: &[u8], size: u64) -> Result<Vec<u8>, Fault> {
    let damaged = || Fault::Corrupt("a damaged pack".to_owned());
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| damaged())?];
    match Inflate::default().once(deflated, &mut bytes) {
        Ok((Status::StreamEnd, _, made)) if made as u64 == size => Ok(bytes),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, TAIL};
    use gix::hash::Kind;

    #[test]
    fn what_was_appended_is_read_whether_written_or_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut disk = Disk::open(folder.path().join("pack")).expect("a new file");
        let bytes: Vec<u8> = (0..TAIL as u32 + 100).map(|number| (number % 251) as u8).collect();
        disk.append(&bytes[..TAIL - 10]).expect("room");
        disk.flush().expect("room");
        disk.append(&bytes[TAIL - 10..]).expect("room");
        for range in [0..10, TAIL - 20..TAIL - 10, TAIL - 20..TAIL + 50, TAIL..TAIL + 100, 7..7] {
            let read = disk.read(range.start as u64..range.end as u64).expect("it is there");
            assert_eq!(read, bytes[range]);
        }
        assert!(disk.read(0..disk.len() + 1).is_err(), "beyond its end");
        disk.begin_with(b"PACK").expect("room");
        disk.truncate(10).expect("shorter");
        assert_eq!(disk.read(0..10).expect("it is there"), [b"PACK", &bytes[4..10]].concat());
        let mut hasher = gix::hash::hasher(Kind::Sha1);
        hasher.update(&[b"PACK", &bytes[4..10]].concat());
        assert_eq!(disk.sum(Kind::Sha1), Ok(hasher.try_finalize().expect("a hash")));
        let again = Disk::open(folder.path().join("pack")).expect("it is there");
        assert_eq!(again.len(), 10);
    }
}
