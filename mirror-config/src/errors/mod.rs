//! What goes wrong: a kind with its exit code, a failure (the end of a road), a fault (what one source can do wrong).
//!
//! A new fault: a variant of `fault::Fault`, its name, whether the next candidate gets a turn, its sentence.

pub mod kind;
pub mod failure;
pub mod fault;

pub use failure::Failure;
pub use fault::Fault;
pub use kind::Kind;
