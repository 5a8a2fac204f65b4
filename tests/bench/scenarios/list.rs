//! The list of what can be measured, and when it is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    broken, crates, crowd, dead_mirror, lines, orphaned, pip_installs, pip_start, plain, shapes, stale, start, status,
    task::Task, uneven, verify,
};
use crate::{
    ground::{Material, Specimen},
    measure::Row,
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
    measure: Measure,
}

/// How it is measured, and on what.
#[derive(Debug, Clone, Copy)]
enum Measure {
    /// Once, on what it makes itself.
    Once(fn(&Task) -> Vec<Row>),
    /// On each history of these kinds.
    On(&'static [Kind], fn(&Task, &Specimen) -> Vec<Row>),
}

/// Kinds of histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Those that were given, or else the made one.
    Chosen,
    /// Those made for their shape.
    Shape,
}

use Measure::{On, Once};

const CHOSEN: &[Kind] = &[Kind::Chosen];
const SHAPES: &[Kind] = &[Kind::Shape];
const ALL_KINDS: &[Kind] = &[Kind::Chosen, Kind::Shape];

/// All of them, in the order in which they are measured.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "bulk", when: When::Always, measure: On(CHOSEN, plain::bulk) },
    Scenario { name: "small", when: When::Always, measure: Once(plain::small) },
    Scenario { name: "direct", when: When::Always, measure: On(CHOSEN, plain::direct) },
    Scenario { name: "start", when: When::Always, measure: Once(start::start) },
    Scenario { name: "warm", when: When::Always, measure: On(CHOSEN, plain::warm) },
    Scenario { name: "lines", when: When::Always, measure: On(CHOSEN, lines::lines) },
    Scenario { name: "shapes", when: When::Always, measure: On(SHAPES, shapes::shapes) },
    Scenario { name: "silent", when: When::Always, measure: On(CHOSEN, lines::silent) },
    Scenario { name: "stale", when: When::Always, measure: On(CHOSEN, stale::stale) },
    Scenario { name: "gone", when: When::Always, measure: On(CHOSEN, orphaned::gone) },
    Scenario { name: "crates", when: When::Always, measure: Once(crates::crates) },
    Scenario { name: "crates-lines", when: When::Always, measure: Once(crates::lines) },
    Scenario { name: "crates-warm", when: When::Always, measure: Once(crates::warm) },
    Scenario { name: "dead-mirror", when: When::Always, measure: Once(dead_mirror::dead_mirror) },
    Scenario { name: "crates-silent", when: When::Always, measure: Once(dead_mirror::silent_upstream) },
    Scenario { name: "status", when: When::Always, measure: Once(status::status) },
    Scenario { name: "verify", when: When::Always, measure: Once(verify::verify) },
    Scenario { name: "pip", when: When::Always, measure: Once(pip_installs::cold) },
    Scenario { name: "pip-lines", when: When::Always, measure: Once(pip_installs::lines) },
    Scenario { name: "pip-warm", when: When::Always, measure: Once(pip_installs::warm) },
    Scenario { name: "pip-dead", when: When::Always, measure: Once(pip_installs::dead) },
    Scenario { name: "pip-silent", when: When::Always, measure: Once(pip_installs::silent_upstream) },
    Scenario { name: "pip-start", when: When::Always, measure: Once(pip_start::start) },
    Scenario { name: "killed", when: When::Everything, measure: On(ALL_KINDS, broken::killed) },
    Scenario { name: "dead", when: When::Everything, measure: On(CHOSEN, broken::dead) },
    Scenario { name: "capped", when: When::Everything, measure: On(CHOSEN, uneven::capped) },
    Scenario { name: "drip", when: When::Everything, measure: On(CHOSEN, uneven::drip) },
    Scenario { name: "fading", when: When::Everything, measure: On(CHOSEN, lines::fading) },
    Scenario { name: "together", when: When::Everything, measure: On(CHOSEN, crowd::together) },
    Scenario { name: "large", when: When::Named, measure: On(CHOSEN, plain::large) },
];

impl Scenario {
    /// The scenario of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// Measures it. `tell` gets the rows of each history as soon as they are there.
    pub(crate) fn measure(&self, runs: usize, material: &Material, mut tell: impl FnMut(Vec<Row>)) {
        let task = Task { scenario: self.name, runs };
        match self.measure {
            Once(measure) => tell(self.caught(|| measure(&task))),
            On(kinds, measure) => {
                let of = |kind: &Kind| match kind {
                    Kind::Chosen => material.chosen(),
                    Kind::Shape => material.shapes(),
                };
                for specimen in kinds.iter().flat_map(of) {
                    let rows = self.caught(|| measure(&task, specimen)).into_iter();
                    tell(rows.map(|row| Row { history: specimen.name.clone(), ..row }).collect());
                }
            }
        }
    }

    /// The support panics when servers or plain git fail; what else there is to measure is not to be lost with it.
    fn caught(&self, measure: impl FnOnce() -> Vec<Row>) -> Vec<Row> {
        let measured = catch_unwind(AssertUnwindSafe(measure));
        measured.unwrap_or_else(|_| vec![Row::failed(self.name, "panicked, see above".to_owned())])
    }
}
