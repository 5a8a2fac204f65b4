//! Integration tests, one binary: each module's tests carry their claims in their names.
//!
//! How servers, faults and sandboxes are used stands in the package's README.

mod cargo_probe;
mod cargo_run;
mod cargo_setup;
mod cargo_verify;
#[cfg(target_os = "linux")]
mod crash_steps;
mod git_cache;
mod git_clone;
mod git_crash;
mod git_exhausted;
mod git_faults;
mod git_hostile;
mod git_killed;
mod git_ops;
mod git_privacy;
mod git_probe;
mod git_push;
mod git_random;
mod git_setup;
mod git_trust;
mod house;
mod git_slices;
mod git_store;
mod git_update;
mod git_ways;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod pip_configuration;
mod pip_grammar;
#[cfg(unix)]
mod pip_path;
mod pip_relay;
#[cfg(unix)]
mod pip_shim;
#[cfg(unix)]
mod pip_stage;
mod random_scenario;
mod registry_self;
#[cfg(target_os = "linux")]
mod secrets;
mod simple_self;
mod support_self;
mod twins;
