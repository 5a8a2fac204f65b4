//! A clone killed at any moment leaves nothing to repair and nobody behind.
#![cfg(target_os = "linux")]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Ended, History, Noise, Process, Stage, assert_fsck_clean, assert_same_repository_but, assert_whole_store, processes,
};

/// Kills in all, and how often the next clone is held against git's own.
const KILLS: u64 = 50;
const LOOK_EVERY: u64 = 10;
/// A clone takes about this long, in milliseconds; the kill comes at a moment within.
const TAKES: u64 = 600;
/// Bytes a second at which 2 MiB take about so long.
const RATE: u64 = 5 << 20;

/// Starts a clone and kills, after a delay, the helper alone or all there is.
fn killed_clone(stage: &Stage, delay: Duration, helper_only: bool) {
    let target = stage.work("killed");
    let mut command = stage.sandbox.command("git");
    command.args(["clone", "-q", "mirror::owner/small", "killed"]);
    let ended = stage.sandbox.run_until(command, |elapsed| {
        if elapsed < delay {
            return false;
        }
        if helper_only {
            processes(&stage.sandbox).iter().filter(|process| process.is_helper()).for_each(Process::kill);
        }
        !helper_only || elapsed > delay + Duration::from_secs(5)
    });
    if let (true, Ended::Killed(ran)) = (helper_only, &ended) {
        panic!("git waits for a helper that is gone: {ran}");
    }
    let since = Instant::now();
    while !processes(&stage.sandbox).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(2), "left behind: {:?}", processes(&stage.sandbox));
        thread::sleep(Duration::from_millis(5));
    }
    // git itself had no chance to take it away.
    let _ = fs::remove_dir_all(target);
}

#[test]
fn a_clone_killed_at_any_moment_leaves_a_whole_store_and_the_next_one_is_right() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.plain_clone(&["-q"], "plain").ok();
    let mut noise = Noise::new(50);
    let mut with_packs = 0;
    for kill in 1..=KILLS {
        stage.mirror("near").server.rate(RATE);
        killed_clone(&stage, Duration::from_millis(noise.below(TAKES)), kill % 2 == 0);
        if kill % LOOK_EVERY != 0 {
            continue;
        }
        for store in stage.stores() {
            assert_whole_store(&store);
            with_packs += usize::from(fs::read_dir(store.join("objects/pack")).is_ok_and(|packs| packs.count() > 0));
        }
        stage.mirror("near").server.rate(0);
        stage.clone(&["-q"], "next").ok();
        assert_same_repository_but(&stage.work("plain"), &stage.work("next"), "refs/none");
        assert_fsck_clean(&stage.work("next"));
        let stores = stage.stores();
        assert_eq!(stores.len(), 1, "{stores:?}");
        assert_whole_store(&stores[0]);
        let left = fs::read_dir(stores[0].join("incoming")).expect("a store has it").count();
        assert_eq!(left, 0, "what the killed left is swept away");
        fs::remove_dir_all(stage.work("next")).expect("a clone is ours");
        // The next ten start from nothing again.
        stage.forget();
    }
    println!("{with_packs} stores had packs after kills");
}
