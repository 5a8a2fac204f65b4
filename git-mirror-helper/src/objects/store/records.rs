//! What each pack of a store was landed for: so that a later clone can tell which packs its refs reach, without a look at
//! every object.
//!
//! A pack is known by its name, which is its checksum, so what was written about it stays true wherever it lies. A pack of
//! which nothing is known is believed to have more than anybody reaches: that costs a cut, never an object.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
};

use mirror_config::{model::Oid, system::state};
use serde::{Deserialize, Serialize};

use super::repository::Store;
use crate::objects::pack::Files;

/// The file.
const RECORDS: &str = "landed.json";

/// What is known of one pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// All that is in it is reached from these.
    pub tips: BTreeSet<Oid>,
    /// It rests on no other pack: all that its objects point to is in it.
    pub whole: bool,
}

/// What is known of packs, by their names.
pub type Records = BTreeMap<String, Record>;

impl Record {
    /// What holds of one pack that is made of all these; nothing where of one of them nothing is known.
    pub fn of_all<'a>(records: impl IntoIterator<Item = Option<&'a Self>>) -> Option<Self> {
        records.into_iter().try_fold(Self { tips: BTreeSet::new(), whole: true }, |all, one| {
            let tips = all.tips.into_iter().chain(one?.tips.iter().cloned()).collect();
            Some(Self { tips, whole: all.whole && one?.whole })
        })
    }
}

/// The name that a pack is known by.
pub fn name(files: &Files) -> String {
    files.pack.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The packs that git and we would look into: those with an index.
///
/// # Errors
///
/// Those of the file system.
pub fn packs(store: &Store) -> io::Result<Vec<Files>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(store.packs())? {
        let index = entry?.path();
        if index.extension().is_some_and(|extension| extension == "idx") {
            packs.push(Files { pack: index.with_extension("pack"), index });
        }
    }
    Ok(packs)
}

/// What is known; nothing where it cannot be read.
pub fn read(store: &Store) -> Records {
    state::read(&store.path().join(RECORDS))
}

/// Has this be known of a pack, or nothing; under the store's lock. What is said of packs that went is forgotten.
pub fn note(store: &Store, files: &Files, record: Option<Record>) {
    let mut records = read(store);
    let before = records.clone();
    match record {
        Some(record) => drop(records.insert(name(files), record)),
        None => drop(records.remove(&name(files))),
    }
    let there: BTreeSet<String> = packs(store).unwrap_or_default().iter().map(name).collect();
    records.retain(|pack, _| there.contains(pack));
    if records != before
        && let Err(error) = state::write(&store.path().join(RECORDS), &records)
    {
        tracing::debug!(%error, "what was landed was not written");
    }
}

/// A pack is in the store now that was landed for these tips. It has nothing that they do not reach, but what it `borrows`
/// of others, to rest deltas on.
pub fn landed(store: &Store, files: &Files, tips: &[Oid], borrows: bool) {
    let (records, there) = (read(store), packs(store).unwrap_or_default());
    let others: Vec<String> = there.iter().map(name).filter(|other| *other != name(files)).collect();
    let lent = match borrows {
        true => Record::of_all(others.iter().map(|other| records.get(other))),
        false => Some(Record::default()),
    };
    let whole = others.is_empty() && !store.rests_on_another();
    let record = |lent: Record| Record { tips: lent.tips.into_iter().chain(tips.iter().cloned()).collect(), whole };
    note(store, files, lent.filter(|_| !tips.is_empty()).map(record));
}

#[cfg(test)]
mod tests {
    use super::Record;

    fn record(tips: &[u8], whole: bool) -> Record {
        let tips = tips.iter().map(|tip| format!("{tip:040x}").parse().expect("an id")).collect();
        Record { tips, whole }
    }

    #[test]
    fn what_is_made_of_several_is_reached_where_all_of_them_are() {
        let (one, two, three) = (record(&[1, 2], true), record(&[2, 3], false), record(&[4], true));
        for (case, packs, expected) in [
            ("none", vec![], Some(record(&[], true))),
            ("one", vec![Some(&one)], Some(one.clone())),
            ("two that are whole", vec![Some(&one), Some(&three)], Some(record(&[1, 2, 4], true))),
            ("one rests on another", vec![Some(&one), Some(&two)], Some(record(&[1, 2, 3], false))),
            ("one of which nothing is known", vec![Some(&one), None, Some(&three)], None),
        ] {
            assert_eq!(Record::of_all(packs), expected, "{case}");
        }
    }
}
