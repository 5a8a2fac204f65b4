//! Where git objects are kept between clones: a folder for each repository, and who is using it at the moment.
//!
//! Two locks, which have nothing to do with each other. `in-use` is shared by all that read or write a store, for as
//! long as they do; only who wants to remove the store takes it alone. `lock` is for the one process that downloads.
//! What is inside, objects and packs, is the business of `git-remote-mirror`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use sha2::{Digest, Sha256};

use super::{
    all::Stores,
    hold::{DAMAGED, DESCRIPTION, INCOMING, PACKS, STORE_OF, STORES, SUFFIX, hold_or_make},
    turn::{self, Held},
};
use crate::{
    model::Repository,
    system::{Environment, state},
};

/// The folder of one store. Nobody removes it while this, or a clone of it, exists.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    _in_use: Arc<File>,
}

impl Folder {
    /// Opens or makes the store of a repository that uses this hash, `sha1` or `sha256`, and notes that it is used.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`io::ErrorKind::NotFound`] without a cache folder to put it in.
    pub fn open(env: &Environment, repository: &Repository, object_format: &str) -> io::Result<Self> {
        Self::open_as(env, repository, object_format, &format!("{} {object_format}", repository.key()))
    }

    /// Opens or makes a store for what is to be added to the objects of this folder, on which it rests.
    ///
    /// # Errors
    ///
    /// As [`Folder::open`].
    pub fn beside(env: &Environment, repository: &Repository, object_format: &str, objects: &Path) -> io::Result<Self> {
        let objects = fs::canonicalize(objects)?;
        let folder = Self::open_as(env, repository, object_format, &format!("{repository} beside {objects:?}"))?;
        let mut line = objects.into_os_string().into_encoded_bytes();
        line.push(b'\n');
        // gitrepository-layout(5): further places to look for objects.
        state::write_whole(&folder.path.join("objects/info/alternates"), &line)?;
        Ok(folder)
    }

    fn open_as(env: &Environment, repository: &Repository, object_format: &str, key: &str) -> io::Result<Self> {
        let stores = env.cache_dir().ok_or(io::ErrorKind::NotFound)?.join(STORES);
        let key = Sha256::digest(key);
        let key: String = key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = stores.join(format!("{key}{SUFFIX}"));
        let in_use = hold_or_make(&path)?;
        in_use.set_modified(SystemTime::now())?;
        let folder = Self { path, _in_use: Arc::new(in_use) };
        folder.prepare(repository, object_format)?;
        Ok(folder)
    }

    /// Makes it a repository that git itself could look at.
    fn prepare(&self, repository: &Repository, object_format: &str) -> io::Result<()> {
        for folder in [PACKS, "objects/info", "refs", INCOMING] {
            state::private_folder(&self.path.join(folder))?;
        }
        let version = if object_format == "sha1" { 0 } else { 1 };
        let extension = if object_format == "sha1" { "" } else { "[extensions]\n\tobjectFormat = sha256\n" };
        let config = format!("[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}");
        self.has("config", &config, <[u8]>::eq)?;
        // As whoever came first spelled it.
        self.has(DESCRIPTION, &format!("{STORE_OF}{repository}\n"), <[u8]>::eq_ignore_ascii_case)?;
        self.has("HEAD", "ref: refs/heads/none\n", <[u8]>::eq)
    }

    /// Has a file say this, whatever became of it since it was written.
    fn has(&self, name: &str, text: &str, same: fn(&[u8], &[u8]) -> bool) -> io::Result<()> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(found) if same(&found, text.as_bytes()) => Ok(()),
            _ => state::write_whole(&path, text.as_bytes()),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its packs are.
    pub fn packs(&self) -> PathBuf {
        self.path.join(PACKS)
    }

    /// Puts all packs aside, where nobody looks for objects, in place of those that were put there before. It is one
    /// rename, so that whoever is killed leaves all of them or none. Returns where they are; under the lock.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn set_aside(&self) -> io::Result<PathBuf> {
        let aside = self.path.join(DAMAGED);
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(self.packs(), &aside)?;
        state::private_folder(&self.packs())?;
        Ok(aside)
    }

    /// A fresh folder for a pack on its way in; it goes away with its handle.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn incoming(&self) -> io::Result<tempfile::TempDir> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir_in(self.path.join(INCOMING))
    }

    /// Waits until no other process downloads into this store, for as long as that one gets on, and keeps others out until the
    /// handle goes, which tells them whether this one `gets_on`. Says when the wait is not over in a moment.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`io::ErrorKind::TimedOut`] when the other one does not get on.
    pub fn lock(&self, waits: impl FnOnce(), gets_on: impl Fn() -> bool + Send + 'static) -> io::Result<Held> {
        let held = turn::take(&self.path, waits, gets_on)?;
        // Whatever lies here belongs to nobody now: it was left by a process that was killed.
        for left in fs::read_dir(self.path.join(INCOMING))?.flatten() {
            let _ = fs::remove_dir_all(left.path()).or_else(|_| fs::remove_file(left.path()));
        }
        Ok(held)
    }

    /// Removes it, unless others use it too.
    pub fn discard(self) {
        let (stores, path) = (self.all(), self.path.clone());
        drop(self);
        // What stays goes when the stores have grown too large.
        let _ = stores.remove(|entry| entry.path == path);
    }

    /// All stores, of which this is one.
    pub fn all(&self) -> Stores {
        Stores::at(self.path.parent().unwrap_or(&self.path))
    }
}
