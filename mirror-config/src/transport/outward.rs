//! How a tool goes out by its own configuration: what servers see of it, by which proxy, and whom it believes.
//!
//! For cargo and pip the relay goes where the tool would go. `[proxy]` and a mirror's own `proxy` stay in front of that.

use std::{fs, path::PathBuf};

use super::route::Route;

/// How a tool goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outward {
    /// Its `User-Agent`.
    pub agent: String,
    /// The way that its own configuration names, and whether `NO_PROXY` counts there; nothing where that is the environment's.
    pub way: Option<(Route, bool)>,
    /// Files or folders of authorities that its own configuration names.
    pub authorities: Vec<PathBuf>,
}

impl From<&str> for Outward {
    fn from(agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..Self::default() }
    }
}

impl Outward {
    /// The authorities that it believes, as PEM; what cannot be read is nobody, as the tool itself will say.
    pub fn pems(&self) -> Vec<Vec<u8>> {
        let folders = self.authorities.iter().filter(|path| path.is_dir());
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let files = files.map(|entry| entry.path()).filter(|path| path.is_file());
        self.authorities.iter().cloned().chain(files).filter_map(|file| fs::read(file).ok()).collect()
    }
}
