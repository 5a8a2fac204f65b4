//! One mirror or none, and no limits: `bulk`, `large`, `small`, `direct`, `warm`.

use std::time::Duration;

use mirror_tests::GitServer;

use super::{
    cost::{self, Cost},
    task::Task,
};
use crate::{
    ground::{BARE, Ground, Specimen, memory},
    measure::{Goal, Row, Series, Times, Trial},
};

/// The one mirror.
const MIRROR: &str = "near";
/// Both ways to clone.
const KINDS: &[(&str, &[&str])] = &[("bare", BARE), ("with checkout", &[])];
/// A round trip to a far server.
const LATENCY: Duration = Duration::from_millis(200);

/// From this size on a history is large, in bytes of its pack.
const LARGE: u64 = 200_000_000;
/// Memory that the helper may take, in MB.
const MEMORY: Goal = Goal::AtMost(300.0);

/// One healthy mirror, an empty store.
pub(crate) fn bulk(task: &Task, specimen: &Specimen) -> Vec<Row> {
    cold(task, specimen, KINDS)
}

/// The same with a large repository, which must be given.
pub(crate) fn large(task: &Task, specimen: &Specimen) -> Vec<Row> {
    if !specimen.is_given() {
        return vec![Row::failed(task.scenario, "needs --repository".to_owned())];
    }
    cold(task, specimen, &KINDS[..1])
}

/// What is to be reached: more is git's own work in a history that was not made.
fn goal(specimen: &Specimen) -> Goal {
    Goal::Ratio(match specimen.is_given() {
        false => 0.55,
        true if specimen.repository().pack_bytes() < LARGE => 0.60,
        true => 0.65,
    })
}

/// Cold clones from one mirror, what they cost it, and the memory they take. Who the mirror is may be remembered, as it is
/// by whoever clones for the second time.
fn cold(task: &Task, specimen: &Specimen, kinds: &[(&str, &[&str])]) -> Vec<Row> {
    let ground = Ground::of(specimen, &[MIRROR]);
    let url = ground.plain_url();
    let (mut rows, goal) = (Vec::new(), goal(specimen));
    for (kind, options) in kinds {
        let mut carried = String::new();
        let (mut cost, mut cost_plain) = (Cost::default(), Cost::default());
        let times = Times::by_turns(
            task.runs,
            |_| cost_plain.of(&ground, || ground.clone(&url, options)),
            |_| {
                ground.forget_store();
                let trial = cost.of(&ground, || ground.clone_ours(options));
                carried = ground.carried();
                trial.and_then(|seconds| by_mirrors(&ground, seconds))
            },
        );
        rows.push(task.seconds(kind, &times, goal, &format!("{}; {carried}", ground.size())));
        if *options == BARE {
            rows.push(cost::row(task, specimen.has_bitmaps(), cost_plain, cost));
            rows.push(otherwise(task, specimen));
        }
    }
    ground.forget_store();
    ground.count_anew();
    if let Some(peak) = memory::peak(&ground) {
        let mut peaks = Series::default();
        peaks.push(peak.and_then(|megabytes| by_mirrors(&ground, megabytes)));
        rows.push(task.values(
            "peak memory",
            "MB",
            &peaks,
            MEMORY,
            &format!("of git-remote-mirror; {}", ground.carried()),
        ));
    }
    rows
}

/// One pair where bitmaps are as they are not in the others, for what it costs. Ours knows no mirror yet.
fn otherwise(task: &Task, specimen: &Specimen) -> Row {
    let bitmaps = !specimen.has_bitmaps();
    let ground = Ground::serving(specimen.served(bitmaps), &[MIRROR]);
    let url = ground.plain_url();
    let beside = Cost::once(&ground, || ground.clone(&url, BARE));
    let ours = Cost::once(&ground, || ground.clone_ours(BARE));
    cost::row(task, bitmaps, beside, ours)
}

/// The value, if mirrors carried most of it. Upstream is as fast here, so a clone that gave up on the mirror and took
/// all from there looks good, and says nothing about what is measured.
fn by_mirrors(ground: &Ground, value: f64) -> Trial {
    if ground.fetched_from_mirrors() > ground.fetched() / 2 {
        Ok(value)
    } else {
        Err("went past the mirror".to_owned())
    }
}

/// A small repository behind long round trips.
pub(crate) fn small(task: &Task) -> Vec<Row> {
    let ground = Ground::small(MIRROR);
    ground.servers().for_each(|server| server.latency(LATENCY));
    let (origin, mirror) = (&ground.stage.origin, ground.server(MIRROR));
    let url = ground.plain_url();
    // So that the mirror is known, as it is to whoever uses it for the second time. If this fails, so do the others.
    let _ = ground.clone_ours(&[]);
    let mut requests = String::new();
    let times = Times::by_turns(
        task.runs,
        |_| {
            ground.servers().for_each(GitServer::forget_log);
            let seconds = ground.clone(&url, &[]);
            requests = format!("requests: git {}", mirror.log().len());
            seconds
        },
        |_| {
            ground.servers().for_each(GitServer::forget_log);
            ground.forget_store();
            ground.clone_ours(&[])
        },
    );
    let (upstream, mirror) = (origin.log().len(), mirror.log().len());
    let notes = format!("{requests}, ours {upstream} at upstream and {mirror} at the mirror");
    vec![task.seconds("clone, 200 ms", &times, Goal::More(LATENCY.as_secs_f64()), &notes)]
}

/// No mirror at all.
pub(crate) fn direct(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let ground = Ground::of(specimen, &[]);
    let url = ground.plain_url();
    let ours = |_| {
        ground.forget_store();
        ground.clone_ours(BARE)
    };
    let times = Times::by_turns(task.runs, |_| ground.clone(&url, BARE), ours);
    vec![task.seconds("bare, no mirror", &times, Goal::Ratio(1.03), &ground.size())]
}

/// Everything is in the store. Upstream has to be asked for refs, so a bare clone is held against `git ls-remote`; a
/// checkout would come on top of either.
pub(crate) fn warm(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let ground = Ground::of(specimen, &[MIRROR]);
    let mut filled = ground.clone_ours(BARE).map(drop);
    let times = Times::by_turns(
        task.runs,
        |_| ground.list_refs(),
        |_| {
            // A store that could not be filled would make the others cold.
            std::mem::replace(&mut filled, Ok(()))?;
            ground.clone_ours(BARE)
        },
    );
    let notes = format!("{}; beside: git ls-remote", ground.size());
    vec![task.seconds("bare, full store", &times, Goal::More(0.3), &notes)]
}
