//! git through `mirror::`, and what `cargo mirror` does for git.

mod clone;
mod ops;
mod update;
mod push;
mod ways;
mod names;
#[cfg(target_os = "linux")]
mod bytes;
mod probe;
mod privacy;
mod hostile;
mod faults;
mod exhausted;
mod killed;
mod gone;
mod crash;
mod random;
mod slices;
mod crawl;
mod store;
mod damage;
mod by_name;
mod cache;
mod trust;
mod seen;
mod signers;
mod pin;
mod setup;
#[cfg(target_os = "linux")]
mod secrets;

pub(crate) use setup::{TRANSPARENT, World};
