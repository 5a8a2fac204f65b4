//! Mirrors that lag behind, and an upstream with a slow line: `stale`.

use mirror_tests::{GitServer, NAME, StageMirror};

use super::task::Task;
use crate::{
    ground::{BARE, Ground, MBIT, Specimen, megabytes, sandbox},
    measure::{Goal, Row, Series, Trial},
};

/// The mirrors, and how many days they are behind. The freshest has the least of upstream's load.
const BEHIND: &[(&str, u64)] = &[("monthly", 30), ("quarterly", 91), ("yearly", 365)];
/// The freshest of them.
const FRESHEST: &str = "monthly";
/// Upstream's line in Mbit/s.
const UPSTREAM: u64 = 10;

/// What stale mirrors have need not come from upstream, and nothing comes twice. The store is forgotten; who lags is
/// remembered from the second run on.
pub(crate) fn stale(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let copies = sandbox();
    let mirror = |(name, days): &(&str, u64)| {
        let copy = specimen.repository().copy_to(copies.path(name));
        copy.go_back(*days);
        StageMirror::new(name, copy, GitServer::start(copies.path(name)))
    };
    let ground = Ground::with_mirrors(specimen.repository(), BEHIND.iter().map(mirror).collect());
    let pack = ground.full_pack();
    let difference = difference(&ground);
    ground.stage.origin.rate(UPSTREAM * MBIT);
    let (mut all, mut upstreams) = (Series::default(), Series::default());
    let (mut carried, mut seconds) = (String::new(), Series::default());
    let mut run = || {
        ground.forget_store();
        ground.count_anew();
        let trial = ground.clone_ours(BARE);
        carried = ground.carried();
        upstreams.push(trial.clone().map(|_| ground.stage.origin.fetched() as f64 / 1e6));
        seconds.push(trial.clone());
        all.push(trial.map(|_| ground.sent() as f64 / pack as f64 * 100.0))
    };
    let _ = (0..task.runs).all(|_| run());
    let notes = format!("pack {}; {carried}; {} s", megabytes(pack), seconds.range(1.0));
    let upstream = task.values("upstream's bytes", "MB", &upstreams, Goal::Ratio(1.2), "beside: plain update");
    vec![
        task.values("bytes of everyone", "%", &all, Goal::AtMost(105.0), &notes),
        Row { beside: difference.ok().map(|bytes| bytes / 1e6), ..upstream },
    ]
}

/// The bytes of packs that plain git fetches from upstream when it has what the freshest mirror has.
fn difference(ground: &Ground) -> Trial {
    let sandbox = &ground.stage.sandbox;
    let url = ground.server(FRESHEST).repo_url(NAME);
    sandbox.git(["clone", "-q", "--bare", &url, "behind"]).ok();
    ground.count_anew();
    let all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
    let fetch = ["fetch", "-q", &ground.stage.origin.repo_url(NAME)];
    sandbox.git_in(ground.stage.work("behind"), fetch.iter().chain(&all)).ok();
    Ok(ground.stage.origin.fetched() as f64)
}
