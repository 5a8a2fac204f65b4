//! pip's configuration: its files, their text, and the index that set-up gave.

pub mod files;
pub mod given;
pub mod ini;

pub use files::{Level, PIP_CONFIG_FILE, files};
pub use ini::{Document, Header, Property, Wrong};
