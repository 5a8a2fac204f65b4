//! Files that are named by what is in them: the cache of the relay, shared by all projects of a user.
//!
//! A file is in it only under its own SHA-256, and is read again before it is given away, so that neither a mirror nor a
//! bad disk can put anything else there.

use std::{
    fs::{self, File},
    io::{self, Read, Seek},
    path::PathBuf,
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::{environment::Environment, state};

/// The cache.
#[derive(Debug, Clone)]
pub struct Blobs(PathBuf);

impl Blobs {
    /// Opens the cache under the user's cache folder.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`io::ErrorKind::NotFound`] where there is no cache folder.
    pub fn open(env: &Environment) -> io::Result<Self> {
        let folder = env.cache_dir().ok_or(io::ErrorKind::NotFound)?.join("files");
        state::private_folder(&folder)?;
        Ok(Self(folder))
    }

    /// The file with this SHA-256 in lower-case hex, and its size in bytes. One that has changed goes away.
    pub fn get(&self, sha256: &str) -> Option<(File, u64)> {
        let path = self.path(sha256)?;
        let mut file = File::open(&path).ok()?;
        let size = file.metadata().ok()?.len();
        if self::sha256(&mut file).ok()? != sha256 {
            tracing::debug!(path = %path.display(), "a damaged file of the cache");
            // Whoever comes next fetches it again.
            let _ = fs::remove_file(path);
            return None;
        }
        file.rewind().ok()?;
        Some((file, size))
    }

    /// A file to be filled, beside those that are whole; it goes away unless it is kept.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn create(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix("incoming-").tempfile_in(&self.0)
    }

    /// Keeps a file whose content is known to have this SHA-256.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn keep(&self, file: NamedTempFile, sha256: &str) -> io::Result<File> {
        let path = self.path(sha256).ok_or(io::ErrorKind::InvalidInput)?;
        state::private_folder(path.parent().unwrap_or(&self.0))?;
        // Not synced: a file that a crash has spoiled is found out by `get`.
        let mut file = file.persist(path).map_err(|error| error.error)?;
        file.rewind()?;
        Ok(file)
    }

    /// Two digits are the folder, so that none gets too many files.
    fn path(&self, sha256: &str) -> Option<PathBuf> {
        let right = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| self.0.join(&sha256[..2]).join(&sha256[2..]))
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a stream, in lower-case hex.
///
/// # Errors
///
/// Those of the stream.
pub fn sha256(mut stream: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 0x1_0000];
    loop {
        match stream.read(&mut chunk)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&chunk[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blobs, sha256};
    use crate::environment::Environment;
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
        let path = blobs.path(&name).expect("a hash");
        fs::write(&path, b"abd").expect("our folder");
        assert!(blobs.get(&name).is_none() && !path.exists());
        for odd in ["", "../../x", "ABC", &"g".repeat(64)] {
            assert!(blobs.path(odd).is_none(), "{odd}");
        }
    }
}
