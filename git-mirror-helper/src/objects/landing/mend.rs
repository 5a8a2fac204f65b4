//! A store that is damaged mends itself: nothing of it is believed any more, and what is sound of it lands again.
//!
//! Packs rest on each other, and nobody has written down which on which: without the damaged one, what is left need not be
//! closed under reachability. So all of them are put aside, by one rename, which leaves nothing half done whoever is killed.
//! Then each that is sound lands like any pack that arrives, and so gets in only after everything it points to; an index
//! is made on the way. What does not land again is left aside for a person to look at, and has to be fetched.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::land;
use crate::objects::store::{Damage, Store, look};

/// What is damaged, and where it was put.
#[derive(Debug)]
pub struct Aside {
    damaged: Vec<Damage>,
    folder: PathBuf,
}

impl Aside {
    /// Whether a file was put there because of what it is, and not because of what lay beside it.
    fn is_damaged(&self, path: &Path) -> bool {
        self.damaged.iter().any(|damage| damage.path.file_name() == path.file_name())
    }
}

impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [first, others @ ..] = self.damaged.as_slice() {
            write!(f, "{first}")?;
            if !others.is_empty() {
                write!(f, ", and {} more", others.len())?;
            }
        }
        write!(f, "; put aside in {}; went on without", self.folder.display())
    }
}

/// Looks at a store, and mends it if that is needed; under its lock. `tell` hears of it first: this can take as long as
/// landing took.
///
/// # Errors
///
/// Those of the file system. Then nothing of the store may be believed.
pub fn mend(store: &Store, tell: impl FnOnce(&Aside)) -> io::Result<()> {
    let damaged = look::look(store)?;
    if damaged.is_empty() {
        return Ok(());
    }
    let aside = Aside { damaged, folder: store.set_aside()? };
    tell(&aside);
    let mut packs: Vec<PathBuf> = fs::read_dir(&aside.folder)?.flatten().map(|entry| entry.path()).collect();
    packs.retain(|path| path.extension().is_some_and(|extension| extension == "pack") && !aside.is_damaged(path));
    // Whoever rests on another one is younger, but for those that were made of several.
    packs.sort_by_cached_key(|path| path.metadata().and_then(|found| found.modified()).ok());
    while let Some(at) = packs.iter().position(|pack| lands(pack, store)) {
        let pack = packs.remove(at);
        for file in [pack.with_extension("idx"), pack].iter().filter(|file| !aside.is_damaged(file)) {
            // What stays behind costs space only.
            let _ = fs::remove_file(file);
        }
    }
    store.add_tips(&[]);
    Ok(())
}

/// Lands a pack once more, if everything it points to is there.
fn lands(pack: &Path, store: &Store) -> bool {
    let Ok(file) = File::open(pack) else { return false };
    match land::land(BufReader::new(file), store, &[]) {
        Ok(landed) => {
            tracing::debug!(pack = %pack.display(), objects = landed.objects, "landed again");
            true
        }
        Err(fault) => {
            tracing::debug!(pack = %pack.display(), %fault, "does not land again");
            false
        }
    }
}
