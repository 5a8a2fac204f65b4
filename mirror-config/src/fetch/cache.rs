//! Files that are named by what is in them: the cache of the relay, shared by all projects of a user.
//!
//! A file is in it only under its own SHA-256, and is read again before it is given away, so that neither a mirror nor a
//! bad disk can put anything else there.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Seek},
    path::PathBuf,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use tempfile::{NamedTempFile, TempDir};

use crate::system::{Environment, state};

/// A file that nobody has written to for so long was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// The cache.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    /// What is being filled in this run; nothing once the run is over.
    unfinished: Mutex<Option<BTreeSet<PathBuf>>>,
    /// The folder, where it is for this run alone.
    of_this_run: Mutex<Option<TempDir>>,
}

impl Blobs {
    /// Opens the cache under the user's cache folder. Where that cannot be written, as in many containers, files are kept for
    /// this run alone, in a folder of the system's for such.
    ///
    /// # Errors
    ///
    /// Where neither can be written; both are named.
    pub fn open(env: &Environment) -> io::Result<Self> {
        let kept = env.cache_dir().map(|folder| folder.join("files"));
        let wrong = match &kept {
            None => io::ErrorKind::NotFound.into(),
            Some(folder) => match state::private_folder(folder) {
                Ok(()) => return Ok(Self::at(folder.clone(), None)),
                Err(error) => error,
            },
        };
        tracing::debug!(?kept, %wrong, "files are kept for this run alone");
        let run = tempfile::Builder::new().prefix("mirror-").tempdir().map_err(|error| {
            let kept = kept.as_ref().map(|kept| format!("{}: {wrong}; ", kept.display())).unwrap_or_default();
            io::Error::new(error.kind(), format!("{kept}{}: {error}", std::env::temp_dir().display()))
        })?;
        Ok(Self::at(run.path().to_owned(), Some(run)))
    }

    fn at(folder: PathBuf, of_this_run: Option<TempDir>) -> Self {
        Self { folder, unfinished: Mutex::new(Some(BTreeSet::new())), of_this_run: Mutex::new(of_this_run) }
    }

    /// The file with this SHA-256 in lower-case hex, and its size in bytes. One that has changed goes away.
    pub fn get(&self, sha256: &str) -> Option<(File, u64)> {
        let path = self.path(sha256)?;
        let mut file = File::options().read(true).append(true).open(&path).ok()?;
        let size = file.metadata().ok()?.len();
        if crate::system::sha256(&mut file).ok()? != sha256 {
            tracing::debug!(path = %path.display(), "a damaged file of the cache");
            // Whoever comes next fetches it again.
            let _ = fs::remove_file(path);
            return None;
        }
        file.rewind().ok()?;
        // So that the least recently used go first; without it they go by age.
        let _ = file.set_modified(SystemTime::now());
        Some((file, size))
    }

    /// How many files there are, and their bytes.
    pub fn size(&self) -> (usize, u64) {
        let all = self.all();
        (all.len(), all.iter().map(|(_, size, _)| size).sum())
    }

    /// Removes the least recently used files until no more than `limit` bytes are left, and what killed runs left
    /// behind. Returns the bytes that went.
    pub fn evict(&self, limit: u64) -> u64 {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let old =
                entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|a| a > ABANDONED));
            if old && entry.path().is_file() {
                // Somebody else may be doing the same.
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut all = self.all();
        all.sort();
        let mut left: u64 = all.iter().map(|(_, size, _)| size).sum();
        let before = left;
        for (_, size, path) in all {
            if left <= limit {
                break;
            }
            // Who reads it keeps it open.
            if fs::remove_file(path).is_ok() {
                left -= size;
            }
        }
        before - left
    }

    /// When each was last used, its bytes, its path.
    fn all(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        let known = |file: fs::DirEntry| {
            let metadata = file.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), file.path()))
        };
        files.filter_map(known).collect()
    }

    /// A file to be filled, beside those that are whole; it goes away unless it is kept.
    ///
    /// # Errors
    ///
    /// Those of the file system, and none is made once the run is over.
    pub fn create(&self) -> io::Result<NamedTempFile> {
        let mut unfinished = self.unfinished.lock().expect("nobody panics while holding it");
        let unfinished = unfinished.as_mut().ok_or(io::ErrorKind::Interrupted)?;
        let file = tempfile::Builder::new().prefix("incoming-").tempfile_in(&self.folder)?;
        unfinished.insert(file.path().to_owned());
        Ok(file)
    }

    /// Ends the run: what is being filled goes away. Threads that fill it end with the process, which removes nothing of theirs.
    pub fn close(&self) {
        let unfinished = self.unfinished.lock().expect("nobody panics while holding it").take();
        for path in unfinished.into_iter().flatten() {
            // It was kept, or went away by itself.
            let _ = fs::remove_file(path);
        }
        drop(self.of_this_run.lock().expect("nobody panics while holding it").take());
    }

    /// Keeps a file whose content is known to have this SHA-256.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn keep(&self, file: NamedTempFile, sha256: &str) -> io::Result<File> {
        let path = self.path(sha256).ok_or(io::ErrorKind::InvalidInput)?;
        state::private_folder(path.parent().unwrap_or(&self.folder))?;
        let filled = file.path().to_owned();
        // Not synced: a file that a crash has spoiled is found out by `get`.
        let mut file = file.persist(path).map_err(|error| error.error)?;
        if let Some(unfinished) = self.unfinished.lock().expect("nobody panics while holding it").as_mut() {
            unfinished.remove(&filled);
        }
        file.rewind()?;
        Ok(file)
    }

    /// Two digits are the folder, so that none gets too many files.
    fn path(&self, sha256: &str) -> Option<PathBuf> {
        let right = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| self.folder.join(&sha256[..2]).join(&sha256[2..]))
    }
}

#[cfg(test)]
mod tests {
    use super::Blobs;
    use crate::system::{Environment, sha256};

    use std::{fs, io::Write};

    #[test]
    fn a_file_is_found_by_its_hash_and_a_damaged_one_is_not() {
        let home = tempfile::TempDir::new().expect("a temporary folder");
        let env = Environment::of([("XDG_CACHE_HOME", home.path().as_os_str())], home.path());
        let blobs = Blobs::open(&env).expect("our folder");
        let name = sha256(b"abc".as_slice()).expect("memory");
        assert!(blobs.get(&name).is_none());
        let mut file = blobs.create().expect("our folder");
        file.write_all(b"abc").expect("our folder");
        blobs.keep(file, &name).expect("our folder");
        assert_eq!(blobs.get(&name).map(|(_, size)| size), Some(3));
        assert_eq!((blobs.size(), blobs.evict(3)), ((1, 3), 0));
        let path = blobs.path(&name).expect("a hash");
        fs::write(&path, b"abd").expect("our folder");
        assert!(blobs.get(&name).is_none() && !path.exists());
        let mut file = blobs.create().expect("our folder");
        file.write_all(b"abc").expect("our folder");
        blobs.keep(file, &name).expect("our folder");
        assert_eq!((blobs.evict(2), blobs.size()), (3, (0, 0)));
        let half = blobs.create().expect("our folder");
        blobs.close();
        assert!(!half.path().exists() && blobs.create().is_err(), "nothing is left behind, and nothing new begins");
        for odd in ["", "../../x", "ABC", &"g".repeat(64)] {
            assert!(blobs.path(odd).is_none(), "{odd}");
        }
    }
}
