//! cargo's configuration, program, lock file and workspace.

pub(crate) mod config;
pub mod lock_file;
pub(crate) mod program;
pub(crate) mod setup;
pub(crate) mod command_line;
pub(crate) mod run_home;
pub(crate) mod outward;
pub(crate) mod start;
pub(crate) mod workspace;

pub use lock_file::Origin;
