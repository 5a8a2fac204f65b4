//! Who says what the refs are, and whether to believe it.

pub mod word;
pub mod witnesses;
pub mod kept;
pub mod refs;
pub mod instead;
pub mod identity;
pub mod signers;

pub use refs::{Authority, Voice};
