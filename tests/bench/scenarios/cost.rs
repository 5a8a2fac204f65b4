//! What clones cost: the CPU time of git behind all servers, and how often each was asked for a pack; and their own CPU time.

use super::task::Task;
use crate::{
    ground::Ground,
    measure::{Row, Series, Times, Trial},
};

/// The costs of one side's clones.
#[derive(Debug, Default)]
pub(super) struct Cost {
    servers: Series,
    clients: Series,
    asked: String,
}

impl Cost {
    /// Runs a clone, and notes what it costs.
    pub(super) fn of(&mut self, ground: &Ground, clone: impl FnOnce() -> Trial) -> Trial {
        ground.count_anew();
        let trial = clone();
        // Servers may still have to notice that a connection is not wanted any more.
        ground.settle();
        self.servers.push(trial.clone().map(|_| ground.cpu()));
        self.clients.push(trial.clone().map(|_| ground.clients_cpu()));
        self.asked = ground.asked();
        trial
    }

    /// One clone's costs.
    pub(super) fn once(ground: &Ground, clone: impl FnOnce() -> Trial) -> Self {
        let mut cost = Self::default();
        let _ = cost.of(ground, clone);
        cost
    }
}

/// The row about both sides' costs, where servers have bitmaps or have none.
pub(super) fn row(task: &Task, bitmaps: bool, beside: Cost, ours: Cost) -> Row {
    let what = if bitmaps { "served, bitmaps" } else { "served, no bitmaps" };
    let notes = format!("requests for packs, git's: {}; ours: {}", beside.asked, ours.asked);
    let own = Times { ours: ours.clients, beside: beside.clients };
    let notes = format!("{notes}; the clones' own CPU s: {}", own.spread(1.0));
    task.compared(what, "CPU s", &Times { ours: ours.servers, beside: beside.servers }, None, &notes)
}
