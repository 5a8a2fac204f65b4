//! One run of the helper: what is known of it from the start, and how it ends when nobody can serve. What happens in it
//! goes into its journal (`mirror_config::report`).

pub mod facts;
pub mod exhausted;

pub use exhausted::exhausted;
pub use facts::Run;
