//! What a scenario is told, and how it writes its rows.

use crate::{
    ground::Material,
    measure::{Goal, Row, Series, Times},
};

/// What a scenario is told.
pub(crate) struct Task<'a> {
    pub(crate) scenario: &'static str,
    pub(crate) runs: usize,
    pub(crate) material: &'a Material,
}

impl Task<'_> {
    /// A row that compares seconds.
    pub(crate) fn seconds(&self, what: &str, times: &Times, goal: Goal, notes: &str) -> Row {
        let (ours, beside) = (times.ours.median(), times.beside.median());
        let notes = format!("{notes}; {}", times.spread(1.0));
        Row { scenario: self.scenario, what: what.to_owned(), unit: "s", ours, beside, goal: Some(goal), notes }
    }

    /// A row about values of ours alone.
    pub(crate) fn values(&self, what: &str, unit: &'static str, values: &Series, goal: Goal, notes: &str) -> Row {
        let mut notes = format!("{notes}; {}", values.range(1.0));
        if let Some(why) = values.failure() {
            notes += &format!("; {why}");
        }
        let (ours, goal) = (values.median(), Some(goal));
        Row { scenario: self.scenario, what: what.to_owned(), unit, ours, beside: None, goal, notes }
    }
}
