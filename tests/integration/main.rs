//! Integration tests, one binary: each module's tests carry their claims in their names.
//!
//! How servers, faults and sandboxes are used stands in the package's README.

mod cargo_pin;
mod cargo_probe;
mod cargo_run;
mod cargo_panel;
mod cargo_setup;
mod cargo_setup_faults;
mod cargo_setup_real;
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
mod git_pin;
mod git_privacy;
mod git_probe;
mod git_push;
mod git_random;
mod git_setup;
mod git_trust;
mod house;
mod git_signers;
mod lies;
mod git_slices;
mod git_store;
mod git_update;
mod git_ways;
#[cfg(unix)]
mod pip_conf;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod pip_configuration;
#[cfg(unix)]
mod pip_grammar;
#[cfg(unix)]
mod pip_path;
#[cfg(unix)]
mod pip_cause;
#[cfg(target_os = "linux")]
mod pip_ends;
#[cfg(unix)]
mod pip_pages;
#[cfg(unix)]
mod pip_pin;
#[cfg(unix)]
mod pip_proxy;
#[cfg(unix)]
mod pip_relay;
#[cfg(unix)]
mod pip_setup;
#[cfg(unix)]
mod pip_setup_stage;
#[cfg(unix)]
mod pip_shim;
#[cfg(unix)]
mod pip_stage;
#[cfg(unix)]
mod pip_world;
mod random_scenario;
mod registry_self;
#[cfg(target_os = "linux")]
mod planted;
#[cfg(target_os = "linux")]
mod git_secrets;
#[cfg(target_os = "linux")]
mod secrets;
mod signed_list;
mod simple_self;
mod support_self;
mod trust_patterns;
mod tls;
mod twins;
