//! A look at what is kept, before it is believed: at the checksums of packs and indexes.
//!
//! What was looked at is known again by its name, inode, size and time, so that this costs a clone nothing twice. Whoever
//! changes a file changes one of these; a disk that forgets does not, so after a while it is looked at again.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use gix::hash::Kind;
use mirror_config::system::state;
use serde::{Deserialize, Serialize};

use super::{
    records,
    repository::Store,
    sums::{self, Flaw},
};
use crate::objects::pack::Files;

/// The file that says what was looked at.
const LOOKED: &str = "looked.json";
/// Seconds for which that counts: a week, since it takes as long as the disk takes to read all.
const COUNTS: u64 = 7 * 86_400;

/// A file that cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl Damage {
    /// What makes damage of a flaw of this file.
    fn of(path: &Path) -> impl FnOnce(Flaw) -> Self {
        let path = path.to_owned();
        |flaw| Self { path, flaw }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", name(&self.path), self.flaw)
    }
}

/// What a file is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    inode: u64,
    bytes: u64,
    /// In nanoseconds since 1970.
    modified: u64,
    /// When it was looked at, in seconds since 1970.
    looked: u64,
}

impl Mark {
    fn of(path: &Path) -> io::Result<Self> {
        let found = path.metadata()?;
        let since = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Ok(Self { inode: inode(&found), bytes: found.len(), modified, looked: state::now() })
    }

    /// Whether a file that has this mark now is the one that had the other.
    fn is_as(&self, before: &Self) -> bool {
        let counts = (before.looked..before.looked.saturating_add(COUNTS)).contains(&self.looked);
        counts && *self == Self { looked: self.looked, ..*before }
    }
}

#[cfg(unix)]
fn inode(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// What was looked at: marks by the names of files.
type Marks = BTreeMap<String, Mark>;

/// Looks at all packs, and remembers those that are sound; under the store's lock. Returns what is damaged.
///
/// # Errors
///
/// Those of the file system where not even names can be read.
pub fn look(store: &Store) -> io::Result<Vec<Damage>> {
    let path = store.path().join(LOOKED);
    let before: Marks = state::read(&path);
    let (marks, damaged) = marks(store, &before, true)?;
    write(&path, &before, &marks);
    Ok(damaged)
}

/// Whether all packs are sound, for those who have not got the lock and do without the store else.
pub fn is_sound(store: &Store) -> bool {
    let before = state::read(&store.path().join(LOOKED));
    marks(store, &before, true).is_ok_and(|(_, damaged)| damaged.is_empty())
}

/// Remembers all packs: a look has been taken since the store was locked, and what has landed after that was hashed when
/// it was written.
pub fn remember(store: &Store) {
    let path = store.path().join(LOOKED);
    let before: Marks = state::read(&path);
    if let Ok((marks, _)) = marks(store, &before, false) {
        write(&path, &before, &marks);
    }
}

/// The marks of packs and indexes, and what is damaged. Those that are not known from `before` are read, or believed where
/// `reads` is false.
fn marks(store: &Store, before: &Marks, reads: bool) -> io::Result<(Marks, Vec<Damage>)> {
    let (mut marks, mut damaged) = (Marks::new(), Vec::new());
    for files in records::packs(store)? {
        match marked(&files, store.hash(), before, reads) {
            Ok(found) => marks.extend(found),
            // Whoever makes one pack of several takes the index away first, and then the pack.
            Err(_) if !files.index.exists() => {}
            Err(damage) => damaged.push(damage),
        }
    }
    Ok((marks, damaged))
}

/// The marks of a pack and its index, by their names.
fn marked(files: &Files, hash: Kind, before: &Marks, reads: bool) -> Result<[(String, Mark); 2], Damage> {
    let mark = |path: &Path| Ok((name(path), Mark::of(path).map_err(Flaw::from).map_err(Damage::of(path))?));
    let now = [mark(&files.pack)?, mark(&files.index)?];
    let known = |(name, mark): &(String, Mark)| {
        let before = before.get(name).filter(|before| mark.is_as(before))?;
        Some((name.clone(), *before))
    };
    if let [Some(pack), Some(index)] = now.each_ref().map(known) {
        return Ok([pack, index]);
    }
    if reads {
        let pack = sums::pack(&files.pack, hash).map_err(Damage::of(&files.pack))?;
        let index = sums::index(&files.index, hash).map_err(Damage::of(&files.index))?;
        if pack != index {
            return Err(Damage::of(&files.index)(Flaw::Stranger));
        }
    }
    Ok(now)
}

fn write(path: &Path, before: &Marks, marks: &Marks) {
    if before != marks
        && let Err(error) = state::write(path, marks)
    {
        tracing::debug!(%error, "what was looked at was not written");
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
        time::Duration,
    };

    use mirror_config::{
        model::Repository,
        system::{Environment, state},
    };

    use super::{COUNTS, Flaw, LOOKED, Marks, is_sound, look, remember};
    use crate::objects::store::Store;

    /// A store with a pack of nothing, and its folder.
    fn store() -> (tempfile::TempDir, Store, PathBuf) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = home.path().to_str().expect("a plain name");
        let env = Environment::of([("HOME", cache), ("XDG_CACHE_HOME", cache)], home.path());
        let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
        let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");
        let sealed = |mut bytes: Vec<u8>| {
            let mut hasher = gix::hash::hasher(store.hash());
            hasher.update(&bytes);
            bytes.extend_from_slice(hasher.try_finalize().expect("no collision").as_slice());
            bytes
        };
        let pack = sealed(b"PACK\0\0\0\x02\0\0\0\0".to_vec());
        let index = sealed([b"\xfftOc\0\0\0\x02", &[0; 1024][..], &pack[12..]].concat());
        let file = store.packs().join("pack-1.pack");
        fs::write(&file, pack).and_then(|()| fs::write(file.with_extension("idx"), index)).expect("ours");
        (home, store, file)
    }

    /// Flips a bit in place; the time stays what it was, or passes.
    fn flip(file: &Path, time_passes: bool) {
        let before = file.metadata().and_then(|found| found.modified()).expect("it is there");
        let mut bytes = fs::read(file).expect("it is there");
        bytes[9] ^= 1;
        fs::write(file, bytes).expect("ours");
        let now = if time_passes { before + Duration::from_nanos(10_000) } else { before };
        fs::File::options().append(true).open(file).and_then(|file| file.set_modified(now)).expect("ours");
    }

    fn flaws(store: &Store) -> Vec<Flaw> {
        assert_eq!(is_sound(store), look(store).expect("readable").is_empty());
        look(store).expect("readable").into_iter().map(|damage| damage.flaw).collect()
    }

    #[test]
    fn what_was_looked_at_is_not_read_again_until_something_about_it_changes_or_a_week_is_over() {
        for (case, damage, found) in [
            ("nothing", None, vec![]),
            ("the pack, unseen", Some(("pack", false)), vec![]),
            ("the pack", Some(("pack", true)), vec![Flaw::Checksum]),
            ("the index", Some(("idx", true)), vec![Flaw::Checksum]),
        ] {
            let (_home, store, file) = store();
            assert_eq!(flaws(&store), [], "{case}");
            damage.into_iter().for_each(|(end, time_passes)| flip(&file.with_extension(end), time_passes));
            assert_eq!(flaws(&store), found, "{case}");
            let looked = store.path().join(LOOKED);
            let mut marks: Marks = state::read(&looked);
            assert_eq!(marks.len(), if found.is_empty() { 2 } else { 0 }, "{case}");
            // What is as old as that counts no longer, nor does what is yet to come.
            for time in [state::now() - COUNTS - 1, state::now() + 99] {
                marks.values_mut().for_each(|mark| mark.looked = time);
                state::write(&looked, &marks).expect("ours");
                assert_eq!(is_sound(&store), damage.is_none(), "{case}");
            }
            assert_eq!(flaws(&store).is_empty(), damage.is_none(), "{case}");
        }
    }

    #[test]
    fn what_was_written_in_this_run_counts_as_looked_at() {
        let (_home, store, file) = store();
        remember(&store);
        flip(&file, false);
        assert_eq!(flaws(&store), [], "it was not read");
        fs::write(store.path().join(LOOKED), "{").expect("ours");
        assert_eq!(flaws(&store), [Flaw::Checksum], "a damaged memory costs a look");
    }

    #[test]
    fn a_pack_and_an_index_belong_together() {
        let (_home, store, file) = store();
        let other = store.packs().join("pack-2.pack");
        fs::copy(&file, &other).expect("ours");
        assert_eq!(flaws(&store), [], "a pack without an index is none");
        let mut index = fs::read(file.with_extension("idx")).expect("it is there");
        let names = 8 + 1024;
        index[names] ^= 1;
        let mut hasher = gix::hash::hasher(store.hash());
        hasher.update(&index[..names + 20]);
        index.truncate(names + 20);
        index.extend_from_slice(hasher.try_finalize().expect("no collision").as_slice());
        fs::write(other.with_extension("idx"), index).expect("ours");
        assert_eq!(flaws(&store), [Flaw::Stranger]);
        fs::remove_file(&other).expect("ours");
        assert_eq!(flaws(&store), [Flaw::Gone]);
        fs::remove_file(other.with_extension("idx")).expect("ours");
        assert_eq!(flaws(&store), []);
    }
}
