//! pip's configuration, and where its packages come from.

pub(crate) mod config;
pub(crate) mod setup;
pub(crate) mod upstream;
