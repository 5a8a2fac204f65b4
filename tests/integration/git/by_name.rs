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
        let mut command = stage.sandbox.command("git");
        command.args(["clone", "-q", &format!("mirror::{NAME}"), "killed"]);
        let ended = stage.sandbox.run_until(command, |_| sent(&stage) > pack * 7 / 10);
        assert!(matches!(ended, Ended::Killed(_)), "{shape}: {ended:?}");
        let _ = fs::remove_dir_all(stage.work("killed"));
        stage.clone(&["-q"], "ours").ok();
        assert_right(&stage);
        let sum = sent(&stage) + stage.origin.fetched();
        assert!((sum as f64) < pack as f64 * 1.25, "{shape}: {sum} of {pack}");
    }
}
