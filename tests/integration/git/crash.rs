//! Clones killed at any moment while others of the same repository are under way: the store stays whole, survivors and
//! later clones are right, upstream's moving on in between included.
//!
//! `MIRROR_TEST_KILLS=N` kills so many in place of the usual number. What one clone by itself leaves when it is killed is
//! `killed`'s matter.
#![cfg(target_os = "linux")]

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Copy, NAME, Noise, Process, Ran, RandomHistory, Sandbox, Stage, assert_fsck_clean, assert_same_repository,
    assert_whole_store, grow, outcome, processes, processes_with,
};

/// Kills in a normal run.
const KILLS: u64 = 200;
/// Stages at once, each with a store of its own.
const STAGES: u64 = 2;
/// Clones at once on a stage, all of which are killed.
const AT_ONCE: u64 = 5;
/// Rounds of kills before a store is held against upstream and begun anew.
const ROUNDS: u64 = 3;
/// The kill comes at a moment within so many milliseconds.
const LIFE: u64 = 1200;
/// Bytes of a history, and those that each of three mirrors sends a second: about a second for all together, or for one.
const BYTES: u64 = 1_500_000;
const RATES: &[u64] = &[500_000, 2_500_000];

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests, not for the programs")]
fn kills() -> u64 {
    let Ok(text) = std::env::var("MIRROR_TEST_KILLS") else { return KILLS };
    text.parse().unwrap_or_else(|error| panic!("MIRROR_TEST_KILLS={text}: {error}"))
}

/// The variable that a clone's processes are known by, which is another one in each sandbox.
fn mark(stage: &Stage, target: &str) -> String {
    stage.work(target).display().to_string()
}

/// A clone with that variable.
fn clone(stage: &Stage, target: &str, stop: impl FnMut(Duration) -> bool) -> (bool, Ran) {
    let mut command = stage.sandbox.command("git");
    command.env("MIRROR_TEST_CLONE", mark(stage, target)).args([
        "clone",
        "-q",
        "--mirror",
        &format!("mirror::{NAME}"),
        target,
    ]);
    let ended = stage.sandbox.run_until(command, stop);
    (ended.was_killed(), ended.ran())
}

/// Starts a clone and kills, after a delay, its helper alone or all there is. Whether it came to that.
fn killed_clone(stage: &Stage, target: &str, delay: Duration, helper_only: bool) -> bool {
    let mark = format!("MIRROR_TEST_CLONE={}", mark(stage, target));
    let mut hit = false;
    let (killed, ran) = clone(stage, target, |elapsed| {
        if elapsed < delay || !helper_only {
            return elapsed >= delay;
        }
        if !hit {
            let helpers: Vec<Process> = processes_with(&mark).into_iter().filter(Process::is_helper).collect();
            hit = !helpers.is_empty();
            helpers.iter().for_each(Process::kill);
        }
        elapsed > delay + Duration::from_secs(20)
    });
    assert!(!(helper_only && killed), "git waits for a helper that is gone: {ran}");
    let folder = stage.work(target);
    if !killed && ran.code != 0 {
        // A helper that is killed cannot say why, but git can tidy up.
        assert!(hit || outcome(&ran).is_ok(), "{ran}");
        assert!(!folder.exists(), "git failed and left something: {ran}");
    }
    if !killed && ran.code == 0 {
        // It was faster, or so early or late that there was no helper.
        assert_same_repository(&stage.upstream.path(), &folder);
    }
    let _ = fs::remove_dir_all(folder);
    killed || hit
}

/// Kills clones at once, then looks at what is left.
fn round(stage: &Stage, noise: &mut Noise, done: &AtomicU64, life: u64) {
    thread::scope(|scope| {
        for number in 0..AT_ONCE {
            let (delay, helper_only) = (Duration::from_millis(noise.below(life)), noise.below(2) == 0);
            scope.spawn(move || {
                if killed_clone(stage, &format!("killed-{number}"), delay, helper_only) {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let since = Instant::now();
    while !processes(&stage.sandbox).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(3), "left behind: {:?}", processes(&stage.sandbox));
        thread::sleep(Duration::from_millis(5));
    }
    stage.stores().iter().for_each(|store| assert_whole_store(store));
}

/// Rounds of kills on one store, and the clones after them. Says how many stores had packs in between.
fn epoch(stage: &Stage, noise: &mut Noise, done: &AtomicU64, life: u64) -> usize {
    let rate = *noise.pick(RATES);
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(rate));
    for number in 0..ROUNDS {
        round(stage, noise, done, life);
        if number == 1 && noise.below(2) == 0 {
            grow(&stage.upstream, noise);
            // One of them lags behind from now on.
            stage.mirrors[1..].iter().for_each(|mirror| Copy::Fresh.make(&mirror.repository, &stage.upstream));
        }
    }
    let packs =
        |store: &std::path::PathBuf| fs::read_dir(store.join("objects/pack")).is_ok_and(|packs| packs.count() > 0);
    let with_packs = stage.stores().iter().filter(|store| packs(store)).count();
    // Two at once, and one of them dies again.
    thread::scope(|scope| {
        let delay = Duration::from_millis(noise.below(life / 2));
        let killed = scope.spawn(move || killed_clone(stage, "dies", delay, true));
        let (gave_up, ran) = clone(stage, "lives", |elapsed| {
            if elapsed > Duration::from_millis(LIFE / 2) {
                stage.mirrors.iter().for_each(|mirror| mirror.server.rate(0));
            }
            elapsed > Duration::from_secs(60)
        });
        assert!(!gave_up && ran.code == 0, "the clone that nobody killed: {ran}");
        done.fetch_add(u64::from(killed.join().expect("it did not panic")), Ordering::Relaxed);
    });
    assert_same_repository(&stage.upstream.path(), &stage.work("lives"));
    assert_fsck_clean(&stage.work("lives"));
    fs::remove_dir_all(stage.work("lives")).expect("a clone is ours");
    let stores = stage.stores();
    assert_eq!(stores.len(), 1, "{stores:?}");
    assert_whole_store(&stores[0]);
    stage.forget();
    with_packs
}

#[test]
fn clones_killed_at_any_moment_among_others_leave_a_whole_store_and_right_clones() {
    let (wanted, done) = (kills(), AtomicU64::new(0));
    let with_packs = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..STAGES {
            let (done, with_packs) = (&done, &with_packs);
            scope.spawn(move || {
                let mut noise = Noise::new(500 + number);
                let history = RandomHistory::of_size(BYTES, &mut noise);
                let names = ["alpha", "beta", "gamma"];
                let stage = Stage::with(Sandbox::new(), |root| history.write(root, NAME), &names);
                // On a machine that is busy otherwise clones live longer.
                let mut life = LIFE;
                while done.load(Ordering::Relaxed) < wanted {
                    let landed = epoch(&stage, &mut noise, done, life);
                    with_packs.fetch_add(landed as u64, Ordering::Relaxed);
                    life = if landed == 0 { (life * 2).min(LIFE * 8) } else { LIFE };
                }
            });
        }
    });
    // Or else every kill came before anything had landed, and stores are whole because they are empty.
    assert!(with_packs.load(Ordering::Relaxed) > 0 || wanted < KILLS, "nothing ever landed before a kill");
    println!("{done:?} clones killed; {with_packs:?} stores had packs before the last clones");
}
