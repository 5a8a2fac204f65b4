//! What can be measured, and the list of it.

mod task;
mod start;
mod cost;
mod plain;
mod race;
mod lines;
mod shapes;
mod broken;
mod orphaned;
mod crowd;
mod stale;
mod uneven;
mod crates;
mod dead_mirror;
mod status;
mod verify;
mod pip_installs;
mod pip_start;
mod list;

pub(crate) use list::{ALL, Scenario, When};
