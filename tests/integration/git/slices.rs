//! On slow lines a history comes in slices, from all mirrors at once, and nothing that arrived is fetched again.

use std::{fs, path::Path};

use mirror_tests::{Ended, Fault, History, NAME, Stage, assert_fsck_clean, assert_same_repository};

use crate::all::Twins;

/// Bytes a second at which 4 MB are worth cutting.
const SLOW: u64 = 200_000;
/// What slices may have beyond one pack: deltas whose base is in another slice. What is lost on a busy machine is not
/// counted here; the benchmark says what that is on a quiet one.
const OVERHEAD: f64 = 1.15;

fn slow(stage: &Stage) {
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(SLOW));
}

/// Bytes that this source carried in the last run in which anybody carried any, and those in vain.
fn bytes(stage: &Stage, name: &str) -> (u64, u64) {
    let reports = stage.sandbox.report();
    let mut sources = reports.iter().rev().map(|report| report["sources"].as_array().expect("a list"));
    let sources = sources.find(|sources| !sources.is_empty()).expect("somebody was asked");
    let sum = |key: &str| {
        sources
            .iter()
            .filter(|source| source["name"] == name)
            .map(|source| source[key].as_u64().expect("a number"))
            .sum()
    };
    (sum("bytes"), sum("wasted"))
}

fn packs(repository: &Path) -> usize {
    let files = fs::read_dir(repository.join(".git/objects/pack")).expect("a repository has packs").flatten();
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "pack")).count()
}

/// Bytes that all sources together carried in the last run, as a share of upstream's pack.
fn share(stage: &Stage) -> f64 {
    let upstream = bytes(stage, "upstream:github").0;
    let mirrors: u64 = stage.mirrors.iter().map(|mirror| bytes(stage, &mirror.name).0).sum();
    (upstream + mirrors) as f64 / stage.upstream.pack_bytes() as f64
}

fn sent(stage: &Stage) -> u64 {
    stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum()
}

#[test]
fn a_slow_clone_is_carried_by_all_mirrors_at_once_tagged_or_not() {
    for history in [History::lively(4), History::lively(4).untagged()] {
        let stage = Stage::new(&history, &["a", "b", "c"]);
        slow(&stage);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.origin.forget_log();
        assert_eq!(stage.clone(&["-q"], "ours").ok().stderr, "", "quiet is quiet");
        assert_same_repository(&stage.work("plain"), &stage.work("ours"));
        assert_fsck_clean(&stage.work("ours"));
        let carried: Vec<u64> = ["a", "b", "c"].iter().map(|name| bytes(&stage, name).0).collect();
        let pack = stage.upstream.pack_bytes();
        assert!(carried.iter().all(|bytes| *bytes > pack / 10), "{carried:?} of {pack}");
        assert!(share(&stage) < OVERHEAD, "{} packs", share(&stage));
        assert_eq!(stage.origin.fetched(), 0, "upstream sends no pack");
        assert!(packs(&stage.work("ours")) <= 4, "{} packs", packs(&stage.work("ours")));
    }
}

#[test]
fn a_mirror_that_lies_in_a_slice_is_named_and_left_out() {
    let stage = Stage::new(&History::lively(4), &["a", "liar", "z"]);
    slow(&stage);
    stage.mirror("liar").server.set(Fault::FlipByteAt(0.5.into()));
    stage.plain_clone(&["-q"], "plain").ok();
    let ran = stage.clone(&["-q"], "ours").ok();
    assert!(ran.stderr.contains("mirror: warning: liar: sent corrupt data"), "{ran}");
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
    assert!(stage.outcomes().contains(&"liar corrupt".to_owned()), "{:?}", stage.outcomes());
    assert_eq!(bytes(&stage, "liar").0, 0);
}

#[test]
fn a_killed_clone_goes_on_where_it_ended() {
    let stage = Stage::new(&History::lively(4), &["a", "b"]);
    slow(&stage);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    let pack = stage.upstream.pack_bytes();
    let mut command = stage.sandbox.command("git");
    command.args(["clone", "-q", &format!("mirror::{NAME}"), "killed"]);
    let ended = stage.sandbox.run_until(command, |_| sent(&stage) > pack * 6 / 10);
    assert!(matches!(ended, Ended::Killed(_)), "{ended:?}");
    let _ = fs::remove_dir_all(stage.work("killed"));
    stage.clone(&["-q"], "ours").ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
    // Slices that were on their way are lost; how many bytes that is, the benchmark says.
    assert!(share(&stage) < 0.8, "{} packs after more than a half had been sent", share(&stage));
    assert_eq!(stage.origin.fetched(), 0);
}

#[test]
fn what_upstream_has_dropped_since_a_kill_keeps_no_clone_from_ending() {
    let stage = Stage::new(&History::lively(4), &["a", "b"]);
    slow(&stage);
    let pack = stage.upstream.pack_bytes();
    let mut command = stage.sandbox.command("git");
    command.args(["clone", "-q", &format!("mirror::{NAME}"), "killed"]);
    let ended = stage.sandbox.run_until(command, |_| sent(&stage) > pack * 3 / 10);
    assert!(matches!(ended, Ended::Killed(_)), "{ended:?}");
    let _ = fs::remove_dir_all(stage.work("killed"));
    for repository in [&stage.upstream, &stage.mirror("a").repository, &stage.mirror("b").repository] {
        repository.truncate_by(100);
        repository.add_commit("main", "README.md", "another history");
        repository.forget_unreachable();
    }
    stage.mirror("b").repository.become_copy_of(&stage.upstream);
    stage.mirror("a").repository.become_copy_of(&stage.upstream);
    stage.clone(&["-q"], "ours").ok();
    stage.plain_clone(&["-q"], "plain").ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert!(!stage.outcomes().iter().any(|outcome| outcome.contains("corrupt")), "{:?}", stage.outcomes());
}

#[test]
fn upstream_alone_gives_slices_too_and_one_that_is_cut_is_all_that_is_lost() {
    let stage = Stage::new(&History::lively(4), &[]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.rate(SLOW);
    stage.origin.set(Fault::CutAt(0.25.into()).times(3));
    stage.origin.forget_log();
    stage.clone(&["-q"], "ours").ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    let (carried, wasted) = bytes(&stage, "upstream:github");
    assert!(wasted < carried / 2, "{wasted} in vain beside {carried}");
}

#[test]
fn what_lagging_mirrors_lack_upstream_gives_and_no_more() {
    let stage = Stage::new(&History::lively(4), &["month", "year"]);
    slow(&stage);
    stage.mirror("month").repository.truncate_by(30);
    stage.mirror("year").repository.truncate_by(300);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    stage.clone(&["-q"], "ours").ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
    let pack = stage.upstream.pack_bytes();
    assert!(stage.origin.fetched() < pack / 5, "{} of {pack} from upstream", stage.origin.fetched());
    assert!(share(&stage) < OVERHEAD, "{} packs", share(&stage));
    assert!(bytes(&stage, "month").0 > 0 && bytes(&stage, "year").0 > 0, "{:?}", stage.outcomes());
}

#[test]
fn a_large_update_lands_like_a_clone_whoever_made_the_repository() {
    for made_by_us in [true, false] {
        let stage = Stage::new(&History::lively(12), &["a", "b"]);
        let whole = stage.upstream.copy_to(stage.sandbox.path("whole"));
        for repository in [&stage.upstream, &stage.mirror("a").repository, &stage.mirror("b").repository] {
            repository.truncate_by(2300);
        }
        let twins = Twins::clone(&stage, "update", &[]);
        if !made_by_us {
            stage.forget();
        }
        for repository in [&stage.upstream, &stage.mirror("a").repository, &stage.mirror("b").repository] {
            repository.become_copy_of(&whole);
        }
        stage.mirrors.iter().for_each(|mirror| mirror.server.rate(1_200_000));
        stage.mirrors.iter().for_each(|mirror| mirror.server.forget_log());
        stage.sandbox.git_in(twins.plain(), ["fetch", "-q"]).ok();
        stage.origin.forget_log();
        stage.sandbox.git_in(twins.ours(), ["fetch", "-q"]).ok();
        twins.assert_same();
        let carried = [bytes(&stage, "a").0, bytes(&stage, "b").0];
        assert!(carried.iter().all(|bytes| *bytes > 0), "{made_by_us}: {carried:?}");
        assert!(share(&stage) < OVERHEAD, "{} packs", share(&stage));
        let stores = stage.stores();
        assert_eq!(stores.len(), 1, "what rests on a repository goes with the update: {stores:?}");
    }
}
