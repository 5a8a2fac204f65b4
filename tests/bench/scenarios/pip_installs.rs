//! `pip install` through the shim and its relay beside plain pip from a mirror: `pip`, `pip-lines`, `pip-warm`, `pip-dead`,
//! `pip-silent`.
//!
//! Unpacking is a part of both sides, and the same.

use mirror_tests::{BlackHole, Fault, Pip, refused_url};

use super::{race::UPSTREAM, task::Task};
use crate::{
    ground::{MBIT, NUMPY, PipGround, REQUESTS, Wanted, machines},
    measure::{Goal, Row, Times, Trial},
};

/// The mirror that plain pip downloads from, and the others.
const NEAR: &str = "ash";
const OTHERS: &[&str] = &["birch", "cedar"];
/// A mirror's line in Mbit/s, where lines are narrow.
const LINE: u64 = 20;
/// Has a mirror asked first among those of which nothing is known.
const PREFERRED: &str = "weight = 1000.0";

/// The pips there are, each with its name.
fn pips() -> Vec<(&'static str, Pip)> {
    let newest = Pip::newest().ok().map(|pip| ("the newest pip", pip));
    newest.into_iter().chain(machines().map(|_| ("the machine's pip", Pip::Machines))).collect()
}

/// The newest pip, or the machine's.
fn first() -> Pip {
    pips().into_iter().next().expect("there is a pip").1
}

/// One healthy mirror, nothing in the relay's cache. Who the mirror is may be remembered.
pub(crate) fn cold(task: &Task) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, pip) in pips() {
        let ground = PipGround::new(&pip, &[NEAR]);
        for (wanted, goal) in [(REQUESTS, 1.03), (NUMPY, 1.0)] {
            let what = format!("cold, {}, {name}", wanted.name);
            rows.push(compare(task, &what, Goal::Ratio(goal), &ground, wanted, || {
                ground.forget_cache();
                ground.count_anew();
                ground.ours(wanted).and_then(|seconds| ground.by_mirrors(seconds))
            }));
        }
    }
    rows
}

/// Three mirrors with narrow lines against one of them. Who is fast is remembered from the second run on.
pub(crate) fn lines(task: &Task) -> Vec<Row> {
    let ground = PipGround::new(&first(), &[&[NEAR], OTHERS].concat());
    narrow(&ground);
    let what = format!("cold, {}, three lines of {LINE} Mbit/s", NUMPY.name);
    vec![compare(task, &what, Goal::Ratio(0.45), &ground, NUMPY, || {
        ground.forget_cache();
        ground.count_anew();
        ground.ours(NUMPY).and_then(|seconds| ground.by_mirrors(seconds))
    })]
}

/// Another project has installed the same before: it is in the relay's cache. Against plain pip over a narrow line, for
/// without one nothing could be saved.
pub(crate) fn warm(task: &Task) -> Vec<Row> {
    let ground = PipGround::new(&first(), &[NEAR]);
    let mut filled = ground.ours(NUMPY).map(drop);
    narrow(&ground);
    let what = format!("full cache, {}, line of {LINE} Mbit/s", NUMPY.name);
    vec![compare(task, &what, Goal::Ratio(0.6), &ground, NUMPY, || {
        // A cache that could not be filled would make the others cold.
        std::mem::replace(&mut filled, Ok(()))?;
        ground.count_anew();
        let seconds = ground.ours(NUMPY)?;
        match ground.files() {
            (0, 0) => Ok(seconds),
            (upstream, mirrors) => Err(format!("fetched {} files again", upstream + mirrors)),
        }
    })]
}

/// The first of two mirrors refuses, or cannot be reached, against the same mirror alive. Nothing is remembered on either
/// side.
pub(crate) fn dead(task: &Task) -> Vec<Row> {
    let hole = BlackHole::start();
    let ways = [("first refuses", refused_url()), ("first is a black hole", hole.url())];
    ways.iter().map(|(what, address)| extra(task, what, address)).collect()
}

fn extra(task: &Task, what: &str, address: &str) -> Row {
    let ground = PipGround::new(&first(), &[NEAR, OTHERS[0]]);
    let install = |dead: bool| -> Trial {
        let at = |name: &str, server: &mirror_tests::IndexServer| match dead && name == NEAR {
            true => format!("{address}/simple/"),
            false => server.index(),
        };
        ground.configure(at, PREFERRED);
        ground.forget();
        ground.count_anew();
        ground.ours(REQUESTS).and_then(|seconds| ground.by_mirrors(seconds))
    };
    let times = Times::by_turns(
        task.runs,
        |_| install(false),
        |_| {
            let seconds = install(true)?;
            if found_dead(&ground) { Ok(seconds) } else { Err(format!("{NEAR} was not asked")) }
        },
    );
    let notes = format!("{}; beside: with {NEAR} alive", ground.size(REQUESTS));
    task.seconds(&format!("{}, {what}", REQUESTS.name), &times, Goal::More(0.5), &notes)
}

/// An upstream that swallows all packets against the same one alive, with two mirrors that agree: when nobody knows it yet, and
/// when the run before has found it out.
pub(crate) fn silent_upstream(task: &Task) -> Vec<Row> {
    [("upstream is a black hole, first run", false, 1.5), ("the same, second run", true, 0.1)]
        .into_iter()
        .map(|(what, known, most)| {
            let ground = PipGround::new(&first(), &[NEAR, OTHERS[0]]);
            let install = |silent: bool| -> Trial {
                ground.upstream.web.heal();
                if silent {
                    ground.upstream.web.set(Fault::BlackHole);
                }
                ground.forget();
                if known {
                    ground.ours(REQUESTS)?;
                    ground.forget_cache();
                }
                ground.count_anew();
                ground.ours(REQUESTS).and_then(|seconds| ground.by_mirrors(seconds))
            };
            let times = Times::by_turns(task.runs, |_| install(false), |_| install(true));
            let notes = format!("{}; beside: with upstream alive", ground.size(REQUESTS));
            task.seconds(&format!("{}, {what}", REQUESTS.name), &times, Goal::More(most), &notes)
        })
        .collect()
}

/// Whether the last installation tells of the first mirror that it failed.
fn found_dead(ground: &PipGround) -> bool {
    let reports = ground.sandbox.report();
    let sources = reports.last().and_then(|report| report["sources"].as_array());
    sources.is_some_and(|all| all.iter().any(|source| source["name"] == NEAR && source["outcome"] != "ok"))
}

fn narrow(ground: &PipGround) {
    ground.upstream.web.rate(UPSTREAM * MBIT);
    ground.mirrors.iter().for_each(|(_, server)| server.web.rate(LINE * MBIT));
}

/// Plain pip from the near mirror, and ours, by turns.
fn compare(
    task: &Task,
    what: &str,
    goal: Goal,
    ground: &PipGround,
    wanted: Wanted,
    mut ours: impl FnMut() -> Trial,
) -> Row {
    let mut of_ours = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| ground.plain(NEAR, wanted),
        |_| {
            let trial = ours();
            of_ours = ground.requests();
            trial
        },
    );
    let size = ground.size(wanted);
    task.seconds(what, &times, goal, &format!("{size}; beside: plain pip from {NEAR}; requests for files: {of_ours}"))
}
