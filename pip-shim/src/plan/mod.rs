//! What is to be done with a command: who has chosen an index, and how pip hears of ours.

pub mod pip_env;
pub mod decide;

pub use decide::{Authority, Plan, Way};
pub use pip_env::Change;
