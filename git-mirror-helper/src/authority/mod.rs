//! Who says what the refs are, and whether to believe it.

pub mod witnesses;
pub mod refs;
pub mod identity;
pub mod signers;

pub use refs::{Authority, Voice};
