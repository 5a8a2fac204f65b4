//! Made crates and wheels, and the registry and index that have them and lie about them.

mod made;
mod stock;
mod crates;
mod wheels;

pub(crate) use crates::Crates;
pub(crate) use made::{split, wheel, with_hashes};
pub(crate) use stock::Packages;
pub(crate) use wheels::{Wheels, project};
