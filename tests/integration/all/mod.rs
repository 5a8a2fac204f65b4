//! What holds for every tool, and what tests of several tools share.

mod fixtures;
mod twins;
#[cfg(target_os = "linux")]
mod planted;
mod random_scenario;
mod tls;
mod kept_connections;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod crash_steps;
mod signed_list;
mod lies;
mod long_files;
mod trust_patterns;

pub(crate) use fixtures::Fixture;
#[cfg(target_os = "linux")]
pub(crate) use limits::{assert_modest, measured};
#[cfg(target_os = "linux")]
pub(crate) use planted::{Planted, canary, mirrors};
pub(crate) use random_scenario::Scenario;
pub(crate) use twins::Twins;
