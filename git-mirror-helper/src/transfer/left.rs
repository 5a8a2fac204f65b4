//! What is left of a transfer that did not come to its end, taken in again: whatever is whole of it need not come once more.

use std::{fs::File, io};

use mirror_config::{errors::Fault, model::Oid};

use super::in_flight::Rest;
use crate::objects::{
    landing::Landing,
    store::{Parts, Store},
};

/// Of a run that was killed when all was to come in one piece; and the tips it was for.
pub fn of_one_piece(store: &Store) -> Option<(Vec<Oid>, Landing)> {
    let wants = Parts::resume_one(store)?;
    let mut landing = Landing::resume(store, u64::MAX)?;
    for part in Parts::left(store) {
        // What does not land is fetched again.
        let _ = landing.part(&part, &[], false);
    }
    Some((wants, landing))
}

/// Of slices: those that wait, and the beginnings of those that were broken off.
///
/// # Errors
///
/// [`Fault::Local`] for the disk.
pub fn of_slices(store: &Store, rest: &[Rest]) -> Result<Landing, Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let mut came: Vec<(usize, File)> = Vec::new();
    for part in Parts::left(store) {
        came.push((part.range.start, part.open().map_err(local)?));
    }
    for Rest { range, file } in rest {
        came.push((range.start, file.reopen().map_err(local)?));
    }
    // Deltas rest on what came before.
    came.sort_by_key(|(cut, _)| *cut);
    let mut landing = Landing::begin(store)?;
    for (_, file) in came {
        // It ends in the middle, or rests on what has not come; what is whole is kept.
        if let Err(fault @ Fault::Local(_)) = landing.stream(file, &mut |_| Ok(())) {
            return Err(fault);
        }
    }
    Ok(landing)
}
