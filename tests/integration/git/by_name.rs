//! What is missing is asked for by name, and what came is kept: with real git on both sides.

use std::fs;

use mirror_tests::{Ended, History, NAME, Stage, assert_fsck_clean, assert_same_repository};

/// Bytes a second of a line on which a few megabytes take longer than is waited for alone.
const SLOW: u64 = 400_000;
/// Bytes of all clones together, beside one pack.
const OVERHEAD: f64 = 1.1;

fn slow(stage: &Stage) {
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(SLOW));
}

fn sent(stage: &Stage) -> u64 {
    stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum()
}

/// A stage with a plain clone of what it serves, whose bytes do not count.
fn stage(history: &History, mirrors: &[&str]) -> Stage {
    let stage = Stage::new(history, mirrors);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    stage
}

fn assert_right(stage: &Stage) {
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
}

#[test]
fn large_files_come_from_all_whatever_the_history_is() {
    for (shape, history) in [
        ("one commit", History::snapshot(5)),
        ("pictures", History::pictures(5)),
        ("no tags", History::tagless(5)),
        ("nothing in common", History::orphans(5)),
    ] {
        let stage = stage(&history, &["a", "b", "c"]);
        slow(&stage);
        assert_eq!(stage.clone(&["-q"], "ours").ok().stderr, "", "{shape}");
        assert_right(&stage);
        let pack = stage.upstream.pack_bytes();
        let carried: Vec<u64> = stage.mirrors.iter().map(|mirror| mirror.server.fetched()).collect();
        assert!(carried.iter().all(|bytes| *bytes > pack / 10), "{shape}: {carried:?} of {pack}");
        let sum: u64 = carried.iter().sum();
        assert!((sum as f64) < pack as f64 * OVERHEAD, "{shape}: {sum} of {pack}");
        assert_eq!(stage.origin.fetched(), 0, "{shape}: upstream sends no pack");
    }
}

#[test]
fn what_came_in_one_piece_before_a_kill_is_kept() {
    for (shape, history) in
        [("no tags", History::tagless(4)), ("pictures", History::pictures(4)), ("one commit", History::snapshot(4))]
    {
        let stage = stage(&history, &["only"]);
        // As hosts keep it: with tags, trees stand before files.
        stage.mirror("only").repository.git(&["repack", "-a", "-d", "-q"]);
        // Where nobody else could help, ten seconds are not worth cutting.
        stage.mirror("only").server.rate(800_000);
        let pack = stage.upstream.pack_bytes();
        assert!(matches!(broken(&stage, |sent| sent > pack * 7 / 10), Ended::Killed(_)), "{shape}");
        assert_kept(&stage, shape);
    }
}

#[test]
fn what_came_from_upstream_alone_is_kept_too_be_the_clone_killed_or_given_up() {
    let stage = stage(&History::snapshot(4), &[]);
    stage.origin.rate(800_000);
    let pack = stage.upstream.pack_bytes();
    assert!(matches!(broken(&stage, |sent| sent > pack * 7 / 10), Ended::Killed(_)));
    assert_kept(&stage, "killed");

    fs::remove_dir_all(stage.work("ours")).expect("it was cloned");
    stage.forget();
    stage.origin.forget_log();
    stage.origin.rate(800_000);
    let ended = broken(&stage, |sent| {
        if sent > pack * 6 / 10 {
            stage.origin.rate(16);
        }
        false
    });
    let Ended::Itself(ran) = ended else { panic!("it does not end") };
    assert!(ran.code == 128 && ran.stderr.contains("error[E-SLOW]"), "{ran}");
    assert_kept(&stage, "given up");
}

/// A clone that is killed when `stop` says so of the bytes that were sent, or ends by itself.
fn broken(stage: &Stage, mut stop: impl FnMut(u64) -> bool) -> Ended {
    let mut command = stage.sandbox.command("git");
    command.env("MIRROR_NET__LOW_SPEED_TIME", "3 s");
    command.args(["clone", "-q", &format!("mirror::{NAME}"), "broken"]);
    let ended = stage.sandbox.run_until(command, |_| stop(sent(stage) + stage.origin.fetched()));
    let _ = fs::remove_dir_all(stage.work("broken"));
    ended
}

/// The next clone is right, and of what came before it little comes again.
fn assert_kept(stage: &Stage, case: &str) {
    stage.mirrors.iter().map(|mirror| &mirror.server).chain([&stage.origin]).for_each(|server| server.rate(0));
    stage.clone(&["-q"], "ours").ok();
    assert_right(stage);
    let (sum, pack) = (sent(stage) + stage.origin.fetched(), stage.upstream.pack_bytes());
    assert!((sum as f64) < pack as f64 * 1.25, "{case}: {sum} of {pack}");
}
