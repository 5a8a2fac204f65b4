//! Few packs in a store: git looks into every one of them for an object that it does not find.

use std::{cmp::Reverse, fs, io};

use mirror_config::errors::Fault;

use super::land;
use crate::objects::{
    pack::{Files, merge},
    store::{Record, Store, look, records},
};

/// Packs that a store may have.
const MOST: usize = 12;

/// Puts one pack in the place of several that have landed.
///
/// # Errors
///
/// [`Fault::Corrupt`] when one of them cannot be read, [`Fault::Local`] for the disk; then they stay.
pub fn consolidate(packs: &[Files], store: &Store) -> Result<Files, Fault> {
    let incoming = store.incoming().map_err(local)?;
    let bundles: Vec<_> = packs.iter().map(|files| land::open(files, store)).collect::<Result<_, _>>()?;
    let merged = merge::merge(&bundles, incoming.path(), store.hash())?;
    let known = records::read(store);
    let record = Record::of_all(packs.iter().map(|files| known.get(&records::name(files))));
    let is_all = packs.len() == records::packs(store).map_err(local)?.len() && !store.rests_on_another();
    let merged = land::keep(&merged, store).map_err(local)?;
    instead(&merged, record.map(|record| Record { whole: record.whole || is_all, ..record }), packs, store);
    Ok(merged)
}

/// A pack is here in place of others, which go.
pub fn instead(pack: &Files, record: Option<Record>, of: &[Files], store: &Store) {
    for files in of.iter().filter(|files| *files != pack) {
        // The index first: a pack without one does not exist.
        let _ = fs::remove_file(&files.index).and_then(|()| fs::remove_file(&files.pack));
    }
    records::note(store, pack, record);
    look::remember(store);
}

/// Makes one pack of all but the largest one, if there are many; under the store's lock. That it cannot be done is no
/// error: they are as good, only many.
pub fn tidy(store: &Store) {
    let Ok(found) = records::packs(store) else { return };
    let sized = found.into_iter().filter_map(|files| Some((files.pack.metadata().ok()?.len(), files)));
    let mut packs: Vec<(u64, Files)> = sized.collect();
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

fn local(error: io::Error) -> Fault {
    Fault::Local(error.to_string())
}
