//! cargo's configuration on disk: which levels there are, what stands in for crates-io, and the plan of a set-up.
//!
//! `cargo_config` knows the text, `change` makes the change and takes it back.

mod levels;
mod planned;
mod replacement;

pub(crate) use levels::{Found, Level, Levels};
pub(crate) use planned::{Plan, Scope, TOOL, helper_rules, plan};
pub(crate) use replacement::{Kind as ReplacedBy, Known, Replacement, in_force};
