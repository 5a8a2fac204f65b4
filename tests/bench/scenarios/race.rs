//! All mirrors together against plain git from the best one, on lines of a scenario's choice.
//!
//! Beside the seconds: how much of the lines was in use, bytes beyond one pack, how long it goes on after the last byte,
//! and what it costs the servers, with bitmaps and without.

use mirror_tests::{NAME, Repository};

use super::{
    cost::{self, Cost},
    task::Task,
};
use crate::{
    ground::{Ground, MBIT, Specimen, megabytes},
    measure::{Flow, Goal, Row, Series, Times, Trial},
};

/// Upstream's line in Mbit/s.
pub(super) const UPSTREAM: u64 = 10;
/// The least share of the lines that is to be in use, in percent; and the most that is fetched beyond one pack.
const SHARE: Goal = Goal::AtLeast(85.0);
const SURPLUS: Goal = Goal::AtMost(2.0);
/// The longest that a clone may go on after the last byte, in seconds, and the largest pack of which that is asked.
const AFTER: Goal = Goal::AtMost(0.5);
const AFTER_UP_TO: u64 = 100_000_000;

/// Mirrors with their lines in Mbit/s. Each line is one cap for all connections of its server.
pub(super) type Lines = &'static [(&'static str, u64)];

/// The first of those with the fastest line.
pub(super) fn best(lines: Lines) -> &'static str {
    let fastest = lines.iter().map(|(_, line)| line).max();
    lines.iter().find(|(_, line)| Some(line) == fastest).expect("a scenario has mirrors").0
}

/// A ground with these lines; also the bytes of a full pack.
pub(super) fn ground(repository: &Repository, lines: Lines) -> (Ground, u64) {
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    let ground = Ground::serving(repository, &names);
    let pack = ground.full_pack();
    ground.stage.origin.rate(UPSTREAM * MBIT);
    for (name, line) in lines {
        ground.server(name).rate(line * MBIT);
    }
    (ground, pack)
}

/// What a clone's bytes looked like on their way.
#[derive(Default)]
struct Watched {
    mirrors: Flow,
    all: Flow,
}

impl Watched {
    fn look(&mut self, ground: &Ground, at: std::time::Duration) {
        self.mirrors.see(at, ground.fetched_from_mirrors());
        self.all.see(at, ground.fetched());
    }
}

fn plain(ground: &Ground, url: &str, watched: &mut Watched) -> Trial {
    ground.watch_plain(url, |at| watched.look(ground, at)).whole()
}

fn ours(ground: &Ground, watched: &mut Watched) -> Trial {
    ground.forget_store();
    let end = ground.watch_ours(|at| {
        watched.look(ground, at);
        false
    });
    end.whole()
}

/// Both by turns. The store is forgotten, and who is fast is not: the first run has to find out, the others know it, as
/// on a machine in use.
pub(super) fn race(task: &Task, specimen: &Specimen, lines: Lines, what: &str, goal: Goal) -> Vec<Row> {
    let best = best(lines);
    let (ground, pack) = ground(specimen.repository(), lines);
    let url = ground.server(best).repo_url(NAME);
    let sum = lines.iter().map(|(_, line)| line * MBIT).sum::<u64>() as f64;
    let (mut shares, mut surpluses) = (Series::default(), Series::default());
    let (mut after, mut after_plain) = (Series::default(), Series::default());
    let (mut cost, mut cost_plain) = (Cost::default(), Cost::default());
    let mut carried = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| {
            let mut watched = Watched::default();
            let trial = cost_plain.of(&ground, || plain(&ground, &url, &mut watched));
            after_plain.push(trial.clone().map(|end| watched.all.after(end)));
            trial
        },
        |_| {
            let mut watched = Watched::default();
            let trial = cost.of(&ground, || ours(&ground, &mut watched));
            carried = ground.carried();
            let surplus = (ground.fetched() as f64 - pack as f64) / pack as f64;
            shares.push(trial.clone().map(|_| watched.mirrors.rate() / sum * 100.0));
            surpluses.push(trial.clone().map(|_| surplus * 100.0));
            after.push(trial.clone().map(|end| watched.all.after(end)));
            trial
        },
    );
    let notes = format!("{}; beside: git from {best}; {carried}", ground.size());
    let after = Times { ours: after, beside: after_plain };
    let after_goal = (pack <= AFTER_UP_TO).then_some(AFTER);
    drop(ground);
    vec![
        task.seconds(what, &times, goal, &notes),
        task.values("share of the lines", "%", &shares, SHARE, "first to last byte of packs"),
        task.values("more than one pack", "%", &surpluses, SURPLUS, &megabytes(pack)),
        task.seconds("from the last byte", &after, after_goal, "of packs to the end"),
        cost::row(task, specimen.has_bitmaps(), cost_plain, cost),
        otherwise(task, specimen, lines),
    ]
}

/// One pair where bitmaps are as they are not in the others, for what it costs. Ours knows no mirror yet.
fn otherwise(task: &Task, specimen: &Specimen, lines: Lines) -> Row {
    let bitmaps = !specimen.has_bitmaps();
    let (ground, _) = ground(specimen.served(bitmaps), lines);
    let url = ground.server(best(lines)).repo_url(NAME);
    let beside = Cost::once(&ground, || plain(&ground, &url, &mut Watched::default()));
    let cost = Cost::once(&ground, || ours(&ground, &mut Watched::default()));
    cost::row(task, bitmaps, beside, cost)
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn the_first_of_the_fastest_is_the_best() {
        assert_eq!(best(&[("a", 50), ("b", 80), ("c", 80)]), "b");
        assert_eq!(best(&[("a", 40), ("b", 40)]), "a");
    }
}
