//! What is measured on: servers, sandboxes, and one clone, fetch or installation on them.

mod programs;
mod specimen;
mod material;
mod git;
mod clone;
mod orphans;
pub(crate) mod memory;
mod cargo;
mod pip;

pub(crate) use cargo::CrateGround;
pub(crate) use clone::{BARE, End, excerpt};
pub(crate) use git::{Ground, MBIT, megabytes};
pub(crate) use material::{MADE, Material, SHAPES};
pub(crate) use pip::{NUMPY, PipGround, REQUESTS, Wanted, machines};
pub(crate) use programs::{LINKED, PROGRAMS, add_programs, sandbox};
pub(crate) use specimen::Specimen;
