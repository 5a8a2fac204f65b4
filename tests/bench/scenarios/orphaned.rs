//! git alone is killed, as by a user who is out of patience: `gone`.

use mirror_tests::NAME;

use super::{lines::UNEVEN, race, task::Task};
use crate::{
    ground::Specimen,
    measure::{Goal, Row, Series, Times, Trial},
};

/// Percent of the pack after which git is killed.
const KILL: u64 = 50;

/// How long helper and its children live on without git, beside those of plain git from the best mirror; and what all are
/// still sent. The store is forgotten, who is fast is not.
pub(crate) fn gone(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (ground, pack) = race::ground(specimen.repository(), UNEVEN);
    let url = ground.server(race::best(UNEVEN)).repo_url(NAME);
    let (mut sent, mut sent_plain) = (Series::default(), Series::default());
    let run = |url: Option<&str>, sent: &mut Series| -> Trial {
        let orphaned = ground.orphan(url, pack * KILL / 100);
        sent.push(orphaned.as_ref().map(|left| left.bytes as f64 / 1e6).map_err(String::clone));
        orphaned.map(|left| left.seconds)
    };
    let times = Times::by_turns(
        task.runs,
        |_| run(Some(&url), &mut sent_plain),
        |_| {
            ground.forget_store();
            run(None, &mut sent)
        },
    );
    let notes = format!("{}, git killed at {KILL} %; beside: plain git's", ground.size());
    let sent = Times { ours: sent, beside: sent_plain };
    vec![
        task.seconds("until nobody is left", &times, Goal::AtMost(1.0), &notes),
        task.compared("sent after that", "MB", &sent, None, "of everything, from the kill on"),
    ]
}
