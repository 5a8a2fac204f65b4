//! What git says to us, and the children of ours that speak with upstream in its name.

pub mod pasted;
pub mod address;
pub mod commands;
pub mod upload_pack_child;
pub mod request;
pub mod settings;

pub use commands::{CAPABILITIES, Command, Course, Options};
pub use request::Request;
pub use settings::GitSettings;
pub use upload_pack_child::UploadPack;
