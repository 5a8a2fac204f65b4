//! One mirror or none, and no limits: `bulk`, `large`, `small`, `direct`, `warm`.

use std::time::Duration;

use mirror_tests::GitServer;

use super::task::Task;
use crate::{
    ground::{BARE, Ground, memory},
    measure::{Goal, Row, Series, Times, Trial},
};

/// The one mirror.
const MIRROR: &str = "near";
/// Both ways to clone.
const KINDS: &[(&str, &[&str])] = &[("bare", BARE), ("with checkout", &[])];
/// A round trip to a far server.
const LATENCY: Duration = Duration::from_millis(200);

/// One healthy mirror, an empty store.
pub(crate) fn bulk(task: &Task<'_>) -> Vec<Row> {
    cold(task, KINDS, Goal::Ratio(0.90), Goal::Below(300.0))
}

/// The same with a large repository, which must be given.
pub(crate) fn large(task: &Task<'_>) -> Vec<Row> {
    if !task.material.is_given() {
        return vec![Row::failed(task.scenario, "needs --repository".to_owned())];
    }
    cold(task, &KINDS[..1], Goal::Ratio(0.85), Goal::Below(400.0))
}

/// Cold clones from one mirror, and the memory they take. Who the mirror is may be remembered, as it is by whoever
/// clones for the second time.
fn cold(task: &Task<'_>, kinds: &[(&str, &[&str])], seconds: Goal, memory: Goal) -> Vec<Row> {
    let ground = Ground::bulky(task.material, &[MIRROR]);
    let url = ground.plain_url();
    let compare = |(kind, options): &(&str, &[&str])| {
        let mut carried = String::new();
        let times = Times::by_turns(
            task.runs,
            |_| ground.clone(&url, options),
            |_| {
                ground.forget_store();
                ground.count_anew();
                let trial = ground.clone_ours(options);
                carried = ground.carried();
                trial.and_then(|seconds| by_mirrors(&ground, seconds))
            },
        );
        task.seconds(kind, &times, seconds, &format!("{}; {carried}", ground.size()))
    };
    let mut rows: Vec<Row> = kinds.iter().map(compare).collect();
    ground.forget_store();
    ground.count_anew();
    if let Some(peak) = memory::peak(&ground) {
        let mut peaks = Series::default();
        peaks.push(peak.and_then(|megabytes| by_mirrors(&ground, megabytes)));
        rows.push(task.values(
            "peak memory",
            "MB",
            &peaks,
            memory,
            &format!("of git-remote-mirror; {}", ground.carried()),
        ));
    }
    rows
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
pub(crate) fn small(task: &Task<'_>) -> Vec<Row> {
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
pub(crate) fn direct(task: &Task<'_>) -> Vec<Row> {
    let ground = Ground::bulky(task.material, &[]);
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
pub(crate) fn warm(task: &Task<'_>) -> Vec<Row> {
    let ground = Ground::bulky(task.material, &[MIRROR]);
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
