//! One answer to git: planned, then given by the store, a mirror or upstream.

pub mod plan;
pub mod asked;
pub mod upstream;
pub mod pass;
pub mod turn;
pub mod placed;
pub mod fetch;

pub use asked::Answer;
