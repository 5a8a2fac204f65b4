//! A clone killed at any moment leaves nothing to repair and nobody behind.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Ended, History, Noise, PATIENCE, Stage, assert_fsck_clean, assert_same_repository_but, plain_git, run,
};

/// Kills in all, and how often the next clone is held against git's own.
const KILLS: u64 = 50;
const LOOK_EVERY: u64 = 10;
/// A clone takes about this long, in milliseconds; the kill comes at a moment within.
const TAKES: u64 = 600;
/// Bytes a second at which 2 MiB take about so long.
const RATE: u64 = 5 << 20;

/// Processes that were started with this stage's configuration, with their names.
fn ours(stage: &Stage) -> Vec<(String, String)> {
    let mark = format!("GIT_CONFIG_GLOBAL={}", stage.sandbox.path("gitconfig").display());
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let found = processes.filter_map(|process| {
        let environment = fs::read(process.path().join("environ")).ok()?;
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        let has_mark = environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
        has_mark.then(|| (process.file_name().to_string_lossy().into_owned(), name.trim().to_owned()))
    });
    found.collect()
}

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
            // The kernel cuts names to 15 letters.
            for (id, _) in ours(stage).iter().filter(|(_, name)| name.starts_with("git-remote-mirr")) {
                // An error means that it has ended already.
                let _ = Command::new("kill").args(["-s", "KILL", id]).output();
            }
        }
        !helper_only || elapsed > delay + Duration::from_secs(5)
    });
    if let (true, Ended::Killed(ran)) = (helper_only, &ended) {
        panic!("git waits for a helper that is gone: {ran}");
    }
    let since = Instant::now();
    while !ours(stage).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(2), "left behind: {:?}", ours(stage));
        thread::sleep(Duration::from_millis(5));
    }
    // git itself had no chance to take it away.
    let _ = fs::remove_dir_all(target);
}

fn stores(stage: &Stage) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(stage.sandbox.path("cache/mirror/store")) else { return Vec::new() };
    folder.flatten().map(|entry| entry.path()).collect()
}

/// git finds nothing wrong with the store, but that no branch of it is checked out.
fn assert_whole(store: &Path) {
    let mut command = plain_git(store);
    command.args(["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    let ran = run(command, PATIENCE).ok();
    let said = ran.stdout.lines().chain(ran.stderr.lines()).filter(|line| !line.starts_with("notice: "));
    assert_eq!(said.collect::<Vec<_>>(), Vec::<&str>::new());
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
        for store in stores(&stage) {
            assert_whole(&store);
            with_packs += usize::from(fs::read_dir(store.join("objects/pack")).is_ok_and(|packs| packs.count() > 0));
        }
        stage.mirror("near").server.rate(0);
        stage.clone(&["-q"], "next").ok();
        assert_same_repository_but(&stage.work("plain"), &stage.work("next"), "refs/none");
        assert_fsck_clean(&stage.work("next"));
        let stores = stores(&stage);
        assert_eq!(stores.len(), 1, "{stores:?}");
        assert_whole(&stores[0]);
        let left = fs::read_dir(stores[0].join("incoming")).expect("a store has it").count();
        assert_eq!(left, 0, "what the killed left is swept away");
        fs::remove_dir_all(stage.work("next")).expect("a clone is ours");
        // The next ten start from nothing again.
        stage.forget();
    }
    println!("{with_packs} stores had packs after kills");
}
