//! Few packs in a store: git looks into every one of them for an object that it does not find.

use std::{cmp::Reverse, fs, io};

use mirror_config::errors::Fault;

use super::land;
use crate::objects::{
    pack::{Files, merge},
    store::Store,
};

/// Packs that a store may have.
const MOST: usize = 12;

/// Puts one pack in the place of several that have landed.
///
/// # Errors
///
/// [`Fault::Corrupt`] when one of them cannot be read, [`Fault::Local`] for the disk; then they stay.
pub fn consolidate(packs: &[Files], store: &Store) -> Result<Files, Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let incoming = store.incoming().map_err(local)?;
    let bundles: Vec<_> = packs.iter().map(|files| land::open(files, store)).collect::<Result<_, _>>()?;
    let merged = merge::merge(&bundles, incoming.path(), store.hash())?;
    let merged = land::keep(&merged, store).map_err(local)?;
    for files in packs.iter().filter(|files| **files != merged) {
        // The index first: a pack without one does not exist.
        let _ = fs::remove_file(&files.index).and_then(|()| fs::remove_file(&files.pack));
    }
    Ok(merged)
}

/// Makes one pack of all but the largest one, if there are many; under the store's lock. That it cannot be done is no
/// error: they are as good, only many.
pub fn tidy(store: &Store) {
    let Ok(found) = fs::read_dir(store.packs()) else { return };
    let indexes = found.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "idx"));
    let mut packs: Vec<(u64, Files)> = indexes
        .filter_map(|index| {
            let pack = index.with_extension("pack");
            Some((pack.metadata().ok()?.len(), Files { pack, index }))
        })
        .collect();
    if packs.len() <= MOST {
        return;
    }
    packs.sort_by_key(|(bytes, _)| Reverse(*bytes));
    let small: Vec<Files> = packs.into_iter().skip(1).map(|(_, files)| files).collect();
    match consolidate(&small, store) {
        Ok(_) => tracing::debug!(packs = small.len(), "made one"),
        Err(fault) => tracing::debug!(%fault, "packs stay apart"),
    }
}
