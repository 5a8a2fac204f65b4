//! Mirrors that are slow in ways a client can do something about: `capped`, `drip`.

use super::task::Task;
use crate::{
    ground::{BARE, Ground, MBIT, Specimen},
    measure::{Goal, Row, Times},
};

/// A mirror that is fast for those who open several connections.
const CAPPED: &str = "capped";
/// Bytes a second of each of its connections.
const CAP: u64 = 1_000_000;
/// Plain git takes a minute there, always the same: more runs say no more.
const CAPPED_RUNS: usize = 2;
/// Mirrors of which one is good.
const FIVE: &[&str] = &["alder", "beech", "cherry", "dogwood", "elm"];
/// Which one is good, run by run: another each time, and the first one late.
const GOOD: &[usize] = &[4, 2, 0, 3, 1];
/// Bytes a second of the others.
const DRIP: u64 = 1000;
/// The good line, and upstream's, in Mbit/s.
const LINE: u64 = 80;
const UPSTREAM: u64 = 10;

/// One mirror with a cap for each connection and no other. Upstream is slow, so that it is no way around. The store is
/// forgotten; the mirror is known from the second run on.
pub(crate) fn capped(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let ground = Ground::of(specimen, &[CAPPED]);
    ground.stage.origin.rate(UPSTREAM * MBIT);
    ground.server(CAPPED).per_connection_rate(CAP);
    let url = ground.plain_url();
    let mut connections = String::new();
    let times = Times::by_turns(
        task.runs.min(CAPPED_RUNS),
        |_| ground.clone(&url, BARE),
        |_| {
            ground.forget_store();
            ground.count_anew();
            let trial = ground.clone_ours(BARE);
            connections = ground.carried();
            trial
        },
    );
    let notes = format!("{}; {connections}", ground.size());
    vec![task.seconds("bare, 1 MB/s each", &times, Goal::Ratio(0.33), &notes)]
}

/// Four of five mirrors are next to useless, and nothing tells which; against the good one alone. Nothing is remembered.
pub(crate) fn drip(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let ground = Ground::of(specimen, FIVE);
    ground.stage.origin.rate(UPSTREAM * MBIT);
    let mut carried = String::new();
    let good = |run: usize| FIVE[GOOD[run % GOOD.len()]];
    let times = Times::by_turns(
        task.runs,
        |run| {
            ground.stage.configure_only(&[good(run)]);
            ground.server(good(run)).rate(LINE * MBIT);
            ground.stage.forget();
            ground.clone_ours(BARE)
        },
        |run| {
            for name in FIVE {
                ground.server(name).rate(if *name == good(run) { LINE * MBIT } else { DRIP });
            }
            ground.stage.configure("");
            ground.stage.forget();
            ground.count_anew();
            let trial = ground.clone_ours(BARE);
            carried = ground.carried();
            trial
        },
    );
    let notes = format!("{}; beside: the good one alone; {carried}", ground.size());
    vec![task.seconds("four of five drip", &times, Goal::More(10.0), &notes)]
}
