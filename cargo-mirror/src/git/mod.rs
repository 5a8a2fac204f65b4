//! git's configuration, and what git checks for us.

pub(crate) mod config;
pub(crate) mod check;
pub(crate) mod setup;
pub(crate) mod tree;

pub(crate) use check::{isolated, output};
pub use config::Found;
pub(crate) use config::git;
pub use setup::Prefix;
