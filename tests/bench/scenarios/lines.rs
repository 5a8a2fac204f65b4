//! Three mirrors behind lines of different width, and a slow upstream: `lines`, `silent`, `fading`.

use std::cell::Cell;

use super::{
    race::{self, Lines, race},
    task::Task,
};
use crate::{
    ground::{BARE, Ground, MBIT, Specimen},
    measure::{Goal, Row, Times, Trial},
};

/// The mirrors with their lines in Mbit/s. Neither names nor places tell which is best.
pub(super) const UNEVEN: Lines = &[("ash", 50), ("birch", 80), ("cedar", 20)];
/// Those that are left without the best.
const REST: &[&str] = &["ash", "cedar"];
/// Slow ones that are equal, and the one of them that is fast at first: Mbit/s, and for how many bytes.
const SLOW: Lines = &[("ash", 8), ("birch", 8), ("cedar", 8)];
const FADES: &str = "birch";
const AT_FIRST: u64 = 80;
const SO_LONG: u64 = 4_000_000;

/// All mirrors together against plain git from the best one.
pub(crate) fn lines(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let goal = Goal::Ratio(if specimen.is_given() { 0.60 } else { 0.55 });
    race(task, specimen, UNEVEN, "bare, three lines", goal)
}

/// The best mirror falls silent in the middle, against the others alone. Nothing is remembered on either side, or the
/// second run would know better than to rely on it.
pub(crate) fn silent(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (ground, pack) = race::ground(specimen.repository(), UNEVEN);
    let best = race::best(UNEVEN);
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
            let server = ground.server(best);
            let end = ground.watch_ours(|_| {
                if ground.fetched() >= pack / 2 {
                    server.fall_silent();
                }
                false
            });
            server.heal();
            carried.set(ground.carried());
            end.whole()
        },
    );
    let notes = format!("{}; beside: without {best}; {}", ground.size(), carried.take());
    vec![task.seconds("best silent at half", &times, Goal::More(3.0), &notes)]
}

/// A line that is fast at first and then as slow as the two others, against three that were slow all along. Nothing is
/// remembered on either side, or the second run would know better than to expect much of it.
pub(crate) fn fading(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (ground, _) = race::ground(specimen.repository(), SLOW);
    let slow = SLOW[0].1 * MBIT;
    let run = |ground: &Ground| -> Trial {
        ground.stage.forget();
        ground.count_anew();
        ground.clone_ours(BARE)
    };
    let mut carried = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| {
            ground.server(FADES).rate(slow);
            run(&ground)
        },
        |_| {
            ground.server(FADES).fading_rate(AT_FIRST * MBIT, SO_LONG, slow);
            let trial = run(&ground);
            carried = ground.carried();
            trial
        },
    );
    let notes = format!("{}; beside: {FADES} as slow as the others; {carried}", ground.size());
    vec![task.seconds("one of three fades", &times, Goal::Ratio(1.10), &notes)]
}
