//! What pip is given: links to the shim, and an index in the user's `pip.conf`. Plans; writes nothing.
//!
//! `pip_config` knows the text, `change` makes the change and takes it back.

mod conf;
mod index;
mod levels;
mod shims;

pub(crate) use conf::{Conf, TOOL, given, plan as plan_conf, user_file};
pub(crate) use index::{best, named};
pub(crate) use levels::{Levels, Said};
pub(crate) use shims::{Shims, links};
