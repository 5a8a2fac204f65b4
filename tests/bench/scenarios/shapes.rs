//! Histories that are hard to share among mirrors, made for that: `shapes`.

use super::{
    lines::UNEVEN,
    race::{Lines, race},
    task::Task,
};
use crate::{
    ground::Specimen,
    measure::{Goal, Row},
};

/// Three good lines, in Mbit/s; and three that are slow.
const GOOD: Lines = &[("ash", 40), ("birch", 40), ("cedar", 40)];
const SLOW: Lines = &[("ash", 4), ("birch", 6), ("cedar", 3)];
/// Where each shape is measured, and what is to be reached.
const SHAPES: &[(&str, Lines, Goal)] = &[
    ("tagless", GOOD, Goal::Ratio(0.42)),
    ("pictures", SLOW, Goal::Ratio(0.50)),
    ("snapshot", GOOD, Goal::Wish(0.50)),
    ("tags", GOOD, Goal::Wish(0.50)),
    ("orphans", GOOD, Goal::Wish(0.50)),
];

/// All mirrors together against plain git from the best one.
pub(crate) fn shapes(task: &Task, specimen: &Specimen) -> Vec<Row> {
    let (lines, goal) = place(specimen);
    let speeds: Vec<String> = lines.iter().map(|(_, line)| line.to_string()).collect();
    race(task, specimen, lines, &format!("bare, {} Mbit/s", speeds.join("+")), goal)
}

/// The lines that a history is measured on, whether it is one of the shapes or not.
pub(super) fn lines_of(specimen: &Specimen) -> Lines {
    if SHAPES.iter().any(|(name, ..)| *name == specimen.name) { place(specimen).0 } else { UNEVEN }
}

fn place(specimen: &Specimen) -> (Lines, Goal) {
    let found = SHAPES.iter().find(|(name, ..)| *name == specimen.name);
    let (_, lines, goal) = found.expect("each shape has its place");
    (lines, *goal)
}
