//! cargo's configuration on disk: which levels there are, what stands in for crates-io, and the plan of a set-up.

pub(crate) mod levels;
pub(crate) mod replacement;
pub(crate) mod standing;
pub(crate) mod planned;

pub(crate) use levels::{Found, Level, Levels, file_of};
pub(crate) use planned::{Plan, Scope, TOOL, helper_rules, mended, plan};
pub(crate) use replacement::{Known, ReplacedBy, Replacement, in_force};
pub(crate) use standing::{kept, kept_for, standing};
