//! What goes wrong: a kind with its exit code, a failure (the end of a road), a fault (what one source can do wrong).
//!
//! A new fault: a variant of `fault::Fault`, its name in reports, its kind (which has the exit code), whether the next
//! candidate gets a turn, its sentence. Who meets it makes it: `transport::http` mostly.

pub mod kind;
pub mod failure;
pub mod fault;

pub use failure::Failure;
pub use fault::Fault;
pub use kind::Kind;
