//! What is downloaded once serves every clone on this machine, and is never believed more than git believes it.

use std::{io::Write, os::unix::fs::MetadataExt, path::Path, process::Stdio, thread};

use mirror_tests::{History, Repository, Seen, Stage, assert_fsck_clean, assert_same_repository, plain_git};

/// A file system of its own on most Linux machines.
const MEMORY: &str = "/dev/shm";

#[test]
fn eight_clones_at_once_download_once() {
    let stage = Stage::new(&History::bulky(4), &["near", "far"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    let names: Vec<String> = (0..8).map(|number| format!("clone-{number}")).collect();
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| stage.clone(&["-q"], name).ok());
        }
    });
    for name in &names {
        assert_same_repository(&stage.work("plain"), &stage.work(name));
    }
    assert_fsck_clean(&stage.work("clone-7"));
    let sent: u64 = stage.mirrors.iter().map(|mirror| mirror.server.sent()).sum();
    assert!(sent <= 2 * stage.upstream.pack_bytes(), "{sent} bytes for a pack of {}", stage.upstream.pack_bytes());
    assert!(!stage.origin.log().iter().any(Seen::is_fetch), "upstream sent no pack");
    assert_eq!(stage.sandbox.report().len(), 8);
}

#[test]
fn what_landed_just_before_a_kill_is_linked_by_the_next_clone() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "first").ok();
    let stores = std::fs::read_dir(stage.sandbox.path("cache/mirror/store")).expect("there is a store");
    for store in stores.flatten() {
        // The last thing that is written about a pack.
        std::fs::remove_file(store.path().join("packed-refs")).expect("the first clone wrote it");
    }
    stage.mirror("near").server.forget_log();
    stage.clone(&["-q"], "second").ok();
    assert_same_repository(&stage.work("first"), &stage.work("second"));
    assert!(!stage.mirror("near").server.log().iter().any(Seen::is_fetch), "nothing is downloaded twice");
}

#[test]
fn a_second_clone_downloads_nothing() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "first").ok();
    stage.mirror("near").server.forget_log();
    stage.origin.forget_log();
    let ran = stage.clone(&[], "second").ok();
    assert!(ran.stderr.contains("all was here"), "{ran}");
    assert_same_repository(&stage.work("first"), &stage.work("second"));
    assert!(!stage.mirror("near").server.log().iter().any(Seen::is_fetch));
    assert!(!stage.origin.log().iter().any(Seen::is_fetch));
    // A clone is whole by itself: the store may go.
    std::fs::remove_dir_all(stage.sandbox.path("cache")).expect("the cache is ours");
    assert_fsck_clean(&stage.work("second"));
}

#[test]
fn a_store_on_another_file_system_is_copied_from() {
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    let stage = Stage::new(&History::small(), &["near"]);
    // Without a second file system there is nothing to see here.
    if device(Path::new(MEMORY)).is_none_or(|memory| Some(memory) == device(&stage.sandbox.work())) {
        return;
    }
    let Ok(cache) = tempfile::tempdir_in(MEMORY) else { return };
    stage.plain_clone(&["-q"], "plain").ok();
    for clone in ["first", "second"] {
        let mut git = stage.sandbox.command("git");
        git.env("XDG_CACHE_HOME", cache.path()).args(["clone", "-q", "mirror::owner/small", clone]);
        assert_eq!(stage.sandbox.run(git).ok().stderr, "");
        assert_same_repository(&stage.work("plain"), &stage.work(clone));
    }
    assert_eq!(stage.sandbox.report()[1]["sources"], serde_json::json!([]), "the second came from the store");
    drop(cache);
    assert_fsck_clean(&stage.work("first"));
    let packs = std::fs::read_dir(stage.work("first/.git/objects/pack")).expect("a repository has packs");
    let left: Vec<String> = packs.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(left.iter().all(|name| !name.starts_with("tmp_")), "{left:?}");
}

/// A commit that git calls broken where it is told to look: it has no author.
pub(crate) fn break_history(repository: &Repository) {
    let tree = repository.id("HEAD^{tree}");
    let commit = format!("tree {tree}\nparent {}\ncommitter C <c@example.org> 1 +0000\n\nBroken\n", repository.tip());
    let mut git = plain_git(&repository.path());
    git.args(["hash-object", "-t", "commit", "-w", "--literally", "--stdin"]);
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git can be started");
    child.stdin.take().expect("stdin is a pipe").write_all(commit.as_bytes()).expect("git reads");
    let id = String::from_utf8(child.wait_with_output().expect("git ends").stdout).expect("an id is text");
    repository.git(&["update-ref", "refs/heads/main", id.trim()]);
}

#[test]
fn who_wants_objects_checked_gets_them_checked_whatever_the_store_holds() {
    let stage = Stage::new(&History::small(), &["near"]);
    break_history(&stage.upstream);
    break_history(&stage.mirror("near").repository);
    for options in [&["-q", "-c", "transfer.fsckObjects=true"], &["-q", "-c", "fetch.fsckObjects=true"]] {
        for store in ["empty", "full"] {
            let plain = stage.plain_clone(options, "plain").fails();
            let ours = stage.clone(options, "ours").fails();
            assert_eq!((plain.code, ours.code), (128, 128), "{store}: {ours}");
            assert!(ours.stderr.contains("missingAuthor"), "{store}: {ours}");
            assert!(!stage.work("ours").exists(), "{store}");
            // Who does not ask for it gets what git gives.
            let name = format!("unchecked-{store}-{}", options[2].len());
            assert_eq!(stage.clone(&["-q", "--no-checkout"], &name).code, 0);
        }
    }
}
