//! `cargo mirror run -- fetch` of more than a hundred locked crates beside plain cargo: `crates`, `crates-lines`,
//! `crates-warm`.
//!
//! cargo speaks HTTP/1.1 with the servers here, over two connections at a time, and HTTP/2 with the relay. Unpacking is a
//! part of both sides, and the same.

use super::{race::UPSTREAM, task::Task};
use crate::{
    ground::{CrateGround, MBIT},
    measure::{Goal, Row, Times, Trial},
};

/// The mirror that plain cargo fetches from, and the others.
const NEAR: &str = "ash";
const OTHERS: &[&str] = &["birch", "cedar"];
/// A mirror's line in Mbit/s, where lines are narrow.
const LINE: u64 = 20;

/// One healthy mirror, nothing in the relay's cache. Who the mirror is may be remembered.
pub(crate) fn crates(task: &Task) -> Vec<Row> {
    let ground = CrateGround::new(&[NEAR]);
    vec![compare(task, "cold, one mirror", Goal::Ratio(1.0), &ground, || cold(&ground))]
}

/// Three mirrors with narrow lines against one of them. Who is fast is remembered from the second run on.
pub(crate) fn lines(task: &Task) -> Vec<Row> {
    let ground = CrateGround::new(&[&[NEAR], OTHERS].concat());
    narrow(&ground);
    vec![compare(task, "cold, three lines of 20 Mbit/s", Goal::Ratio(0.37), &ground, || cold(&ground))]
}

/// Another project has fetched the same before: everything is in the relay's cache, nothing in cargo's home. Against
/// plain cargo over a narrow line, for without one nothing could be saved.
pub(crate) fn warm(task: &Task) -> Vec<Row> {
    let ground = CrateGround::new(&[NEAR]);
    let mut filled = ground.ours().map(drop);
    narrow(&ground);
    let ours = || {
        // A cache that could not be filled would make the others cold.
        std::mem::replace(&mut filled, Ok(()))?;
        ground.count_anew();
        let seconds = ground.ours()?;
        match ground.files() {
            (0, 0) => Ok(seconds),
            (upstream, mirrors) => Err(format!("fetched {} files again", upstream + mirrors)),
        }
    };
    vec![compare(task, "full cache, line of 20 Mbit/s", Goal::Ratio(0.5), &ground, ours)]
}

fn narrow(ground: &CrateGround) {
    ground.stage.upstream.web.rate(UPSTREAM * MBIT);
    ground.stage.mirrors.iter().for_each(|mirror| mirror.server.web.rate(LINE * MBIT));
}

fn cold(ground: &CrateGround) -> Trial {
    ground.forget_cache();
    ground.count_anew();
    ground.ours().and_then(|seconds| ground.by_mirrors(seconds))
}

/// Plain cargo from the near mirror, and ours, by turns.
fn compare(task: &Task, what: &str, goal: Goal, ground: &CrateGround, mut ours: impl FnMut() -> Trial) -> Row {
    let (mut cargos, mut of_ours) = (String::new(), String::new());
    let times = Times::by_turns(
        task.runs,
        |_| {
            ground.count_anew();
            let trial = ground.plain(NEAR);
            cargos = ground.requests();
            trial
        },
        |_| {
            let trial = ours();
            of_ours = ground.requests();
            trial
        },
    );
    let size = ground.size();
    let notes = format!("{size}; beside: plain cargo from {NEAR}; requests, index+files: {cargos}, ours {of_ours}");
    task.seconds(what, &times, goal, &notes)
}
