//! Our own objects: a bare repository for each upstream repository, under the cache folder.
//!
//! It is closed under reachability at every moment: an object enters only together with, or after, everything it
//! points to (see `land`). So every object in it may be declared as had, and a killed process leaves nothing to repair.
//! What has become of its files since then is `look`'s matter, and must be known before anybody asks here.

use std::{
    collections::{BTreeSet, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use gix::{hash::Kind, prelude::FindExt};
use mirror_config::{
    errors::{Failure, Kind as FailureKind},
    git::{
        program,
        store::{Folder, Held},
    },
    model::{Oid, Repository},
    system::{Environment, os_string, state},
};

use super::tree;

/// Most tips declared as had.
const MOST_TIPS: usize = 1024;
/// The file with the refs to them.
const TIPS: &str = "packed-refs";

/// The store of one repository. While it exists it is in use, so that nobody evicts it.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Folder,
    hash: Kind,
    /// It rests on the objects of another store.
    on_store: bool,
}

impl Store {
    /// Opens or makes the store of a repository that uses this hash; `None` without a cache folder to put it in.
    pub fn open(env: &Environment, repository: &Repository, object_format: &str) -> Option<Self> {
        let hash = match object_format {
            "sha1" => Kind::Sha1,
            "sha256" => Kind::Sha256,
            _ => return None,
        };
        match Folder::open(env, repository, object_format) {
            Ok(folder) => Some(Self { folder, hash, on_store: false }),
            Err(error) => {
                tracing::debug!(%error, %repository, "no store");
                None
            }
        }
    }

    /// Opens a store for what is to be added to the repository that git is working on: it rests on the objects there, of
    /// which these tips are some.
    pub fn beside(env: &Environment, repository: &Repository, object_format: &str, tips: &[Oid]) -> Option<Self> {
        let hash = hash_of(object_format);
        let objects = objects_of_repository().ok()?;
        let folder = Folder::beside(env, repository, object_format, &objects).ok()?;
        let store = Self { folder, hash, on_store: false };
        store.add_tips(&store.having(tips));
        Some(store)
    }

    /// Opens a store beside this one, which somebody else keeps locked. It rests on what is here already.
    pub fn beside_itself(&self, env: &Environment, repository: &Repository) -> Option<Self> {
        let format = if self.hash == Kind::Sha256 { "sha256" } else { "sha1" };
        let folder = Folder::beside(env, repository, format, &self.path().join("objects")).ok()?;
        let store = Self { folder, hash: self.hash, on_store: true };
        store.add_tips(&self.tips());
        Some(store)
    }

    /// Removes it, with all that is in it.
    pub fn discard(self) {
        self.folder.discard();
    }

    /// Whether it rests on the objects of another store, so that its own packs are not all that is kept.
    pub fn rests_on_a_store(&self) -> bool {
        self.on_store
    }

    /// Whether it rests on the objects of another repository.
    pub fn rests_on_another(&self) -> bool {
        self.path().join("objects/info/alternates").exists()
    }

    /// The hash its objects are named by.
    pub fn hash(&self) -> Kind {
        self.hash
    }

    /// Where it lies: a bare repository.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where its packs are.
    pub fn packs(&self) -> PathBuf {
        self.folder.packs()
    }

    /// Where slices wait until they can land; see `parts`.
    pub fn parts(&self) -> PathBuf {
        self.path().join("parts")
    }

    /// Where everything is put that is still arriving.
    pub fn incoming_folder(&self) -> PathBuf {
        self.path().join("incoming")
    }

    /// A fresh folder for a pack on its way in; it goes away with its handle.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn incoming(&self) -> io::Result<tempfile::TempDir> {
        self.folder.incoming()
    }

    /// As [`Folder::lock`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn lock(&self, waits: impl FnOnce(), gets_on: impl Fn() -> bool + Send + 'static) -> io::Result<Held> {
        self.folder.lock(waits, gets_on)
    }

    /// Puts all packs aside, where nobody looks for objects; under the store's lock. Returns where they are.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn set_aside(&self) -> io::Result<PathBuf> {
        self.folder.set_aside()
    }

    /// Removes other stores, the least recently used first, until all have `limit` bytes or fewer together. This one
    /// and others in use stay.
    pub fn make_room(&self, limit: u64) {
        match self.folder.all().evict(limit) {
            Ok(removed) => {
                for entry in removed {
                    tracing::debug!(path = %entry.path.display(), bytes = entry.bytes, "evicted");
                }
            }
            // The next clone tries again.
            Err(error) => tracing::debug!(%error, "the stores were not kept below their limit"),
        }
    }

    /// Those of `oids` that it has.
    pub fn having(&self, oids: &[Oid]) -> Vec<Oid> {
        let Ok(objects) = self.objects() else { return Vec::new() };
        oids.iter()
            .filter(|oid| object_id(oid).is_some_and(|id| gix::objs::Exists::exists(&objects, &id)))
            .cloned()
            .collect()
    }

    /// Whether it has every one of them, and so all that they reach.
    pub fn has_all(&self, oids: &[Oid]) -> bool {
        self.having(oids).len() == oids.len()
    }

    /// Its objects, as they are now.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn objects(&self) -> io::Result<gix::odb::Handle> {
        gix::odb::at(self.path().join("objects"), self.hash)
    }

    /// Tips whose history it has whole, newest first, to declare as had.
    pub fn tips(&self) -> Vec<Oid> {
        let newest: Vec<Oid> = self.written_tips().into_iter().rev().take(MOST_TIPS).collect();
        // A pack that went took its objects along, but not the refs to them.
        self.having(&newest)
    }

    /// Remembers tips whose history has landed, and forgets those that are not here any more; under the store's lock.
    pub fn add_tips(&self, tips: &[Oid]) {
        let mut all = self.having(&self.written_tips());
        let known: HashSet<Oid> = all.iter().cloned().collect();
        all.extend(tips.iter().filter(|oid| !known.contains(oid)).cloned());
        // Refs, so that git's own tools see the objects as reachable; numbered, so that the file is sorted by age.
        let lines = all.iter().enumerate().map(|(number, oid)| format!("{oid} refs/tips/{number:08}\n"));
        let text = format!("# pack-refs with: sorted \n{}", lines.collect::<String>());
        let path = self.path().join(TIPS);
        if fs::read(&path).is_ok_and(|written| written == text.as_bytes()) {
            return;
        }
        if let Err(error) = state::write_whole(&path, text.as_bytes()) {
            tracing::debug!(%error, "tips were not written");
        }
    }

    /// All tips that were ever added, oldest first, as far as they can be read.
    fn written_tips(&self) -> Vec<Oid> {
        let text = fs::read(self.path().join(TIPS)).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
    }

    /// Seconds since 1970 at which the newest of these commits was made.
    pub fn newest_commit(&self, oids: &[Oid]) -> Option<u64> {
        newest(&self.objects().ok()?, oids)
    }

    /// The commits without parents that a commit reaches; `None` where its history is not all here.
    pub fn roots(&self, tip: &Oid) -> Option<BTreeSet<Oid>> {
        tree::roots(&self.objects().ok()?, object_id(tip)?)
    }

    /// [`mirror_config::trust::pins::sha256tree`] of a commit; `None` where it is not all here.
    pub fn sha256tree(&self, commit: &Oid) -> Option<String> {
        tree::sha256tree(&self.objects().ok()?, object_id(commit)?)
    }

    /// Whether `new` reaches `old` along commits that are here.
    pub fn descends(&self, new: &Oid, old: &Oid) -> bool {
        let (Ok(objects), Some(new), Some(old)) = (self.objects(), object_id(new), object_id(old)) else {
            return false;
        };
        reaches(&objects, new, old)
    }
}

/// Where the repository that git is working on keeps its objects.
///
/// # Errors
///
/// [`FailureKind::Io`] when git does not know.
pub fn objects_of_repository() -> Result<PathBuf, Failure> {
    let failed = |why: String| Failure::new(FailureKind::Io, format!("`git rev-parse --git-path objects`: {why}"));
    let output =
        program::git().args(["rev-parse", "--git-path", "objects"]).output().map_err(|e| failed(e.to_string()))?;
    match output.stdout.strip_suffix(b"\n") {
        Some(path) if output.status.success() && !path.is_empty() => Ok(os_string(path.to_vec()).into()),
        _ => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

/// The hash of an object format, as servers name it.
pub fn hash_of(object_format: &str) -> Kind {
    if object_format == "sha256" { Kind::Sha256 } else { Kind::Sha1 }
}

/// gix's form of an id.
pub fn object_id(oid: &Oid) -> Option<gix::ObjectId> {
    gix::ObjectId::from_hex(oid.as_str().as_bytes()).ok()
}

/// Seconds since 1970 at which the newest of these commits was made, as far as their objects are there.
pub fn newest(objects: &gix::odb::Handle, oids: &[Oid]) -> Option<u64> {
    let mut buffer = Vec::new();
    let times = oids.iter().filter_map(|oid| {
        let commit = objects.find_commit(&object_id(oid)?, &mut buffer).ok()?;
        u64::try_from(commit.committer().ok()?.seconds()).ok()
    });
    times.max()
}

/// Whether `old` is among the commits that `new` reaches, as far as their objects are there.
pub fn reaches(objects: &gix::odb::Handle, new: gix::ObjectId, old: gix::ObjectId) -> bool {
    let mut buffer = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![new];
    while let Some(id) = waiting.pop() {
        if id == old {
            return true;
        }
        if seen.insert(id)
            && let Ok(commit) = objects.find_commit_iter(&id, &mut buffer)
        {
            waiting.extend(commit.parent_ids());
        }
    }
    false
}
