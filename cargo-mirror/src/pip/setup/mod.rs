//! What pip is given: links to the shim, and an index in the user's `pip.conf`. Plans; writes nothing.

pub(crate) mod index;
pub(crate) mod conf;
pub(crate) mod shims;

pub(crate) use conf::{Conf, TOOL, given, plan_conf, user_file};
pub(crate) use index::{best, named};
pub(crate) use shims::{Shims, links};
