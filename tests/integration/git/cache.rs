//! What is kept between clones is shown, kept below its limit, removed and checked, and never taken from under a clone.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use mirror_tests::{History, Ran, Stage, assert_fsck_clean, assert_same_repository};
use serde_json::Value;

use super::store::break_history;

const DAY: Duration = Duration::from_secs(86_400);

fn cache(stage: &Stage, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["mirror", "cache"]).args(arguments);
    stage.sandbox.run(command)
}

/// What is kept, as programs see it.
fn shown(stage: &Stage) -> Value {
    serde_json::from_str(&cache(stage, &["--json"]).ok().stdout).expect("--json prints JSON")
}

/// The names of what is kept, the least recently used first.
fn names(stage: &Stage) -> Vec<String> {
    let report = shown(stage);
    let stores = report["stores"].as_array().expect("a list");
    stores.iter().map(|store| store["repository"].as_str().expect("a name").to_owned()).collect()
}

fn only_store(stage: &Stage) -> PathBuf {
    let report = shown(stage);
    assert_eq!(report["stores"].as_array().map(Vec::len), Some(1), "{report}");
    PathBuf::from(report["stores"][0]["path"].as_str().expect("a path"))
}

fn packs(store: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(store.join("objects/pack")).expect("a store has packs").flatten();
    files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "pack")).collect()
}

/// Puts a changed copy in place of a file, lest the clones that share it by a hard link be changed too.
fn flip_a_byte(file: &Path) {
    let mut bytes = fs::read(file).expect("a file of the store");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(file).and_then(|()| fs::write(file, bytes)).expect("the store is ours");
}

fn damage(store: &Path, case: &str) {
    let pack = packs(store).remove(0);
    let index = pack.with_extension("idx");
    match case {
        "a pack" => flip_a_byte(&pack),
        "an index" => flip_a_byte(&index),
        _ => fs::remove_file(index).and_then(|()| fs::remove_file(pack)).expect("the store is ours"),
    }
}

/// Puts another repository on stage: at upstream and at its first mirror.
fn add(stage: &Stage, history: &History, name: &str) {
    let repository = history.write(stage.sandbox.path("upstream"), name);
    repository.copy_to(stage.sandbox.path(&stage.mirrors[0].name));
}

fn clone(stage: &Stage, name: &str) -> Ran {
    let target = name.split_once('/').expect("owner/name").1;
    stage.sandbox.git(["clone", "-q", &format!("mirror::{name}"), target])
}

#[test]
fn what_is_kept_is_shown() {
    let stage = Stage::new(&History::small(), &["near"]);
    assert!(cache(&stage, &[]).ok().stdout.starts_with("nothing is kept"), "no folder is no error");
    stage.clone(&["-q"], "first").ok();
    let report = shown(&stage);
    let store = &report["stores"][0];
    assert_eq!((&store["repository"], &store["packs"]), (&"github:owner/small".into(), &1.into()), "{report}");
    assert_eq!((&store["in_use"], &report["limit"]), (&false.into(), &(5_u64 << 30).into()), "{report}");
    assert!(store["bytes"].as_u64() >= Some(stage.upstream.pack_bytes()) && store["bytes"] == report["total"]);
    let table = cache(&stage, &[]).ok().stdout;
    assert!(table.starts_with("repository") && table.contains("github:owner/small"), "{table}");
    assert!(table.contains("of 5 GiB in ") && !table.contains('\u{1b}'), "{table}");
}

#[test]
fn prune_removes_what_it_is_told_and_what_killed_clones_left() {
    let stage = Stage::new(&History::small(), &["near"]);
    add(&stage, &History::bulky(1), "owner/other");
    stage.clone(&["-q"], "first").ok();
    clone(&stage, "owner/other").ok();
    let before = shown(&stage);
    for (arguments, left) in [(&["prune"][..], 2), (&["prune", "--unused-for", "1"], 2)] {
        assert!(cache(&stage, arguments).ok().stdout.starts_with("nothing to remove; "), "{arguments:?}");
        assert_eq!(names(&stage).len(), left);
    }
    let old = PathBuf::from(before["stores"][0]["path"].as_str().expect("a path"));
    let in_use = fs::File::options().append(true).open(old.join("in-use")).expect("every store has it");
    in_use.set_modified(SystemTime::now() - 3 * DAY).expect("ours");
    fs::create_dir(old.with_file_name("gone-killed")).expect("ours");
    let other = PathBuf::from(before["stores"][1]["path"].as_str().expect("a path"));
    fs::create_dir(other.join("incoming/killed")).expect("ours");
    fs::write(other.join("incoming/killed/pack"), vec![0; 4096]).expect("ours");
    let said = cache(&stage, &["prune", "--unused-for", "2"]).ok().stdout;
    let bytes = before["stores"][0]["bytes"].as_u64().expect("a number") + 4096;
    assert!(said.starts_with("removed github:owner/small, "), "{said}");
    assert!(said.contains("removed what killed clones left or was damaged, 4.0 KiB"), "{said}");
    assert!(said.contains(&format!("({bytes} bytes) removed; ")), "{said}");
    let folder = fs::read_dir(stage.sandbox.path("cache/mirror/store")).expect("the store's folder");
    assert_eq!((names(&stage), folder.count()), (vec!["github:owner/other".to_owned()], 1));
    cache(&stage, &["prune", "--repository", "nobody/nothing", "--repository", "gitlab:owner/other"]).ok();
    for odd in [["prune", "--repository", "../other"], ["prune", "--to", "much"], ["prune", "--all", "--to=0"]] {
        assert_eq!(cache(&stage, &odd).fails().code, 64, "{odd:?}");
    }
    assert_eq!(names(&stage).len(), 1);
    cache(&stage, &["prune", "--repository", "Owner/OTHER"]).ok();
    assert_eq!(names(&stage), Vec::<String>::new());
    // Clones do not need it.
    assert_fsck_clean(&stage.work("first"));
    assert_fsck_clean(&stage.work("other"));
}

#[test]
fn damage_is_found_and_the_hint_is_the_cure() {
    let stage = Stage::new(&History::small(), &["near"]);
    assert!(cache(&stage, &["verify"]).ok().stdout.starts_with("nothing to check"));
    for case in ["a pack", "an index", "what is not there"] {
        stage.clone(&["-q"], "before").ok();
        let whole = cache(&stage, &["verify", "owner/small"]).ok().stdout;
        assert!(whole.starts_with("github:owner/small: whole, "), "{whole}");
        damage(&only_store(&stage), case);
        let ran = cache(&stage, &["verify"]).fails();
        assert_eq!(ran.code, 65, "{case}: {ran}");
        assert!(ran.stderr.contains("error[E-DIGEST]: what is kept of github:owner/small is damaged: "), "{ran}");
        assert!(!ran.stderr.contains("cache/mirror"), "git's words name no folder of ours: {ran}");
        let hint = ran.stderr.lines().find_map(|line| line.strip_prefix("mirror: hint: ")).expect("a hint");
        let words: Vec<&str> = hint.strip_prefix("cargo mirror cache ").expect("of ours").split(' ').collect();
        cache(&stage, &words).ok();
        stage.clone(&["-q"], "after").ok();
        cache(&stage, &["verify"]).ok();
        assert_same_repository(&stage.work("before"), &stage.work("after"));
        for folder in ["before", "after"] {
            fs::remove_dir_all(stage.work(folder)).expect("a clone is ours");
        }
    }
}

#[test]
fn verify_asks_nobodys_configuration_and_knows_sha256() {
    let stage = Stage::new(&History::small().sha256(), &["near"]);
    stage.clone(&["-q"], "first").ok();
    // Each of these alone makes git look elsewhere, or fail.
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["cache", "verify", "github:owner/small"]);
    command.env("GIT_OBJECT_DIRECTORY", "/nowhere").env("GIT_CONFIG_PARAMETERS", "broken");
    fs::write(stage.sandbox.path("gitconfig"), "[core\n").expect("the sandbox is ours");
    stage.sandbox.run(command).ok();
}

#[test]
fn a_history_that_git_would_not_write_today_is_no_damage() {
    let stage = Stage::new(&History::small(), &["near"]);
    break_history(&stage.upstream);
    break_history(&stage.mirror("near").repository);
    stage.clone(&["-q", "--no-checkout"], "first").ok();
    assert_eq!(stage.outcomes(), ["near ok"]);
    cache(&stage, &["verify"]).ok();
}

#[test]
fn the_oldest_goes_when_the_limit_is_reached() {
    let stage = Stage::new(&History::bulky(1), &["near"]);
    add(&stage, &History::bulky(1), "owner/second");
    add(&stage, &History::bulky(1), "owner/third");
    stage.clone(&["-q"], "first").ok();
    clone(&stage, "owner/second").ok();
    let limit = shown(&stage)["total"].as_u64().expect("a number") + 100_000;
    stage.configure(&format!("[git]\nstore-limit = \"{limit}\"\n"));
    // The first is used once more, and so the second is the oldest.
    stage.clone(&["-q"], "again").ok();
    clone(&stage, "owner/third").ok();
    assert_eq!(names(&stage), ["github:owner/small", "github:owner/third"]);
    assert!(shown(&stage)["total"].as_u64() <= Some(limit));
    assert_fsck_clean(&stage.work("second"));
}

#[test]
fn a_clone_at_work_keeps_its_store() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    add(&stage, &History::small(), "owner/other");
    clone(&stage, "owner/other").ok();
    stage.plain_clone(&["-q"], "plain").ok();
    stage.mirror("near").server.rate(300_000);
    thread::scope(|scope| {
        let slow = scope.spawn(|| stage.clone(&["-q"], "slow"));
        let since = Instant::now();
        let incoming = |report: &Value| {
            let stores = report["stores"].as_array().cloned().unwrap_or_default();
            let bytes = |store: &Value| store["bytes"].as_u64().unwrap_or(0);
            stores.iter().any(|store| store["in_use"] == true && bytes(store) > 50_000)
        };
        while !incoming(&shown(&stage)) {
            assert!(since.elapsed() < Duration::from_secs(20), "the clone begins: {}", shown(&stage));
            thread::sleep(Duration::from_millis(20));
        }
        let said = cache(&stage, &["prune", "--to", "0"]).ok().stdout;
        assert!(said.contains("removed github:owner/other, "), "{said}");
        assert!(said.contains("in use, and so kept: github:owner/small"), "{said}");
        cache(&stage, &["prune", "--all"]).ok();
        let busy = cache(&stage, &["prune", "--repository", "owner/small"]).fails();
        assert_eq!((busy.code, busy.stderr.contains("E-BUSY")), (75, true), "{busy}");
        assert!(!slow.is_finished(), "it was at work all the time");
        stage.mirror("near").server.rate(0);
        assert_eq!(slow.join().expect("the clone ends").ok().stderr, "");
    });
    assert_same_repository(&stage.work("plain"), &stage.work("slow"));
    assert_eq!(stage.outcomes(), ["near ok"]);
    assert_eq!(names(&stage), ["github:owner/small"]);
    cache(&stage, &["verify"]).ok();
}

#[test]
fn what_is_kept_is_for_its_owner_alone() {
    fn check(path: &Path) {
        let found = path.metadata().expect("it is there");
        let mode = found.permissions().mode() & 0o777;
        if found.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            fs::read_dir(path).expect("readable").flatten().for_each(|child| check(&child.path()));
        } else if !path.parent().is_some_and(|folder| folder.ends_with("objects/pack")) {
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        } else {
            // It has the mode that the repository needs which it is linked into; nobody else gets this far.
            assert_eq!(mode & 0o222, 0, "{}: {mode:o}", path.display());
        }
    }
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "first").ok();
    cache(&stage, &["prune"]).ok();
    check(&stage.sandbox.path("cache/mirror"));
}
