//! Whether two repositories are the same, and whether one is whole.
//!
//! Compares what git says about them, not files on disk: packs may be cut in any way.

use std::path::Path;

use crate::process::{PATIENCE, plain_git, run};

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

/// Asserts that git finds nothing wrong with a repository, as strictly as it can look.
#[track_caller]
pub fn assert_fsck_clean(path: &Path) {
    let mut command = plain_git(path);
    command.args(["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    let said = run(command, PATIENCE).ok();
    assert!(said.stdout.is_empty() && said.stderr.is_empty(), "git fsck has something to say: {said}");
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
    let head = |path: &Path| git(path, &["rev-parse", "--symbolic-full-name", "HEAD"]);
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
