//! Changes of files and links, made whole and taken back byte for byte.

pub(crate) mod entry;
pub(crate) mod content;
pub(crate) mod recorded_path;
pub(crate) mod file;
pub(crate) mod folders;
pub(crate) mod record;
pub(crate) mod undone;
pub(crate) mod links;
pub(crate) mod turn;

pub use entry::Entry;
pub(crate) use file::ConfigFile;
pub use links::Link;
pub(crate) use links::read_link;
pub(crate) use record::{FileRecord, Record};
pub use turn::{Edit, Tool, Turn};
pub use undone::Undone;
