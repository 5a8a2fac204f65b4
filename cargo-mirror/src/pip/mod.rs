//! pip's configuration, and where its packages come from.

pub(crate) mod here;
pub(crate) mod config;
pub(crate) mod setup;

pub(crate) use here::{levels, outward, real_pip};
