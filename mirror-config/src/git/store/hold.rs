//! What files a store has, and the lock that says who uses it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::system::state;

/// How often a store may be removed just when it is opened before that is an error.
const MOST_REMOVALS: usize = 100;

/// Longest wait for somebody who has a store alone.
const ALONE: Duration = Duration::from_secs(5);

/// Where all stores are, below the cache folder.
pub(super) const STORES: &str = "store";

/// How a store's folder ends; what is called otherwise is none.
pub(super) const SUFFIX: &str = ".git";

/// The file that users of a store lock; its time is that of the last use.
pub(super) const IN_USE: &str = "in-use";

/// The file that says whose store it is, and what it says before the name.
pub(super) const DESCRIPTION: &str = "description";

pub(super) const STORE_OF: &str = "store of ";

/// Where packs are on their way in.
pub(super) const INCOMING: &str = "incoming";

/// Where packs are that have landed.
pub(super) const PACKS: &str = "objects/pack";

/// Where packs are put that cannot be believed any more, for a person to look at.
pub(super) const DAMAGED: &str = "damaged";

/// Keeps a store from being removed until the handle goes; makes its folder if there is none.
pub(super) fn hold_or_make(store: &Path) -> io::Result<File> {
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
pub(super) fn hold(store: &Path) -> io::Result<Option<File>> {
    let Some(file) = in_use(store)? else { return Ok(None) };
    // Whoever has it alone needs it for one rename, unless it is stopped.
    let until = Instant::now() + ALONE;
    while let Err(error) = file.try_lock_shared() {
        match error {
            TryLockError::Error(error) => return Err(error),
            TryLockError::WouldBlock if Instant::now() >= until => return Err(io::ErrorKind::WouldBlock.into()),
            TryLockError::WouldBlock => thread::sleep(Duration::from_millis(5)),
        }
    }
    Ok(is_still_there(&file, store).then_some(file))
}

/// Opens the file that users lock; `None` when the store is gone.
pub(super) fn in_use(store: &Path) -> io::Result<Option<File>> {
    match state::lock_file(&store.join(IN_USE)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the lock is one on what lies at the path now: while it was waited for, the store may have been removed, and
/// even made anew by somebody else.
#[cfg(unix)]
pub(super) fn is_still_there(file: &File, store: &Path) -> bool {
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
