//! A pack as such: read, rebuilt, put together, indexed.

#[cfg(test)]
pub mod made;
pub mod watched;
pub mod delta;
pub mod disk;
pub mod deflated;
pub mod scan;
pub mod cache;
pub mod links;
pub mod rebuild;
pub mod idx;
pub mod growing;
pub mod absorb;
pub mod merge;

pub(crate) use absorb::index;
pub(crate) use growing::Growing;
pub use idx::Files;
pub(crate) use scan::Scan;
pub(crate) use watched::Watched;
