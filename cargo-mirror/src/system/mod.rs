//! The programs of this machine, and their versions.

pub(crate) mod programs;
pub(crate) mod version;

pub(crate) use programs::HELPER;
