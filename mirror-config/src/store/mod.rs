//! Where git objects are kept between clones: a folder for each repository, and who is using it at the moment.
//!
//! Two locks, which have nothing to do with each other. `in-use` is shared by all that read or write a store, for as
//! long as they do; only who wants to remove the store takes it alone. `lock` is for the one process that downloads.
//! What is inside, objects and packs, is the business of `git-remote-mirror`.

mod all;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

use crate::{environment::Environment, state, upstream::Repository};

pub use all::{Entry, Stores};

/// Longest wait for another clone of the same repository, which is then downloading what we want.
const LOCK_WAIT: Duration = Duration::from_secs(3600);
/// A wait that nobody notices.
const MOMENT: Duration = Duration::from_millis(700);
/// How often a store may be removed just when it is opened before that is an error.
const MOST_REMOVALS: usize = 100;
/// Where all stores are, below the cache folder.
const STORES: &str = "store";
/// How a store's folder ends; what is called otherwise is none.
const SUFFIX: &str = ".git";
/// The file that users of a store lock; its time is that of the last use.
const IN_USE: &str = "in-use";
/// The file that says whose store it is, and what it says before the name.
const DESCRIPTION: &str = "description";
const STORE_OF: &str = "store of ";
/// Where packs are on their way in.
const INCOMING: &str = "incoming";
/// Where packs are that have landed.
const PACKS: &str = "objects/pack";

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
        // Hosts do not tell names apart by case.
        Self::open_as(env, repository, object_format, &format!("{repository} {object_format}").to_ascii_lowercase())
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
        if !self.path.join("HEAD").exists() {
            let version = if object_format == "sha1" { 0 } else { 1 };
            let extension = if object_format == "sha1" { "" } else { "[extensions]\n\tobjectFormat = sha256\n" };
            let config = format!("[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}");
            state::write_whole(&self.path.join("config"), config.as_bytes())?;
            state::write_whole(&self.path.join(DESCRIPTION), format!("{STORE_OF}{repository}\n").as_bytes())?;
            state::write_whole(&self.path.join("HEAD"), b"ref: refs/heads/none\n")?;
        }
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its packs are.
    pub fn packs(&self) -> PathBuf {
        self.path.join(PACKS)
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

    /// Waits until no other process downloads into this store, and keeps others out until the handle goes. Says when the
    /// wait is not over in a moment.
    ///
    /// # Errors
    ///
    /// Those of the file system, and [`io::ErrorKind::WouldBlock`] after an hour.
    pub fn lock(&self, waits: impl FnOnce()) -> io::Result<File> {
        let path = self.path.join("lock");
        let held = state::lock(&path, MOMENT).or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                waits();
                state::lock(&path, LOCK_WAIT)
            }
            _ => Err(error),
        })?;
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

/// Keeps a store from being removed until the handle goes; makes its folder if there is none.
fn hold_or_make(store: &Path) -> io::Result<File> {
    for _ in 0..MOST_REMOVALS {
        match state::private_folder(store) {
            // It was there, and it went before anybody could look what it is.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if let Some(held) = hold(store)? {
            return Ok(held);
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// The same for a store that must be there already; `None` when it is not, or is removed right now.
fn hold(store: &Path) -> io::Result<Option<File>> {
    let Some(file) = in_use(store)? else { return Ok(None) };
    // Whoever has it alone needs it for one rename.
    file.lock_shared()?;
    Ok(is_still_there(&file, store).then_some(file))
}

/// Opens the file that users lock; `None` when the store is gone.
fn in_use(store: &Path) -> io::Result<Option<File>> {
    match state::lock_file(&store.join(IN_USE)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the lock is one on what lies at the path now: while it was waited for, the store may have been removed, and
/// even made anew by somebody else.
#[cfg(unix)]
fn is_still_there(file: &File, store: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let now = fs::metadata(store.join(IN_USE)).map(identity);
    file.metadata().map(identity).is_ok_and(|held| now.is_ok_and(|now| now == held))
}

/// Where a folder cannot be renamed while a file in it is open, the path says enough.
#[cfg(not(unix))]
fn is_still_there(_: &File, store: &Path) -> bool {
    store.join(IN_USE).exists()
}

#[cfg(test)]
mod tests;
