//! git through `mirror::`, and what `cargo mirror` does for git.

#[cfg(unix)]
mod arrives;
#[cfg(unix)]
mod reached;
mod clone;
mod ops;
mod update;
mod push;
mod negotiation;
mod archive;
mod ways;
mod dialects;
mod dialects_of_mirrors;
mod dropped;
mod names;
#[cfg(target_os = "linux")]
mod bytes;
mod probe;
mod privacy;
mod settings;
mod members;
mod allowed;
mod hostile;
mod faults;
mod exhausted;
mod killed;
mod stopped;
mod gone;
mod crash;
mod random;
mod slices;
mod crawl;
mod progress;
mod store;
mod damage;
mod by_name;
mod rest;
mod head;
#[cfg(target_os = "linux")]
mod large;
mod cache;
mod trust;
mod seen;
mod signers;
mod pin;
mod setup;
mod doctor;
#[cfg(target_os = "linux")]
mod secrets;

pub(crate) use setup::{TRANSPARENT, World};
