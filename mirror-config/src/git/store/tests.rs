//! Stores while others use, evict and remove them: made, held, listed, gone whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{
    all::{StoreFacts, Stores},
    folder::Folder,
    hold::IN_USE,
};
use crate::{model::Repository, system::Environment};

/// A cache folder of its own.
struct Cache(TempDir);

impl Cache {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    fn env(&self) -> Environment {
        Environment::of([("XDG_CACHE_HOME", self.0.path())], "/")
    }

    fn stores(&self) -> Stores {
        Stores::of(&self.env()).expect("a cache folder is set")
    }

    fn open(&self, name: &str) -> Folder {
        Folder::open(&self.env(), &repository(name), "sha1").expect("the folder is ours")
    }

    /// A store with a pack of so many bytes that was used so many hours ago; nobody uses it now.
    fn fill(&self, name: &str, bytes: usize, hours: u64) -> PathBuf {
        let folder = self.open(name);
        fs::write(folder.packs().join("pack-1.pack"), vec![0; bytes]).expect("ours");
        fs::write(folder.packs().join("pack-1.idx"), b"").expect("ours");
        let used = SystemTime::now() - Duration::from_secs(hours * 3600);
        let in_use = fs::File::options().append(true).open(folder.path().join(IN_USE)).expect("every store has it");
        in_use.set_modified(used).expect("ours");
        folder.path().to_owned()
    }

    fn names(&self) -> Vec<String> {
        names(&self.stores().list().expect("readable"))
    }

    /// What lies beside the stores, but for locks.
    fn gone(&self) -> usize {
        let all = fs::read_dir(self.0.path().join("mirror/store")).expect("there is a store").flatten();
        all.filter(|child| child.file_name().to_string_lossy().starts_with("gone-")).count()
    }
}

fn names(entries: &[StoreFacts]) -> Vec<String> {
    entries.iter().filter_map(|entry| Some(entry.repository.as_ref()?.to_string())).collect()
}

fn repository(name: &str) -> Repository {
    Repository { upstream: "github".to_owned(), repo: name.parse().expect("a name") }
}

const MB: usize = 1_000_000;

#[test]
fn the_least_recently_used_go_first_and_no_more_than_needed() {
    let cache = Cache::new();
    cache.fill("o/middle", MB, 2);
    cache.fill("o/newest", MB, 1);
    cache.fill("o/oldest", MB, 3);
    assert_eq!(cache.names(), ["github:o/oldest", "github:o/middle", "github:o/newest"]);
    let total: u64 = cache.stores().list().expect("readable").iter().map(|entry| entry.bytes).sum();
    assert_eq!(cache.stores().evict(total).expect("ours"), [], "the limit itself is not too much");
    let removed = cache.stores().evict(total - 1).expect("ours");
    assert_eq!(names(&removed), ["github:o/oldest"]);
    assert_eq!(removed[0].packs, 1);
    assert!(removed[0].bytes >= MB as u64 && !removed[0].path.exists());
    cache.stores().evict(0).expect("ours");
    assert_eq!((cache.names(), cache.gone()), (Vec::new(), 0));
}

#[test]
fn opening_counts_as_use_and_looking_does_not() {
    let cache = Cache::new();
    cache.fill("o/first", 1, 2);
    cache.fill("o/second", 1, 1);
    assert!(cache.stores().list().expect("readable")[0].hold().expect("ours").is_some());
    assert_eq!(cache.names(), ["github:o/first", "github:o/second"]);
    drop(cache.open("o/first"));
    assert_eq!(cache.names(), ["github:o/second", "github:o/first"]);
}

#[test]
fn two_spellings_have_one_store_where_the_host_does_not_tell_names_apart_by_case() {
    let cache = Cache::new();
    let open = |name: &str, any_case: bool| {
        let Repository { upstream, repo } = repository(name);
        let repo = if any_case { repo.in_any_case() } else { repo };
        Folder::open(&cache.env(), &Repository { upstream, repo }, "sha1").expect("the folder is ours")
    };
    let one = open("O/First", true);
    assert_eq!(open("o/fIRST", true).path(), one.path());
    assert_eq!(open("o/first", false).path(), one.path(), "what is kept of a name in lower case is found as before");
    let others = ["O/First", "o/first/x", "o", "first"].map(|name| open(name, false).path().to_owned());
    for (at, other) in others.iter().enumerate() {
        assert!(other != one.path() && !others[..at].contains(other), "{other:?}");
    }
}

#[test]
fn a_store_in_use_is_never_removed() {
    let cache = Cache::new();
    let path = cache.fill("o/used", MB, 9);
    cache.fill("o/unused", MB, 1);
    let folder = cache.open("o/used");
    let clone = folder.clone();
    drop(folder);
    let in_use = |name: &str| {
        let all = cache.stores().list().expect("readable");
        all.iter().find(|entry| entry.repository == Some(repository(name))).is_some_and(|entry| entry.in_use)
    };
    assert!(in_use("o/used") && !in_use("o/unused"));
    fs::write(clone.incoming().expect("ours").keep().join("pack"), b"half").expect("ours");
    cache.stores().sweep().expect("ours");
    cache.stores().remove(|_| true).expect("ours");
    cache.stores().evict(0).expect("ours");
    assert_eq!(cache.names(), ["github:o/used"]);
    assert!(fs::read_dir(path.join("incoming")).is_ok_and(|left| left.count() == 1), "a clone at work keeps its pack");
    drop(clone);
    assert_eq!(cache.stores().remove(|entry| entry.packs == 1).expect("ours").len(), 1);
}

#[test]
fn what_killed_processes_left_is_swept() {
    let cache = Cache::new();
    let path = cache.fill("o/kept", 1, 1);
    // Killed while a pack came in, between the two renames that keep one, while a file was written, while a store was
    // deleted.
    fs::create_dir(path.join("incoming/x")).expect("ours");
    fs::write(path.join("incoming/x/pack"), vec![0; 10]).expect("ours");
    fs::write(path.join("objects/pack/pack-2.pack"), vec![0; 100]).expect("ours");
    fs::write(path.join(".tmpAbCdEf"), vec![0; 1000]).expect("ours");
    let gone = path.with_file_name("gone-x");
    fs::create_dir_all(gone.join("objects")).expect("ours");
    fs::write(gone.join("objects/y"), vec![0; 10_000]).expect("ours");
    assert_eq!(cache.stores().sweep().expect("ours"), 11_110);
    assert!(!gone.exists() && !path.join(".tmpAbCdEf").exists() && !path.join("incoming/x").exists());
    assert!(path.join("objects/pack/pack-1.pack").exists() && !path.join("objects/pack/pack-2.pack").exists());
    assert_eq!(cache.stores().sweep().expect("ours"), 0);
    fs::write(path.join("description"), "store of github:o/x; ls\n").expect("ours");
    assert_eq!(cache.stores().list().expect("readable")[0].repository, None, "what is no name is not shown as one");
    fs::create_dir(&gone).expect("ours");
    cache.stores().evict(u64::MAX).expect("ours");
    assert_eq!((cache.gone(), path.exists()), (0, true), "an eviction sweeps as well, and takes no store");
}

#[test]
fn who_opens_a_store_while_it_goes_gets_one_that_stays() {
    let cache = Cache::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    cache.stores().evict(0).expect("ours");
                }
            });
        }
        let users: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..200).for_each(|_| use_it(&cache)))).collect();
        let ended: Vec<_> = users.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
}

fn use_it(cache: &Cache) {
    let folder = cache.open("o/contested");
    let name = folder.packs().join(format!("pack-{:?}.pack", thread::current().id()));
    fs::write(&name, b"x").expect("the store is whole");
    assert!(folder.path().join("HEAD").exists() && name.exists());
}

#[test]
fn without_a_folder_there_is_nothing_to_list_or_remove() {
    let cache = Cache::new();
    assert_eq!(cache.stores().list().expect("no folder is no error"), []);
    assert_eq!(cache.stores().evict(0).expect("no folder is no error"), []);
    assert!(Stores::of(&Environment::of([("HOME", "")], "/")).is_none_or(|stores| stores.list().is_ok()));
}

#[test]
fn a_store_that_somebody_has_alone_is_not_waited_for_for_ever() {
    let cache = Cache::new();
    let path = cache.fill("o/alone", 1, 1);
    // Stopped in the middle of a removal, or of a look at what is left.
    let alone = fs::File::options().append(true).open(path.join(IN_USE)).expect("every store has it");
    alone.lock().expect("nobody uses it");
    let opened = Folder::open(&cache.env(), &repository("o/alone"), "sha1");
    assert_eq!(opened.map(|_| ()).map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
    assert_eq!(cache.names(), ["github:o/alone"], "a look is not held up");
    drop(alone);
    cache.open("o/alone");
}

#[cfg(unix)]
#[test]
fn stores_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    fn check(path: &Path) {
        let found = path.metadata().expect("there");
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o777, expected, "{}", path.display());
        if found.is_dir() {
            fs::read_dir(path).expect("readable").flatten().for_each(|child| check(&child.path()));
        }
    }
    let cache = Cache::new();
    let folder = cache.open("o/private");
    let _held = folder.lock(|| (), || true).expect("nobody else has it");
    let _incoming = folder.incoming().expect("ours");
    cache.stores().evict(0).expect("ours");
    check(&cache.0.path().join("mirror"));
}
