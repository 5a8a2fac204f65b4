//! What a run leaves behind: whether folders are as they were, and whether a lie can be found anywhere.
//!
//! Compared are files by path, mode and content, and links by where they lead; empty folders count for nothing. Looked
//! through is every file below the folders given: its hash, the words in it, and the objects in it if it is a repository
//! of git's. Content is what counts: a true piece that a liar has sent is no lie.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::lies::Lies;
use crate::{
    web::sha256,
    world::{PATIENCE, plain_git, run},
};

/// How names begin that nobody but a run under way may use.
const UNFINISHED: &[&str] = &["tmp_pack", "tmp_idx", "tmp_obj", "tmp_rev", "incoming-", ".tmp"];

/// The files below some folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, String>);

impl Snapshot {
    /// As they are now.
    pub(super) fn of(folders: &[PathBuf]) -> Self {
        let all = folders.iter().flat_map(|folder| files(folder));
        Self(all.map(|path| (path.clone(), described(&path))).collect())
    }

    /// What is not as it was then.
    pub(super) fn changes_since(&self, then: &Self) -> Vec<String> {
        let paths: BTreeSet<&PathBuf> = self.0.keys().chain(then.0.keys()).collect();
        let changed = paths.into_iter().filter(|path| self.0.get(*path) != then.0.get(*path));
        changed.map(|path| path.display().to_string()).collect()
    }
}

/// The folder of files that say who said what, for others to check: there a lie is quoted, not believed.
const EVIDENCE: &str = "evidence";

/// Where lies are found below some folders, and files that nobody finished.
pub(super) fn found(folders: &[PathBuf], lies: &Lies) -> Vec<String> {
    let mut found = Vec::new();
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if UNFINISHED.iter().any(|beginning| name.starts_with(beginning)) {
            found.push(format!("left unfinished: {}", path.display()));
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        if lies.hashes.contains(&sha256(&bytes)) {
            found.push(format!("a file that is a lie: {}", path.display()));
        }
        if path.parent().is_some_and(|folder| folder.ends_with(EVIDENCE)) {
            continue;
        }
        let id = hexadecimal(&bytes).find(|word| lies.objects.contains(*word) || lies.words.contains(*word));
        let plain = lies.words.iter().filter(|word| !word.bytes().all(|b| b.is_ascii_hexdigit()));
        let text = || plain.into_iter().map(String::as_str).find(|word| contains(&bytes, word.as_bytes()));
        if let Some(word) = id.or_else(text) {
            found.push(format!("a lie, `{word}`, in {}", path.display()));
        }
    }
    for repository in folders.iter().flat_map(|folder| repositories(folder)) {
        let stored = objects(&repository);
        if let Some(lie) = stored.iter().find(|id| lies.objects.contains(*id)) {
            found.push(format!("an object that is a lie, {lie}, in {}", repository.display()));
        }
    }
    found
}

/// The ids of all objects of a repository.
pub(super) fn objects(repository: &Path) -> BTreeSet<String> {
    let mut command = plain_git(repository);
    command.env("GIT_NO_LAZY_FETCH", "1");
    command.args(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"]);
    run(command, PATIENCE).stdout.lines().map(str::to_owned).collect()
}

/// All that is no folder, below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found
}

/// The folders of repositories below a folder: those of working trees, and bare ones.
fn repositories(folder: &Path) -> Vec<PathBuf> {
    let heads = files(folder).into_iter().filter(|path| path.ends_with("HEAD"));
    let folders = heads.filter_map(|path| path.parent().map(Path::to_owned));
    folders.filter(|folder| folder.join("objects").is_dir()).collect()
}

fn described(path: &Path) -> String {
    if let Ok(target) = fs::read_link(path) {
        return format!("link to {}", target.display());
    }
    let mode = fs::metadata(path).map_or_else(|_| String::new(), |found| format!("{:?}", found.permissions()));
    format!("{mode} {}", fs::read(path).map_or_else(|error| error.to_string(), |bytes| sha256(&bytes)))
}

/// Runs of digits as long as the ids of objects, or as SHA-256 is.
fn hexadecimal(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let words = bytes.split(|byte| !byte.is_ascii_hexdigit());
    words.filter(|word| matches!(word.len(), 40 | 64)).filter_map(|word| std::str::from_utf8(word).ok())
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len().max(1)).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Snapshot, found};
    use crate::{corpus::lies::Lies, history::History, web::sha256};

    #[test]
    fn a_change_is_seen_and_so_is_a_lie_wherever_it_hides() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folders = [root.path().to_owned()];
        fs::write(root.path().join("a"), "x").expect("our folder");
        let before = Snapshot::of(&folders);
        fs::create_dir(root.path().join("empty")).expect("our folder");
        assert!(Snapshot::of(&folders).changes_since(&before).is_empty());
        fs::write(root.path().join("a"), "y").expect("our folder");
        assert_eq!(Snapshot::of(&folders).changes_since(&before).len(), 1);

        let repository = History::small().write(root.path(), "o/r");
        let id = repository.id("main:README.md");
        let lies = |hash: &str, word: &str, object: &str| {
            let set = |one: &str| Some(one.to_owned()).filter(|one| !one.is_empty()).into_iter().collect();
            Lies { hashes: set(hash), words: set(word), objects: set(object) }
        };
        let fake = "7".repeat(40);
        fs::write(root.path().join("ledger"), format!("{{\"oid\":\"{fake}\"}} evil")).expect("our folder");
        for (lies, count) in [
            (lies("", "", ""), 0),
            (lies(&sha256(b"y"), "", ""), 1),
            (lies("", "evil", ""), 1),
            (lies("", &fake, ""), 1),
            (lies("", "", &id), 1),
            (lies(&sha256(b"z"), "never said by anyone", &"8".repeat(40)), 0),
        ] {
            assert_eq!(found(&folders, &lies).len(), count, "{lies:?}");
        }
        fs::write(root.path().join("tmp_pack_x"), "").expect("our folder");
        assert_eq!(found(&folders, &Lies::default()).len(), 1);
    }
}
