//! What the Python of a pip says of it: asked once, and then remembered.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    ask::{Said, ask},
    launcher::interpreters,
};
use crate::system::{Environment, state};

/// Answers, by the interpreter and the time of the pip that was asked: an update may change it.
type Memory = BTreeMap<String, Said>;

/// What the Python of this pip says; nothing when it cannot be asked.
pub fn of(env: &Environment, pip: &Path, chosen: Option<&Path>) -> Option<Said> {
    let memory = state::file(env.state_dir().as_deref(), "pip.json");
    let known: Memory = memory.as_deref().map(state::read).unwrap_or_default();
    let interpreters = interpreters(pip, chosen);
    if let Some(said) = interpreters.iter().find_map(|python| known.get(&key(python, pip))) {
        return Some(said.clone());
    }
    let (python, said): (&PathBuf, Said) = interpreters.iter().find_map(|python| Some((python, ask(python)?)))?;
    if let Some(path) = &memory {
        let written = state::change(path, |memory: &mut Memory| {
            memory.insert(key(python, pip), said.clone());
        });
        if let Err(error) = written {
            tracing::debug!(%error, "what pip said was not written");
        }
    }
    Some(said)
}

fn key(python: &Path, pip: &Path) -> String {
    let modified = fs::metadata(pip).and_then(|metadata| metadata.modified()).ok();
    let seconds = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs());
    format!("{} {} {seconds}", python.display(), pip.display())
}
