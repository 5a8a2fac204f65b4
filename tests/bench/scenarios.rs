//! The list of what can be measured, and when it is.

use crate::{
    broken, crates, crowd, dead_mirror, lines,
    material::Material,
    measure::{Series, Times},
    pip_installs, pip_start, plain, stale,
    start::{STARTS, starts},
    status,
    table::{Goal, Row},
    uneven, verify,
};

/// When a scenario is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Unless others are named.
    Always,
    /// It takes long: when everything is to be measured, or it is named.
    Everything,
    /// When it is named.
    Named,
}

/// A scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    pub(crate) when: When,
    measure: fn(&Task<'_>) -> Vec<Row>,
}

/// All of them, in the order in which they are measured.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "bulk", when: When::Always, measure: plain::bulk },
    Scenario { name: "small", when: When::Always, measure: plain::small },
    Scenario { name: "direct", when: When::Always, measure: plain::direct },
    Scenario { name: "start", when: When::Always, measure: start },
    Scenario { name: "warm", when: When::Always, measure: plain::warm },
    Scenario { name: "lines", when: When::Always, measure: lines::lines },
    Scenario { name: "silent", when: When::Always, measure: lines::silent },
    Scenario { name: "stale", when: When::Always, measure: stale::stale },
    Scenario { name: "crates", when: When::Always, measure: crates::crates },
    Scenario { name: "crates-lines", when: When::Always, measure: crates::lines },
    Scenario { name: "crates-warm", when: When::Always, measure: crates::warm },
    Scenario { name: "dead-mirror", when: When::Always, measure: dead_mirror::dead_mirror },
    Scenario { name: "status", when: When::Always, measure: status::status },
    Scenario { name: "verify", when: When::Always, measure: verify::verify },
    Scenario { name: "pip", when: When::Always, measure: pip_installs::cold },
    Scenario { name: "pip-lines", when: When::Always, measure: pip_installs::lines },
    Scenario { name: "pip-warm", when: When::Always, measure: pip_installs::warm },
    Scenario { name: "pip-dead", when: When::Always, measure: pip_installs::dead },
    Scenario { name: "pip-start", when: When::Always, measure: pip_start::start },
    Scenario { name: "killed", when: When::Everything, measure: broken::killed },
    Scenario { name: "dead", when: When::Everything, measure: broken::dead },
    Scenario { name: "capped", when: When::Everything, measure: uneven::capped },
    Scenario { name: "drip", when: When::Everything, measure: uneven::drip },
    Scenario { name: "together", when: When::Everything, measure: crowd::together },
    Scenario { name: "large", when: When::Named, measure: plain::large },
];

impl Scenario {
    /// The scenario of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// Measures it.
    pub(crate) fn measure(&self, runs: usize, material: &Material) -> Vec<Row> {
        (self.measure)(&Task { scenario: self.name, runs, material })
    }
}

/// What a scenario is told, and how it writes its rows.
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

fn start(task: &Task<'_>) -> Vec<Row> {
    let times = starts(STARTS);
    vec![Row {
        scenario: task.scenario,
        what: "to the first byte".to_owned(),
        unit: "ms",
        ours: times.ours.median().map(|seconds| seconds * 1e3),
        beside: times.beside.median().map(|seconds| seconds * 1e3),
        goal: Some(Goal::Below(10.0)),
        notes: format!("{STARTS} starts; {}", times.spread(1e3)),
    }]
}
