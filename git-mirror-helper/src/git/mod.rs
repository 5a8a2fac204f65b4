//! What git says and what its own programs do.

pub mod address;
pub mod commands;
pub mod program;
pub mod request;
pub mod settings;

pub use commands::{CAPABILITIES, Command, Options};
pub use program::UploadPack;
pub use request::Request;
pub use settings::GitSettings;
