//! What is mirrored where, which mirror to use now, and whether to believe what it says.
//!
//! The modules stand in reading order: each uses only those above it, which a test checks. This crate never prints and
//! never ends the process; it returns what its callers, the three programs, show.

pub mod environment;
pub mod redact;
pub mod failure;
pub mod fault;
pub mod state;
pub mod signature;
pub mod upstream;
pub mod store;
pub mod mirror;
pub mod config;
pub mod health;
pub mod catalog;
pub mod proxy;
pub mod http;
pub mod crates;
pub mod simple;
pub mod real_index;
pub mod pip_ini;
pub mod pip_files;
pub mod pip_given;
pub mod refs;
pub mod pkt_line;
pub mod pack_stream;
pub mod upload_pack;
pub mod rank;
pub mod select;
pub mod list_update;
pub mod fallback;
pub mod report;
pub mod trust;
pub mod pins;
pub mod child;
pub mod blobs;
pub mod sources;
pub mod download;
pub mod inquiry;
pub mod findings;
pub mod registry;
pub mod probe;
pub mod verify;
pub mod git_pin;
pub mod packages;
pub mod audit;
pub mod relay;
