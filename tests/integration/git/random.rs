//! Random histories, mirrors and faults: what git calls a success is what upstream has, and a failure gives a reason,
//! soon, and leaves nothing.
//!
//! `MIRROR_TEST_SEEDS=FROM..TO` plays other seeds than the usual ones.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
    thread,
    time::Instant,
};

use mirror_tests::Sandbox;

use crate::all::Scenario;

/// The seeds of a normal run.
const SEEDS: Range<u64> = 1..26;
/// Those of runs in which upstream was heard before.
const HEARD: Range<u64> = 103..113;
/// Scenarios at once: they mostly wait.
const AT_ONCE: usize = 8;

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests, not for the programs")]
fn seeds(usual: Range<u64>) -> Vec<u64> {
    let Ok(text) = std::env::var("MIRROR_TEST_SEEDS") else { return usual.collect() };
    let (from, to) = text.split_once("..").unwrap_or_else(|| panic!("MIRROR_TEST_SEEDS is FROM..TO, not {text:?}"));
    let number = |word: &str| word.trim().parse::<u64>().unwrap_or_else(|error| panic!("{word:?}: {error}"));
    (number(from)..number(to)).collect()
}

/// Plays them, and says how mirrors fared; fails with those in which something does not hold.
#[expect(clippy::print_stdout, reason = "whoever runs the tests may want to see what each seed did")]
fn play(mut scenarios: Vec<Scenario>) -> BTreeMap<String, u32> {
    // The slow ones first: whoever begins last keeps everybody waiting.
    scenarios.sort_by_key(|scenario| !scenario.is_on_a_slow_line());
    let count = scenarios.len();
    let queue = Mutex::new(VecDeque::from(scenarios));
    let failed = Mutex::new(Vec::new());
    let fared = Mutex::new(BTreeMap::<String, u32>::new());
    let next = || queue.lock().expect("nobody panics while holding it").pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    let since = Instant::now();
                    let played = panic::catch_unwind(AssertUnwindSafe(|| scenario.play(Sandbox::new())));
                    let took = since.elapsed().as_secs_f64();
                    let Ok((ended, mirrors)) = played else {
                        println!("{took:.1} s, FAILED: {scenario}");
                        failed.lock().expect("nobody panics while holding it").push(format!("{scenario}"));
                        continue;
                    };
                    println!("{took:.1} s, {ended:?}: {scenario}");
                    let mut fared = fared.lock().expect("nobody panics while holding it");
                    mirrors.into_iter().for_each(|outcome| *fared.entry(outcome).or_default() += 1);
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics while holding it");
    assert!(
        failed.is_empty(),
        "{} of {count} failed; MIRROR_TEST_SEEDS=SEED..SEED+1 plays one again, and what it said stands above:\n{}",
        failed.len(),
        failed.join("\n")
    );
    let fared = fared.into_inner().expect("nobody panics while holding it");
    println!("mirrors fared: {fared:?}");
    fared
}

#[test]
fn whatever_happens_a_clone_or_fetch_is_upstreams_or_fails_with_a_reason() {
    let seeds = seeds(SEEDS);
    let count = seeds.len();
    let fared = play(seeds.into_iter().map(Scenario::new).collect());
    let well = fared.get("ok").copied().unwrap_or_default();
    let badly = fared.values().sum::<u32>() - well;
    // Or else faults were never met, or mirrors never used, and the above says nothing.
    assert!(count < SEEDS.count() || (well >= 5 && badly >= 10), "{fared:?}");
}

#[test]
fn where_upstream_was_heard_before_what_comes_is_what_it_said_or_what_mirrors_agree_on() {
    play(seeds(HEARD).into_iter().map(Scenario::where_upstream_was_heard).collect());
}
