//! Whether two repositories are the same, and whether one is whole.
//!
//! Compares what git says about them, not files on disk: packs may be cut in any way.

use std::{
    fs,
    io::{Seek, Write},
    path::Path,
};

use crate::world::{PATIENCE, plain_git, run};

/// Asserts that two repositories, bare or not, have the same refs at the same objects, the same HEAD, and the same
/// objects reachable from all refs.
#[track_caller]
pub fn assert_same_repository(a: &Path, b: &Path) {
    assert_same_refs(a, b, "");
    assert_same_reachable(a, b);
}

/// The same, less the refs below a prefix, such as `refs/remotes`; objects that only those reach may differ too.
#[track_caller]
pub fn assert_same_repository_but(a: &Path, b: &Path, but: &str) {
    assert_same_refs(a, b, but);
    let list = format!("--exclude={but}/*");
    assert_equal("reachable objects", &objects(a, &[&list, "--all"]), &objects(b, &[&list, "--all"]));
}

/// Asserts that two repositories have the same objects reachable from any ref; the refs' names may differ.
#[track_caller]
pub fn assert_same_reachable(a: &Path, b: &Path) {
    assert_equal("reachable objects", &objects(a, &["--all"]), &objects(b, &["--all"]));
}

/// Asserts that two repositories hold the same objects, unreachable ones included.
#[track_caller]
pub fn assert_same_stored(a: &Path, b: &Path) {
    let all = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"];
    assert_equal("stored objects", &sorted(&git(a, &all)), &sorted(&git(b, &all)));
}

/// Asserts that git finds nothing wrong with a repository, as strictly as it can look. That it has no commits yet, or
/// that no branch is checked out, is nothing wrong.
#[track_caller]
pub fn assert_fsck_clean(path: &Path) {
    let mut command = plain_git(path);
    command.args(["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    let ran = run(command, PATIENCE).ok();
    let mut said = ran.stdout.lines().chain(ran.stderr.lines()).filter(|line| !line.starts_with("notice: "));
    assert!(said.next().is_none(), "git fsck has something to say: {ran}");
}

/// Asserts that a store is whole: git finds nothing wrong with it, and everything that any of its objects points to is in
/// it, whether a ref reaches that object or not.
///
/// # Panics
///
/// Also when git cannot be started.
#[track_caller]
pub fn assert_whole_store(store: &Path) {
    if !store.join("HEAD").exists() {
        // Not a repository yet: whoever began it was killed.
        let packs = fs::read_dir(store.join("objects/pack")).map_or(0, Iterator::count);
        assert_eq!(packs, 0, "packs in something that is no repository: {}", store.display());
        return;
    }
    assert_fsck_clean(store);
    // fsck follows the links of what refs reach only.
    let ids = git(store, &["cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"]);
    let mut list = tempfile::tempfile().expect("a temporary file can be made");
    list.write_all((ids.join("\n") + "\n").as_bytes()).and_then(|()| list.rewind()).expect("a temporary file is ours");
    let mut command = plain_git(store);
    command.args(["rev-list", "--objects", "--quiet", "--stdin"]).stdin(list);
    let walked = command.output().expect("git can be started");
    assert!(walked.status.success(), "{}: {}", store.display(), String::from_utf8_lossy(&walked.stderr));
}

#[track_caller]
fn assert_same_refs(a: &Path, b: &Path, but: &str) {
    let list = ["for-each-ref", "--format=%(objectname) %(refname) %(symref)"];
    let refs = |path: &Path| -> Vec<String> {
        let all = git(path, &list);
        let counts =
            |line: &&String| but.is_empty() || !line.split(' ').nth(1).is_some_and(|name| name.starts_with(but));
        all.iter().filter(counts).cloned().collect()
    };
    assert_equal("refs", &refs(a), &refs(b));
    // The branch, even one without commits; or else the commit.
    let head = |path: &Path| {
        let mut command = plain_git(path);
        command.args(["symbolic-ref", "--quiet", "HEAD"]);
        let branch = run(command, PATIENCE);
        if branch.code == 0 { vec![branch.stdout] } else { git(path, &["rev-parse", "HEAD"]) }
    };
    assert_equal("HEAD", &head(a), &head(b));
}

#[track_caller]
fn objects(path: &Path, of: &[&str]) -> Vec<String> {
    let words: Vec<&str> = ["rev-list", "--objects", "--no-object-names"].iter().chain(of).copied().collect();
    sorted(&git(path, &words))
}

#[track_caller]
fn git(path: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = plain_git(path);
    // A partial clone must not fill up because it was looked at.
    command.env("GIT_NO_LAZY_FETCH", "1").args(arguments);
    run(command, PATIENCE).ok().stdout.lines().map(str::to_owned).collect()
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

/// Shows the first few differences, for a list of all objects is no message.
#[track_caller]
fn assert_equal(what: &str, a: &[String], b: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|line| !those.contains(line)).take(5).cloned().collect()
    };
    let (only_a, only_b) = (only(a, b), only(b, a));
    assert!(
        only_a.is_empty() && only_b.is_empty() && a.len() == b.len(),
        "{what} differ: {} and {}; only in the first: {only_a:#?}; only in the second: {only_b:#?}",
        a.len(),
        b.len()
    );
}

#[cfg(test)]
mod tests {
    use std::{fs, panic, path::Path, time::Duration};

    use super::{assert_fsck_clean, assert_same_repository, assert_whole_store};
    use crate::{
        history::{recipes::History, repository::Repository},
        world::run,
    };

    /// Two equal repositories whose objects are files of their own.
    fn pair(root: &Path) -> [Repository; 2] {
        let first = History::small().write(root.join("a"), "o/r");
        let pack = first.path().join("objects/pack");
        let aside = root.join("aside");
        fs::rename(&pack, &aside).expect("a folder of ours");
        fs::create_dir(&pack).expect("a folder of ours");
        let packs = fs::read_dir(&aside).expect("a folder of ours").flatten();
        let pack = packs.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|ending| ending == "pack"));
        let mut unpack = std::process::Command::new("sh");
        unpack.args(["-c", "git unpack-objects -q <\"$0\""]).arg(pack.expect("one pack")).current_dir(first.path());
        run(unpack, Duration::from_secs(60)).ok();
        let second = first.copy_to(root.join("b"));
        [first, second]
    }

    fn object(repository: &Repository, revision: &str) -> std::path::PathBuf {
        let id = repository.id(revision);
        repository.path().join("objects").join(&id[..2]).join(&id[2..])
    }

    fn notices(check: impl FnOnce() + panic::UnwindSafe) -> bool {
        panic::catch_unwind(check).is_err()
    }

    #[test]
    fn each_check_notices_what_it_is_for() {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let [a, b] = pair(root.path()).map(|repository| (repository.path(), repository));
        assert_same_repository(&a.0, &b.0);
        assert_fsck_clean(&b.0);
        assert_whole_store(&b.0);
        // A moved HEAD, a moved ref, a lost ref.
        b.1.git(&["symbolic-ref", "HEAD", "refs/heads/topic"]);
        assert!(notices(|| assert_same_repository(&a.0, &b.0)), "HEAD");
        b.1.git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
        b.1.set_ref("refs/heads/topic", "topic~1");
        assert!(notices(|| assert_same_repository(&a.0, &b.0)), "a moved ref");
        b.1.delete_ref("refs/heads/topic");
        assert!(notices(|| assert_same_repository(&a.0, &b.0)), "a lost ref");
        b.1.set_ref("refs/heads/topic", &a.1.id("topic"));
        assert_same_repository(&a.0, &b.0);
        // A lost blob, reachable and not.
        fs::remove_file(object(&b.1, "main:README.md")).expect("a file of ours");
        assert!(notices(|| assert_same_repository(&a.0, &b.0)), "a lost blob");
        assert!(notices(|| assert_fsck_clean(&b.0)), "a lost blob");
        assert!(notices(|| assert_whole_store(&b.0)), "a lost blob");
        for reference in ["refs/heads/main", "refs/heads/topic", "refs/tags/v0.1", "refs/tags/v0.2"] {
            b.1.delete_ref(reference);
        }
        assert!(notices(|| assert_whole_store(&b.0)), "a lost blob that no ref reaches");
    }
}
