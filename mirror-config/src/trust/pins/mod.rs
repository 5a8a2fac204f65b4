//! Pins: facts that a person has fixed, and the tree of files that a commit has.

pub mod file;
pub mod tree;

pub use file::{FILE, GitPin, Pins, place};
pub use tree::{Leaf, SUBMODULE, sha256tree};
