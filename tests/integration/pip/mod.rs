//! pip through the shim and its relay, and what `cargo mirror` does for pip.

mod stage;
mod shim;
mod path;
pub(crate) mod world;
mod grammar;
#[cfg(target_os = "linux")]
mod configuration;
mod cause;
#[cfg(target_os = "linux")]
mod ends;
mod pages;
mod odd_names;
mod pin;
mod proxy;
mod outward;
mod silent;
mod relay;
mod setup_stage;
mod openings;
mod setup;
mod conf;
