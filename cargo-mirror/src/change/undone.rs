//! How the undoing of a change went.

use std::path::PathBuf;

use super::entry::Entry;

/// What an undo did with a file or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It was already without the set-up.
    Already(PathBuf),
    /// It has its bytes from before the first set-up, or leads where it led.
    Restored(PathBuf),
    /// There was no file before the first set-up, and there is none now.
    Removed(PathBuf),
    /// A link that was made is gone.
    Unlinked(PathBuf),
    /// What is there now is not what was made, and stays.
    Kept(PathBuf),
    /// It was changed by others since, so only what the set-ups added went.
    Keys {
        /// The file.
        file: PathBuf,
        /// What went.
        removed: Vec<Entry>,
    },
}
