//! The pip that is installed: which Python runs it, which environment that is of, its index and what it calls itself.
//!
//! `launcher` looks at files and starts nothing; `ask` starts a Python.

pub mod ask;
pub mod launcher;
pub mod remembered;
pub mod upstream;

pub use ask::Said;
pub use upstream::RealPip;
