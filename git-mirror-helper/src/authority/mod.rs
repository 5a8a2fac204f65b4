//! Who says what the refs are, and whether to believe it.

pub mod word;
pub mod witnesses;
pub mod kept;
pub mod shown;
pub mod by_git;
pub mod by_settings;
pub mod upstream;
mod whole;
pub mod refs;
pub mod identity;
pub mod signers;

pub use refs::{Authority, Found, Voice};
