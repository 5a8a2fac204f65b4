//! Which source gets which slice, and when a late one is asked for again. Pure.

pub mod next;
pub mod line;
pub mod assign;
pub mod hedge;
#[cfg(test)]
mod tests;

pub use assign::Schedule;
pub use next::{Lost, Next, SourceId, TaskId};
