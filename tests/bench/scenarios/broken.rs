//! Clones broken off and made again, by how much is fetched twice: `killed`, `dead`.
//!
//! Counted is what both runs were sent, less what one undisturbed cold clone of ours is sent. Before each pair nothing
//! is remembered.

use mirror_tests::GitServer;

use super::{lines, task::Task};
use crate::{
    ground::{BARE, End, Ground},
    measure::{Goal, Row, Series, Trial},
};

/// Percent of the pack after which a clone is killed.
const KILLS: &[u64] = &[10, 50, 90];
/// Percent of the pack after which nobody answers any more.
const DEATH: u64 = 60;
/// The most that may be fetched again, in percent of the pack.
const GOAL: Goal = Goal::AtMost(15.0);

/// git and helper are killed with -9, and the clone is made again.
pub(crate) fn killed(task: &Task<'_>) -> Vec<Row> {
    let (ground, pack) = lines::ground(task.material);
    let cold = cold(&ground);
    let row = |percent: &u64| {
        let mut again = Series::default();
        let pair = || {
            let limit = pack * percent / 100;
            let broken = |ground: &Ground| match ground.watch_ours(|_| ground.fetched() >= limit) {
                End::Killed => Ok(()),
                End::Whole(_) => Err("it ended before it could be killed".to_owned()),
                other => other.whole().map(drop),
            };
            fetched_again(&ground, pack, cold.clone(), broken)
        };
        let _ = (0..task.runs).all(|_| again.push(pair()));
        task.values(&format!("again, at {percent} %"), "%", &again, GOAL, &ground.size())
    };
    KILLS.iter().map(row).collect()
}

/// Everyone falls silent, as when the user's own line breaks. The clone has to give up by itself.
pub(crate) fn dead(task: &Task<'_>) -> Vec<Row> {
    let (ground, pack) = lines::ground(task.material);
    let cold = cold(&ground);
    let (mut again, mut waits) = (Series::default(), Series::default());
    let mut pair = || {
        let broken = |ground: &Ground| {
            let mut since = None;
            let end = ground.watch_ours(|at| {
                if since.is_none() && ground.fetched() >= pack * DEATH / 100 {
                    ground.servers().for_each(GitServer::fall_silent);
                    since = Some(at.as_secs_f64());
                }
                false
            });
            ground.servers().for_each(GitServer::heal);
            match (end, since) {
                (End::Failed(seconds, _), Some(since)) => {
                    waits.push(Ok(seconds - since));
                    Ok(())
                }
                (End::Whole(_), _) => Err("it succeeded without anybody".to_owned()),
                (other, _) => other.whole().map(drop),
            }
        };
        fetched_again(&ground, pack, cold.clone(), broken)
    };
    let _ = (0..task.runs).all(|_| again.push(pair()));
    let notes = format!("{}; gave up after s: {}", ground.size(), waits.range(1.0));
    vec![task.values(&format!("again, at {DEATH} %"), "%", &again, GOAL, &notes)]
}

/// The bytes of packs of one undisturbed clone.
fn cold(ground: &Ground) -> Trial {
    ground.stage.forget();
    ground.count_anew();
    ground.clone_ours(BARE).map_err(|why| format!("undisturbed, {why}"))?;
    Ok(ground.fetched() as f64)
}

/// A broken clone and a whole one, in percent of the pack that both are sent beyond a cold one.
fn fetched_again(ground: &Ground, pack: u64, cold: Trial, broken: impl FnOnce(&Ground) -> Result<(), String>) -> Trial {
    let cold = cold?;
    ground.stage.forget();
    ground.count_anew();
    broken(ground)?;
    ground.settle();
    ground.clone_ours(BARE).map_err(|why| format!("made again, {why}"))?;
    Ok((ground.fetched() as f64 - cold) / pack as f64 * 100.0)
}
