//! What git says to us, and the children of ours that speak with upstream in its name.

pub mod pasted;
pub mod address;
pub mod commands;
pub mod held_back;
pub mod said;
pub mod upload_pack_child;
pub mod remote_https;
pub mod arguments;
pub mod request;
pub mod sharing;
pub mod settings;

pub use commands::{CAPABILITIES, Command, Course, Options};
pub use remote_https::{Opened, RemoteHttps};
pub use request::Request;
pub use settings::GitSettings;
pub use sharing::Sharing;
pub use upload_pack_child::UploadPack;
