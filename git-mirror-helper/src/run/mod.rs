//! One run of the helper: what is known of it, what has happened.

pub mod journal;
pub mod facts;
pub mod source_names;
pub mod exhausted;

pub use exhausted::exhausted;
pub use facts::Context;
pub use source_names::upstream_name;
