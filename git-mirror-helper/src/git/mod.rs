//! What git says and what its own programs do.

pub mod address;
pub mod commands;
pub mod upload_pack;
pub mod request;
pub mod settings;

pub use commands::{CAPABILITIES, Command, Options};
pub use request::Request;
pub use settings::GitSettings;
pub use upload_pack::UploadPack;
