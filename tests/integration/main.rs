//! Integration tests, one binary: each module's tests carry their claims in their names.
//!
//! How servers, faults and sandboxes are used stands in the package's README.

mod git_clone;
mod git_probe;
mod git_setup;
mod house;
mod support_self;
