//! git through `mirror::`, and what `cargo mirror` does for git.

#[cfg(unix)]
mod arrives;
mod clone;
mod ops;
mod update;
mod push;
mod ways;
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
mod head;
#[cfg(target_os = "linux")]
mod large;
mod cache;
mod trust;
mod seen;
mod signers;
mod pin;
mod setup;
#[cfg(target_os = "linux")]
mod secrets;

pub(crate) use setup::{TRANSPARENT, World};
