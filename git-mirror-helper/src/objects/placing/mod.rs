//! How what has landed gets into the repository that git is working on: what its refs reach, with the modes that git itself
//! would give, and nothing left behind.

pub mod reached;
pub mod cut;
pub mod place;
pub mod leftover;

pub use leftover::Leftover;
pub use place::Place;
