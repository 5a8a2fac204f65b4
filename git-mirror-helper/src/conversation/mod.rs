//! The conversation with git, line by line.

pub mod listening;
pub mod aside;
pub mod delegate;
pub mod session;
