//! `cargo mirror status`: what is set for each tool, and where each value comes from.

pub(crate) mod git;
pub(crate) mod cargo;
pub(crate) mod pip;
pub(crate) mod all;

pub(crate) use all::status;
