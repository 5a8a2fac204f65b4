//! The bytes: files whose hash is known, from the sources that are expected to be done first.

pub mod cache;
pub mod tally;
pub mod sources;
pub mod lateness;
pub mod part;
mod damage;
pub mod repair;
pub mod segment_plan;
pub mod segments;
pub mod download;

pub use cache::Blobs;
pub use part::{Open, Part};
pub use sources::{SourceId, Sources};
