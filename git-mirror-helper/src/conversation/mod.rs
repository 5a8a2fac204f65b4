//! The conversation with git, line by line.

pub mod delegate;
pub mod session;
