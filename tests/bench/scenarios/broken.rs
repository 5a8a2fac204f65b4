//! Clones broken off and made again, by how much is fetched twice: `killed`, `dead`.
//!
//! Before each pair nothing is remembered.

use mirror_tests::GitServer;

use super::{lines::UNEVEN, race, shapes, task::Task};
use crate::{
    ground::{BARE, End, Ground, Specimen},
    measure::{Goal, Row, Series, Trial},
};

/// Percent of the pack after which a clone is killed.
const KILLS: &[u64] = &[10, 50, 90];
/// Percent of the pack after which nobody answers any more.
const DEATH: u64 = 60;
/// Percent of the pack after which all connections are cut once.
const CUT: u64 = 90;
/// The most that may be fetched in all, in packs.
const IN_ALL: Goal = Goal::AtMost(1.10);
/// The most that may be fetched again, in percent of the pack.
const AGAIN: Goal = Goal::AtMost(15.0);

/// git and helper are killed with -9, and the clone is made again: what both are sent, in full packs. And the same of a
/// clone that goes on by itself when all its connections are cut at once.
pub(crate) fn killed(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (ground, pack) = race::ground(specimen.repository(), shapes::lines_of(specimen));
    let row = |what: String, run: &dyn Fn() -> Result<(), String>| {
        let (mut packs, mut carried) = (Series::default(), String::new());
        let mut sent = || {
            ground.stage.forget();
            ground.count_anew();
            run()?;
            carried = ground.carried();
            Ok(ground.fetched() as f64 / pack as f64)
        };
        let _ = (0..task.runs).all(|_| packs.push(sent()));
        task.values(&what, "packs", &packs, IN_ALL, &format!("{}; {carried}", ground.size()))
    };
    let killed = |percent: &u64| {
        let limit = pack * percent / 100;
        row(format!("killed at {percent} %, and again"), &|| {
            match ground.watch_ours(|_| ground.fetched() >= limit) {
                End::Killed => {}
                End::Whole(_) => return Err("it ended before it could be killed".to_owned()),
                other => return other.whole().map(drop),
            }
            ground.settle();
            ground.clone_ours(BARE).map(drop).map_err(|why| format!("made again, {why}"))
        })
    };
    let mut rows: Vec<Row> = KILLS.iter().map(killed).collect();
    rows.push(row(format!("cut at {CUT} %"), &|| {
        let mut cut = false;
        let end = ground.watch_ours(|_| {
            if !cut && ground.fetched() >= pack * CUT / 100 {
                cut = true;
                ground.servers().for_each(GitServer::hang_up);
            }
            false
        });
        end.whole().and_then(|_| if cut { Ok(()) } else { Err("it ended before it could be cut".to_owned()) })
    }));
    rows
}

/// Everyone falls silent, as when the user's own line breaks. The clone has to give up by itself. Counted is what it and the
/// next one are sent, less what one undisturbed cold clone is sent.
pub(crate) fn dead(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (ground, pack) = race::ground(specimen.repository(), UNEVEN);
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
    vec![task.values(&format!("again, at {DEATH} %"), "%", &again, AGAIN, &notes)]
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
