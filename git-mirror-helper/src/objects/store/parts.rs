//! Slices that have arrived and wait to land: files of the store, which outlive the process.
//!
//! A slice lands after all those before it, since its deltas and its history rest on theirs. Until then it is a pack
//! with a right checksum and nothing more. Which cuts the slices belong to is written down beside them, so that the
//! next run goes on where this one ended. It takes up what still is as it was written: a slice without its checksum is
//! fetched again, and so are all whose plan cannot be believed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    ops::Range,
    path::PathBuf,
};

use gix::hash::Kind;
use gix_pack::data::header;
use mirror_config::{errors::Fault, model::Oid, system::state};
use tempfile::NamedTempFile;

use super::{repository::Store, sums};

/// The file with the cuts.
const PLAN: &str = "plan.json";
/// The file that says how much of them has landed.
const LANDED: &str = "landed";
/// Bytes read at once.
const CHUNK: usize = 0x1_0000;

/// A slice on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The cuts it spans.
    pub range: Range<usize>,
    /// Bytes of its pack.
    pub bytes: u64,
    path: PathBuf,
}

impl Part {
    /// Its pack, to be read.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

/// The slices of one transfer that have arrived and not landed.
#[derive(Debug)]
pub struct Parts {
    folder: PathBuf,
    waiting: BTreeMap<usize, Part>,
}

impl Parts {
    /// Takes up what an earlier run has left: its cuts, and the slices that had arrived.
    pub fn resume(store: &Store) -> Option<(Vec<Vec<Oid>>, Self)> {
        let mut parts = Self { folder: store.parts(), waiting: BTreeMap::new() };
        let cuts: Vec<Vec<Oid>> = state::read(&parts.folder.join(PLAN));
        if cuts.is_empty() {
            // Nobody knows any more what its slices are.
            parts.clear();
            return None;
        }
        for entry in fs::read_dir(&parts.folder).ok()?.flatten() {
            if let Some(part) = read_part(entry.path()).filter(|part| part.range.end <= cuts.len()) {
                match sums::pack(&part.path, store.hash()) {
                    Ok(_) => drop(parts.waiting.insert(part.range.start, part)),
                    Err(flaw) => {
                        tracing::debug!(path = %part.path.display(), %flaw, "a slice is worth nothing");
                        let _ = fs::remove_file(&part.path);
                    }
                }
            }
        }
        // No cut twice, whatever the names say.
        let mut end = 0;
        parts.waiting.retain(|start, part| {
            let follows = *start >= end && part.range.end > *start;
            if follows {
                end = part.range.end;
            }
            follows
        });
        Some((cuts, parts))
    }

    /// The only cut of what an earlier run has left, when there is one: it was to come in one piece.
    pub fn resume_one(store: &Store) -> Option<Vec<Oid>> {
        let (mut cuts, _) = Self::resume(store)?;
        if cuts.len() == 1 { cuts.pop() } else { None }
    }

    /// All that an earlier run has left, whatever it was a part of.
    pub fn left(store: &Store) -> Vec<Part> {
        let entries = fs::read_dir(store.parts()).into_iter().flatten().flatten();
        entries.filter_map(|entry| read_part(entry.path())).collect()
    }

    /// Begins a transfer by these cuts; what an earlier one has left goes.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn begin(store: &Store, cuts: &[Vec<Oid>]) -> io::Result<Self> {
        let parts = Self { folder: store.parts(), waiting: BTreeMap::new() };
        parts.clear();
        state::private_folder(&parts.folder)?;
        parts.write_plan(cuts)?;
        Ok(parts)
    }

    /// Where parts wait of which no plan tells.
    pub fn none(store: &Store) -> Self {
        Self { folder: store.parts(), waiting: BTreeMap::new() }
    }

    /// Writes the cuts down anew; those that were there must be there still, in their places.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write_plan(&self, cuts: &[Vec<Oid>]) -> io::Result<()> {
        state::write(&self.folder.join(PLAN), &cuts)
    }

    /// A file for a slice on its way in; gone with its handle, unless it is kept.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn create(store: &Store) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix("slice-").tempfile_in(store.incoming_folder())
    }

    /// Keeps a slice that is complete.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn keep(&mut self, range: Range<usize>, file: NamedTempFile) -> io::Result<()> {
        let path = self.folder.join(format!("{:06}-{:06}.pack", range.start, range.end));
        let bytes = file.persist(&path).map_err(|error| error.error)?.metadata()?.len();
        self.waiting.insert(range.start, Part { range, bytes, path });
        Ok(())
    }

    /// The ranges that wait, in order.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        self.waiting.values().map(|part| part.range.clone()).collect()
    }

    /// The one that begins at this cut.
    pub fn at(&self, cut: usize) -> Option<Part> {
        self.waiting.get(&cut).cloned()
    }

    /// Remembers that so many cuts have landed, in a pack of so many bytes that is not in the store yet.
    pub fn note_landed(&self, bytes: u64, cuts: usize) {
        // Should it not be written, a next run lands what it finds once more.
        let _ = fs::write(self.folder.join(LANDED), format!("{bytes} {cuts}\n"));
    }

    /// What was last noted: bytes, and cuts.
    pub fn landed(&self) -> Option<(u64, usize)> {
        let text = fs::read_to_string(self.folder.join(LANDED)).ok()?;
        let (bytes, cuts) = text.strip_suffix('\n')?.split_once(' ')?;
        Some((bytes.parse().ok()?, cuts.parse().ok()?))
    }

    /// What has landed is in the store.
    pub fn forget_landed(&self) {
        let _ = fs::remove_file(self.folder.join(LANDED));
    }

    /// Forgets a slice that has landed, or is worth nothing.
    pub fn remove(&mut self, part: &Part) {
        self.waiting.remove(&part.range.start);
        let _ = fs::remove_file(&part.path);
    }

    /// Forgets all that lie before this cut, and those that overlap.
    pub fn remove_before(&mut self, cut: usize) {
        let gone: Vec<Part> = self.waiting.values().filter(|part| part.range.start < cut).cloned().collect();
        gone.iter().for_each(|part| self.remove(part));
    }

    /// Forgets the plan and all slices.
    pub fn clear(&self) {
        // What stays behind costs space only, and goes the next time.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is heard of a slice while it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Its header: so many objects.
    Objects(u32),
    /// So many bytes more.
    Bytes(u64),
}

/// Copies a pack from a stream to a file, and checks its checksum.
///
/// # Errors
///
/// The stream's own [`Fault`]; [`Fault::Corrupt`] when the checksum is wrong; [`Fault::Local`] for the disk.
pub fn receive(stream: &mut impl Read, file: &mut File, hash: Kind, heard: &mut dyn FnMut(Heard)) -> Result<(), Fault> {
    let local = |error: io::Error| Fault::Local(error.to_string());
    let mut head = [0; header::SIZE];
    stream.read_exact(&mut head).map_err(|error| Fault::from_io(&error))?;
    let (_, objects) = header::decode(&head).map_err(|_| Fault::Corrupt("not a pack".to_owned()))?;
    heard(Heard::Objects(objects));
    let mut hasher = gix::hash::hasher(hash);
    hasher.update(&head);
    file.write_all(&head).map_err(local)?;
    let mut chunk = vec![0; CHUNK];
    // The last bytes are the checksum of all before them, so those are kept out until more come.
    let mut held: Vec<u8> = Vec::with_capacity(2 * CHUNK);
    loop {
        let count = stream.read(&mut chunk).map_err(|error| Fault::from_io(&error))?;
        if count == 0 {
            break;
        }
        heard(Heard::Bytes(count as u64));
        file.write_all(&chunk[..count]).map_err(local)?;
        held.extend_from_slice(&chunk[..count]);
        let sure = held.len().saturating_sub(hash.len_in_bytes());
        hasher.update(&held[..sure]);
        held.drain(..sure);
    }
    let sum = hasher.try_finalize().map_err(|error| Fault::Corrupt(error.to_string()))?;
    if sum.as_slice() == held { Ok(()) } else { Err(Fault::Corrupt("a pack with a wrong checksum".to_owned())) }
}

fn read_part(path: PathBuf) -> Option<Part> {
    let (start, end) = path.file_name()?.to_str()?.strip_suffix(".pack")?.split_once('-')?;
    let range = start.parse().ok()?..end.parse().ok()?;
    let bytes = path.metadata().ok()?.len();
    Some(Part { range, bytes, path })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::{Heard, PLAN, Parts, receive};
    use crate::objects::store::Store;
    use gix::hash::Kind;
    use mirror_config::{
        errors::Fault,
        model::{Oid, Repository},
        system::Environment,
    };

    fn pack(objects: u32, body: &[u8]) -> Vec<u8> {
        let mut pack = gix_pack::data::header::encode(gix_pack::data::Version::V2, objects).to_vec();
        pack.extend_from_slice(body);
        let mut hasher = gix::hash::hasher(Kind::Sha1);
        hasher.update(&pack);
        pack.extend_from_slice(hasher.try_finalize().expect("no collision").as_slice());
        pack
    }

    #[test]
    fn a_slice_is_complete_when_its_checksum_is_right() {
        let whole = pack(7, &[5; 200_000]);
        let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 1000)).collect();
        let longer = [whole.as_slice(), b"x"].concat();
        let wrong = || Err(Fault::Corrupt("a pack with a wrong checksum".to_owned()));
        for (bytes, expected) in [
            (whole.as_slice(), Ok(())),
            (&pack(0, b""), Ok(())),
            (&flipped, wrong()),
            (&longer, wrong()),
            (&whole[..whole.len() - 1], wrong()),
            (&whole[..5], Err(Fault::Cut)),
            (b"<!DOCTYPE html>", Err(Fault::Corrupt("not a pack".to_owned()))),
        ] {
            let mut file = tempfile::tempfile().expect("a temporary file");
            let (mut objects, mut sum) = (None, 0);
            let found = receive(&mut &bytes[..], &mut file, Kind::Sha1, &mut |heard| match heard {
                Heard::Objects(count) => objects = Some(count),
                Heard::Bytes(count) => sum += count,
            });
            assert_eq!(found, expected);
            if found.is_ok() {
                assert_eq!((objects, sum), (Some(u32::from(bytes[11])), bytes.len() as u64 - 12));
                assert_eq!(file.metadata().expect("open").len(), bytes.len() as u64);
            }
        }
    }

    #[test]
    fn what_an_earlier_run_left_is_taken_up_as_it_was_written_or_not_at_all() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = home.path().to_str().expect("a plain name");
        let env = Environment::of([("HOME", cache), ("XDG_CACHE_HOME", cache)], home.path());
        let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
        let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");
        let cuts: Vec<Vec<Oid>> = (1..4).map(|n| vec![format!("{n:040x}").parse().expect("an id")]).collect();
        let mut parts = Parts::begin(&store, &cuts).expect("ours");
        for start in [0, 2] {
            let mut file = Parts::create(&store).expect("ours");
            file.write_all(&pack(1, b"whatever objects are")).expect("ours");
            parts.keep(start..start + 1, file).expect("ours");
        }
        let starts = |parts: &Parts| parts.ranges().iter().map(|range| range.start).collect::<Vec<_>>();
        let left = || Parts::resume(&store).map(|(cuts, parts)| (cuts, starts(&parts)));
        assert_eq!(left(), Some((cuts.clone(), vec![0, 2])));
        let slice = store.parts().join("000002-000003.pack");
        let bytes = fs::read(&slice).expect("it was kept");
        for at in 0..bytes.len() {
            let flipped: Vec<u8> = bytes.iter().enumerate().map(|(n, byte)| byte ^ u8::from(n == at)).collect();
            for damaged in [flipped.as_slice(), &bytes[..at]] {
                fs::write(&slice, damaged).expect("ours");
                assert_eq!(left(), Some((cuts.clone(), vec![0])), "byte {at}");
            }
        }
        let plan = store.parts().join(PLAN);
        let written = fs::read(&plan).expect("it was written");
        for at in 0..written.len() {
            let flipped: Vec<u8> = written.iter().enumerate().map(|(n, byte)| byte ^ u8::from(n == at)).collect();
            fs::create_dir_all(store.parts()).and_then(|()| fs::write(&plan, flipped)).expect("ours");
            assert_eq!(left(), None, "byte {at}");
            assert!(!store.parts().exists(), "slices without a plan are worth nothing");
        }
    }
}
