//! The first mirror is dead, and nobody knows it yet: `dead-mirror`. Upstream swallows packets: `crates-silent`.

use mirror_tests::{BlackHole, Fault, refused_url};

use super::task::Task;
use crate::{
    ground::CrateGround,
    measure::{Goal, Row, Times, Trial},
};

/// The mirror that dies, and the one that is left.
const FIRST: &str = "ash";
const OTHER: &str = "birch";
/// Has it asked first among those of whom nothing is known.
const PREFERRED: &str = "weight = 1000.0";

/// A mirror that refuses, and one that cannot be reached, each against the same mirror alive. Nothing is remembered on
/// either side, or the second run would know better than to ask.
pub(crate) fn dead_mirror(task: &Task) -> Vec<Row> {
    let hole = BlackHole::start();
    let ways = [("first refuses", refused_url()), ("first is a black hole", hole.url())];
    ways.iter().map(|(what, address)| extra(task, what, address)).collect()
}

fn extra(task: &Task, what: &str, address: &str) -> Row {
    let mut ground = CrateGround::new(&[FIRST, OTHER]);
    ground.stage.set_keys(FIRST, PREFERRED);
    let alive = ground.stage.configuration("");
    ground.stage.set_address(FIRST, address);
    let dead = ground.stage.configuration("");
    let fetch = |configuration: &str| -> Trial {
        ground.stage.sandbox.mirror_config(configuration);
        ground.forget();
        ground.count_anew();
        ground.ours().and_then(|seconds| ground.by_mirrors(seconds))
    };
    let mut requests = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| fetch(&alive),
        |_| {
            let seconds = fetch(&dead)?;
            requests = ground.requests();
            if found_dead(&ground) { Ok(seconds) } else { Err(format!("{FIRST} was not asked")) }
        },
    );
    let notes = format!("{}; beside: with {FIRST} alive; requests, index+files: {requests}", ground.size());
    task.seconds(what, &times, Goal::More(0.5), &notes)
}

/// An upstream that swallows all packets against the same one alive, with two mirrors that agree: when nobody knows it yet, and
/// when the run before has found it out.
pub(crate) fn silent_upstream(task: &Task) -> Vec<Row> {
    [("upstream is a black hole, first run", false, 1.5), ("the same, second run", true, 0.1)]
        .into_iter()
        .map(|(what, known, most)| {
            let ground = CrateGround::new(&[FIRST, OTHER]);
            let fetch = |silent: bool| -> Trial {
                ground.stage.upstream.web.heal();
                if silent {
                    ground.stage.upstream.web.set(Fault::BlackHole);
                }
                ground.forget();
                if known {
                    ground.ours()?;
                    ground.forget_cache();
                }
                ground.count_anew();
                ground.ours().and_then(|seconds| ground.by_mirrors(seconds))
            };
            let times = Times::by_turns(task.runs, |_| fetch(false), |_| fetch(true));
            let notes = format!("{}; beside: with upstream alive", ground.size());
            task.seconds(what, &times, Goal::More(most), &notes)
        })
        .collect()
}

/// Whether the last fetch tells of the first mirror that it failed.
fn found_dead(ground: &CrateGround) -> bool {
    let reports = ground.stage.sandbox.report();
    let sources = reports.last().and_then(|report| report["sources"].as_array());
    sources.is_some_and(|all| all.iter().any(|source| source["name"] == FIRST && source["outcome"] != "ok"))
}
