//! What a scenario is told, and how it writes its rows.

use crate::measure::{Goal, Row, Series, Times};

/// What a scenario is told.
pub(crate) struct Task {
    pub(crate) scenario: &'static str,
    pub(crate) runs: usize,
}

impl Task {
    /// A row that compares seconds.
    pub(crate) fn seconds(&self, what: &str, times: &Times, goal: impl Into<Option<Goal>>, notes: &str) -> Row {
        self.compared(what, "s", times, goal, notes)
    }

    /// The same in milliseconds.
    pub(crate) fn milliseconds(&self, what: &str, times: &Times, goal: impl Into<Option<Goal>>, notes: &str) -> Row {
        let [ours, beside] = [&times.ours, &times.beside].map(|side| side.median().map(|seconds| seconds * 1e3));
        let notes = join(notes, &times.spread(1e3));
        Row { unit: "ms", ours, beside, goal: goal.into(), ..self.row(what, notes) }
    }

    /// A row that compares both sides' values.
    pub(crate) fn compared(
        &self,
        what: &str,
        unit: &'static str,
        times: &Times,
        goal: impl Into<Option<Goal>>,
        notes: &str,
    ) -> Row {
        let notes = join(notes, &times.spread(1.0));
        let (ours, beside) = (times.ours.median(), times.beside.median());
        Row { unit, ours, beside, goal: goal.into(), ..self.row(what, notes) }
    }

    /// A row about values of ours alone.
    pub(crate) fn values(
        &self,
        what: &str,
        unit: &'static str,
        values: &Series,
        goal: impl Into<Option<Goal>>,
        notes: &str,
    ) -> Row {
        let mut notes = join(notes, &values.range(1.0));
        if let Some(why) = values.failure() {
            notes += &format!("; {why}");
        }
        Row { unit, ours: values.median(), goal: goal.into(), ..self.row(what, notes) }
    }

    fn row(&self, what: &str, notes: String) -> Row {
        Row { what: what.to_owned(), ..Row::failed(self.scenario, notes) }
    }
}

fn join(notes: &str, range: &str) -> String {
    if notes.is_empty() { range.to_owned() } else { format!("{notes}; {range}") }
}
