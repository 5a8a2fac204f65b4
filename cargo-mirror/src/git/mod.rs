//! git's configuration, and what git checks for us.

pub(crate) mod config;
pub(crate) mod check;
pub(crate) mod setup;
pub(crate) mod tree;

pub(crate) use check::output;
pub use config::InForce;
pub use setup::Prefix;
