//! The only words to a person: the last one, and what the journal tells.

pub mod lines;
pub mod rate;
pub mod progress;
pub mod lines_of_git;
pub mod pipe;
pub mod listener;

pub use lines::{error, pass_on};
pub use listener::listener;
