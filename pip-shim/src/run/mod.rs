//! One run: as the pip that it becomes or serves, or as the shim that explains itself.

pub mod failed;
pub mod exec;
pub mod relayed;
pub mod as_pip;
pub mod explain;

pub use failed::with_code;
pub use relayed::Relayed;
