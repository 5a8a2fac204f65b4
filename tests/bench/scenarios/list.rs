//! The list of what can be measured, and when it is.

use super::{
    broken, crates, crowd, dead_mirror, lines, pip_installs, pip_start, plain, stale, start, status, task::Task,
    uneven, verify,
};
use crate::{ground::Material, measure::Row};

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
    Scenario { name: "start", when: When::Always, measure: start::start },
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
