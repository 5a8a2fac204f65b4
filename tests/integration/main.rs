//! Integration tests, one binary: each module's tests carry their claims in their names.
//!
//! `house` looks at the sources, `support` at what the tests stand on; `all` has what holds for every tool, and what the
//! tests of several tools share; `git`, `cargo` and `pip` have the rest. How servers, faults and sandboxes are used stands
//! in the package's README.

mod house;
mod support;
mod all;
mod git;
mod cargo;
#[cfg(unix)]
mod pip;
