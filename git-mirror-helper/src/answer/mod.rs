//! One answer to git: planned, then given by the store, a mirror or upstream.

pub mod plan;
pub mod upstream;
pub mod pass;
pub mod fetch;
