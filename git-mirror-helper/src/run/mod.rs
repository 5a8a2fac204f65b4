//! One run of the helper: what is known of it from the start, and how it ends without an answer. What happens in it goes
//! into its journal (`mirror_config::report`).

mod low_speed;
pub mod facts;
pub mod endings;

pub use facts::Run;
