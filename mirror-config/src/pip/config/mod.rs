//! pip's configuration: its files, their text, the index that set-up gave, who says what, and what holds for a command.

pub mod files;
pub mod given;
pub mod ini;
pub mod levels;
pub mod settings;

pub use files::{Level, PIP_CONFIG_FILE, files};
pub use ini::{Document, Header, Property, Wrong};
pub use levels::{COMMANDS, GLOBAL, LevelFile, Levels, Told, normal};
pub use settings::Settings;
