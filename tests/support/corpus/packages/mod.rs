//! Made crates and wheels, and the registry and index that have them and lie about them.

mod made;
pub(crate) mod crates;
pub(crate) mod wheels;

pub(crate) use crates::Crates;
pub(crate) use made::{split, wheel, with_hashes};
pub(crate) use wheels::{Wheels, project};
