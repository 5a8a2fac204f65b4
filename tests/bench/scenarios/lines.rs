//! Three mirrors behind lines of different width, and a slow upstream: `lines`, `silent`.

use std::cell::Cell;

use mirror_tests::NAME;

use super::task::Task;
use crate::{
    ground::{BARE, Ground, MBIT, Material, megabytes},
    measure::{Flow, Goal, Row, Series, Times},
};

/// The mirrors with their lines in Mbit/s. Neither names nor places tell which is best.
const LINES: &[(&str, u64)] = &[("ash", 50), ("birch", 80), ("cedar", 20)];
/// The best mirror, and those that are left without it.
const BEST: &str = "birch";
const REST: &[&str] = &["ash", "cedar"];
/// Upstream's line in Mbit/s.
pub(crate) const UPSTREAM: u64 = 10;

/// A ground with these lines; each is one cap for all connections of its server. Also the bytes of a full pack.
pub(crate) fn ground(material: &Material) -> (Ground, u64) {
    let names: Vec<&str> = LINES.iter().map(|(name, _)| *name).collect();
    let ground = Ground::bulky(material, &names);
    let pack = ground.full_pack();
    ground.stage.origin.rate(UPSTREAM * MBIT);
    for (name, line) in LINES {
        ground.server(name).rate(line * MBIT);
    }
    (ground, pack)
}

/// All mirrors together against plain git from the best one. The store is forgotten, and who is fast is not: the first
/// run has to find out, the others know it, as on a machine in use.
pub(crate) fn lines(task: &Task<'_>) -> Vec<Row> {
    let (ground, pack) = ground(task.material);
    let url = ground.server(BEST).repo_url(NAME);
    let sum = LINES.iter().map(|(_, line)| line * MBIT).sum::<u64>() as f64;
    let (mut shares, mut surpluses) = (Series::default(), Series::default());
    let mut carried = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| ground.clone(&url, BARE),
        |_| {
            ground.forget_store();
            ground.count_anew();
            let mut flow = Flow::default();
            let trial = ground
                .watch_ours(|at| {
                    flow.see(at, ground.fetched_from_mirrors());
                    false
                })
                .whole();
            carried = ground.carried();
            let surplus = (ground.fetched() as f64 - pack as f64) / pack as f64;
            shares.push(trial.clone().map(|_| flow.rate() / sum * 100.0));
            surpluses.push(trial.clone().map(|_| surplus * 100.0));
            trial
        },
    );
    let notes = format!("{}; beside: git from {BEST}; {carried}", ground.size());
    vec![
        task.seconds("bare, three lines", &times, Goal::Ratio(0.65), &notes),
        task.values("share of the lines", "%", &shares, Goal::AtLeast(85.0), "first to last byte of packs"),
        task.values("more than one pack", "%", &surpluses, Goal::AtMost(3.0), &megabytes(pack)),
    ]
}

/// The best mirror falls silent in the middle, against the others alone. Nothing is remembered on either side, or the
/// second run would know better than to rely on it.
pub(crate) fn silent(task: &Task<'_>) -> Vec<Row> {
    let (ground, pack) = ground(task.material);
    let carried = Cell::new(String::new());
    let times = Times::by_turns(
        task.runs,
        |_| {
            ground.stage.configure_only(REST);
            ground.stage.forget();
            ground.clone_ours(BARE)
        },
        |_| {
            ground.stage.configure("");
            ground.stage.forget();
            ground.count_anew();
            let best = ground.server(BEST);
            let end = ground.watch_ours(|_| {
                if ground.fetched() >= pack / 2 {
                    best.fall_silent();
                }
                false
            });
            best.heal();
            carried.set(ground.carried());
            end.whole()
        },
    );
    let notes = format!("{}; beside: without {BEST}; {}", ground.size(), carried.take());
    vec![task.seconds("best silent at half", &times, Goal::More(3.0), &notes)]
}
