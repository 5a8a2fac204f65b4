//! All stores of the cache folder: what each takes, when it was last used, and removing those that have to go.
//!
//! Removing is one rename, of a store that nobody uses, to a name that is no store's. What a killed process did not get
//! to delete after that is deleted by the next one that removes anything.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    hold::{DAMAGED, DESCRIPTION, IN_USE, INCOMING, PACKS, STORE_OF, STORES, SUFFIX, hold, in_use, is_still_there},
    turn::bytes_of,
};
use crate::{
    model::{Repository, is_part},
    system::{Environment, state},
};

/// Begins the names of folders that wait to be deleted.
const GONE: &str = "gone-";
/// Begins the names of files that a killed process did not finish, as the crate `tempfile` calls them.
const UNFINISHED: &str = ".tmp";
/// Longest wait for others who decide.
const REMOVAL_WAIT: Duration = Duration::from_secs(10);

/// The stores of one cache folder.
#[derive(Debug, Clone)]
pub struct Stores {
    folder: PathBuf,
}

/// One store, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFacts {
    /// Where it lies.
    pub path: PathBuf,
    /// Whose it is; absent when a killed process had no time to say.
    pub repository: Option<Repository>,
    /// All its files, in bytes. A pack that a clone shares by a hard link counts, though it stays when the store goes.
    pub bytes: u64,
    /// Packs that have landed.
    pub packs: usize,
    /// When it was last opened.
    pub last_used: SystemTime,
    /// Whether a process was using it.
    pub in_use: bool,
}

impl Stores {
    /// Those of the user's cache folder; `None` without one.
    pub fn of(env: &Environment) -> Option<Self> {
        Some(Self::at(&env.cache_dir()?.join(STORES)))
    }

    /// Those of this folder.
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where they lie.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Every store, the least recently used first.
    ///
    /// # Errors
    ///
    /// Those of the file system. That there is no folder is none, and a store that goes meanwhile is left out.
    pub fn list(&self) -> io::Result<Vec<StoreFacts>> {
        let named =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(SUFFIX.as_bytes()));
        let stores = self.children()?.into_iter().filter(named);
        let mut entries: Vec<StoreFacts> = stores.filter_map(StoreFacts::of).collect();
        entries.sort_by(|a, b| (a.last_used, &a.path).cmp(&(b.last_used, &b.path)));
        Ok(entries)
    }

    /// Removes stores, the least recently used first, until all together have `limit` bytes or fewer. Those in use stay.
    /// Returns what was removed.
    ///
    /// # Errors
    ///
    /// Those of the file system, after as much as possible was removed; [`io::ErrorKind::WouldBlock`] when others have
    /// been deciding for long.
    pub fn evict(&self, limit: u64) -> io::Result<Vec<StoreFacts>> {
        self.take_out(|_, total| total > limit)
    }

    /// Removes the stores that are `unwanted`. Those in use stay. Returns what was removed.
    ///
    /// # Errors
    ///
    /// As [`Stores::evict`].
    pub fn remove(&self, unwanted: impl Fn(&StoreFacts) -> bool) -> io::Result<Vec<StoreFacts>> {
        self.take_out(|entry, _| unwanted(entry))
    }

    /// Removes what killed processes left behind: stores that were not deleted to the end, and in stores that nobody
    /// uses, unfinished files, packs without an index, and what was set aside as damaged. Returns its bytes.
    ///
    /// # Errors
    ///
    /// As [`Stores::evict`].
    pub fn sweep(&self) -> io::Result<u64> {
        let mut removal = Removal::begin(self)?;
        for entry in self.list()? {
            // While nobody uses the store, nobody owns them.
            let Some(_held) = hold_alone(&entry.path)? else { continue };
            for left in leftovers(&entry.path)? {
                removal.set_aside(&left)?;
            }
        }
        removal.finish()
    }

    /// Removes stores, asking of each whether it has to go, with the bytes of all that are there by then.
    fn take_out(&self, mut goes: impl FnMut(&StoreFacts, u64) -> bool) -> io::Result<Vec<StoreFacts>> {
        let mut removal = Removal::begin(self)?;
        let entries = self.list()?;
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut removed = Vec::new();
        let mut failed = None;
        for entry in entries {
            if !goes(&entry, total) {
                continue;
            }
            match removal.take(&entry.path) {
                Ok(true) => {
                    total -= entry.bytes;
                    removed.push(entry);
                }
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
        }
        removal.finish()?;
        failed.map_or(Ok(removed), Err)
    }

    fn children(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(&self.folder) {
            Ok(found) => Ok(found.flatten().map(|child| child.path()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl StoreFacts {
    fn of(path: PathBuf) -> Option<Self> {
        let description = fs::read_to_string(path.join(DESCRIPTION)).unwrap_or_default();
        let packs = fs::read_dir(path.join(PACKS)).into_iter().flatten().flatten();
        let used = fs::metadata(path.join(IN_USE)).or_else(|_| fs::metadata(&path)).ok()?;
        Some(Self {
            repository: repository(&description),
            bytes: bytes_of(&path),
            packs: packs.filter(|file| is_pack(&file.path())).count(),
            last_used: used.modified().ok()?,
            // Opening the lock would make the file, and so a store of a folder that is none.
            in_use: File::open(path.join(IN_USE)).is_ok_and(|file| file.try_lock().is_err()),
            path,
        })
    }

    /// Keeps it from being removed until the handle goes; this does not count as use. `None` when it has been removed.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn hold(&self) -> io::Result<Option<File>> {
        hold(&self.path)
    }
}

/// One removal: renames under a lock, then, without it, deletes what was renamed.
struct Removal<'a> {
    stores: &'a Stores,
    _held: Option<File>,
    /// Folders that are no store's any more.
    gone: Vec<PathBuf>,
}

impl<'a> Removal<'a> {
    /// Begins with what killed removals left.
    fn begin(stores: &'a Stores) -> io::Result<Self> {
        state::private_folder(&stores.folder)?;
        // Beside the folder, in which there is nothing but stores.
        let held = state::lock(&stores.folder.with_extension("lock"), REMOVAL_WAIT)?;
        let is_gone = |path: &PathBuf| begins(path, GONE);
        let gone = stores.children()?.into_iter().filter(is_gone).collect();
        Ok(Self { stores, _held: Some(held), gone })
    }

    /// Takes a store out unless somebody uses it.
    fn take(&mut self, store: &Path) -> io::Result<bool> {
        let Some(_held) = hold_alone(store)? else { return Ok(false) };
        self.set_aside(store)?;
        Ok(true)
    }

    /// Renames a file or a folder, so that it is nobody's.
    fn set_aside(&mut self, path: &Path) -> io::Result<()> {
        let folder = tempfile::Builder::new().prefix(GONE).tempdir_in(&self.stores.folder)?.keep();
        self.gone.push(folder.clone());
        fs::rename(path, folder.join(path.file_name().unwrap_or_default()))
    }

    /// Deletes what is gone, others may decide meanwhile. Returns its bytes.
    fn finish(mut self) -> io::Result<u64> {
        self._held = None;
        let mut bytes = 0;
        for folder in &self.gone {
            bytes += bytes_of(folder);
            match fs::remove_dir_all(folder) {
                // Another removal may take it for a killed one's.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(bytes)
    }
}

/// The lock of a store against all who use it; `None` when somebody does, or when it is gone.
fn hold_alone(store: &Path) -> io::Result<Option<File>> {
    let Some(file) = in_use(store)? else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(is_still_there(&file, store).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The repository that a description names, held against the grammar of names like any other text.
fn repository(description: &str) -> Option<Repository> {
    let (upstream, repo) = description.trim().strip_prefix(STORE_OF)?.split_once(':')?;
    let upstream = is_part(upstream).then(|| upstream.to_owned())?;
    Some(Repository { upstream, repo: repo.parse().ok()? })
}

/// What a store has that only a process at work, or a person, can have use for.
fn leftovers(store: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = |folder: &Path| match fs::read_dir(folder) {
        Ok(found) => Ok(found.flatten().map(|file| file.path()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let mut left: Vec<PathBuf> = paths(&store.join(INCOMING))?;
    let unfinished = |path: &PathBuf| begins(path, UNFINISHED);
    left.extend(paths(store)?.into_iter().filter(unfinished));
    // The index comes last: without one, nobody sees the pack.
    let unseen = |path: &PathBuf| is_pack(path) && !path.with_extension("idx").exists();
    left.extend(paths(&store.join(PACKS))?.into_iter().filter(unseen));
    left.extend(Some(store.join(DAMAGED)).filter(|aside| aside.exists()));
    Ok(left)
}

/// Whether a file's name begins so; it need not be text.
fn begins(path: &Path, with: &str) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(with.as_bytes()))
}

fn is_pack(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pack")
}
