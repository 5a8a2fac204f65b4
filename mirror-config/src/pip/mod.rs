//! What is pip's: its configuration, the one that is installed, simple indexes, and what the relay serves.

pub mod config;
pub mod installed;
pub mod outward;
pub mod simple;
pub mod packages;
pub mod routes;

pub use installed::Said;
pub use outward::outward;
pub use packages::{Hashes, Packages};
