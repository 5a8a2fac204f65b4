//! `cargo mirror setup`: which tools, then each in turn.

pub(crate) mod git;
pub(crate) mod pip;
pub(crate) mod rustup;
pub(crate) mod cargo;
pub(crate) mod tools;

pub(crate) use cargo::switch;
pub(crate) use tools::setup;
