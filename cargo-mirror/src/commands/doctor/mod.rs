//! `cargo mirror doctor`: what will not work as expected, and how to go on. Looks, changes nothing.

pub(crate) mod certificates;
pub(crate) mod finding;
pub(crate) mod pip;
pub(crate) mod cargo;
pub(crate) mod gits_way;
pub(crate) mod git;
pub(crate) mod look;

pub(crate) use look::doctor;
