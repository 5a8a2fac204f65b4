//! A pack as such: read, weighed, indexed, merged.

pub mod merge;
pub mod watched;
pub mod weight;
pub mod shared;
pub mod index;

pub(crate) use index::index;
pub use merge::Files;
pub(crate) use watched::Watched;
