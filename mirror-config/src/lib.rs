//! What is mirrored where, which mirror to use now, and whether to believe what it says.
//!
//! The folders stand in reading order, and each uses only those above it, which a test checks. The model says what there
//! is, trust whom to believe, config what you want, transport how to get there, select whom to ask; authority brings the
//! small facts, fetch the bytes; git, cargo and pip are the three who ask.
//!
//! This crate never prints and never ends the process; it returns what its callers, the three programs, show.

pub mod system;
pub mod message;
pub mod errors;
pub mod model;
pub mod trust;
pub mod config;
pub mod transport;
pub mod select;
pub mod report;
pub mod fetch;
pub mod authority;
pub mod relay;
pub mod git;
pub mod cargo;
pub mod pip;
pub mod probe;
