//! Many clones at once of what nobody has yet: `together`.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::task::Task;
use crate::{
    ground::{Ground, MBIT, Specimen, megabytes},
    measure::{Goal, Row, Series, Trial},
};

/// Clones at once.
const CLONES: usize = 16;
/// The mirror, its line, and upstream's, in Mbit/s.
const MIRROR: &str = "near";
const LINE: u64 = 80;
const UPSTREAM: u64 = 10;
/// The bytes of packs tell little from run to run, and this takes long.
const RUNS: usize = 1;

/// A build farm starts: the bytes that all servers send, in packs. Nothing is remembered.
pub(crate) fn together(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let mut ground = Ground::of(specimen, &[MIRROR]);
    let pack = ground.full_pack();
    ground.stage.origin.rate(UPSTREAM * MBIT);
    ground.server(MIRROR).rate(LINE * MBIT);
    // When each has to fetch all of it, they share the lines.
    ground.patience += Duration::from_secs(CLONES as u64 * pack / (LINE * MBIT));
    let mut packs = Series::default();
    let start = Instant::now();
    let _ = (0..task.runs.min(RUNS)).all(|_| packs.push(crowd(&ground, pack)));
    let seconds = start.elapsed().as_secs_f64();
    let notes = format!("{CLONES} clones, pack {}, {seconds:.1} s; {}", megabytes(pack), ground.carried());
    vec![task.values("16 at once", "packs", &packs, Goal::AtMost(1.1), &notes)]
}

fn crowd(ground: &Ground, pack: u64) -> Trial {
    ground.stage.forget();
    ground.count_anew();
    let trials: Vec<Trial> = thread::scope(|scope| {
        let clones: Vec<_> = (0..CLONES).map(|number| scope.spawn(move || ground.clone_numbered(number))).collect();
        clones.into_iter().map(|clone| clone.join().unwrap_or(Err("panicked".to_owned()))).collect()
    });
    let failures: Vec<String> = trials.into_iter().filter_map(Result::err).collect();
    match failures.first() {
        Some(why) => Err(format!("{} of {CLONES}: {why}", failures.len())),
        None => Ok(ground.sent() as f64 / pack as f64),
    }
}
