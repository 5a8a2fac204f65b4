//! Folders that a change makes, which go again when it fails, or is undone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mirror_config::errors::Failure;

use super::file::failed;

/// Folders that are not there yet, those that hold others first. They go again with this unless they are kept.
#[derive(Debug, Default)]
pub(super) struct Folders {
    missing: Vec<PathBuf>,
    made: usize,
}

impl Folders {
    /// What is missing above these files and links.
    pub(super) fn above<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut missing: Vec<PathBuf> = Vec::new();
        for path in paths {
            // A link that leads nowhere is no folder that could be made.
            let above = path.ancestors().skip(1).take_while(|folder| fs::symlink_metadata(folder).is_err());
            let mut above: Vec<PathBuf> = above.map(Path::to_owned).collect();
            above.reverse();
            above.retain(|folder| !folder.as_os_str().is_empty() && !missing.contains(folder));
            missing.append(&mut above);
        }
        Self { missing, made: 0 }
    }

    /// Those that are to be made.
    pub(super) fn missing(&self) -> &[PathBuf] {
        &self.missing
    }

    /// Makes them.
    pub(super) fn make(&mut self) -> Result<(), Failure> {
        for folder in &self.missing {
            fs::create_dir(folder).map_err(|error| failed(folder, &error))?;
            self.made += 1;
        }
        Ok(())
    }

    /// Leaves them where they are.
    pub(super) fn keep(mut self) {
        self.made = 0;
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        remove(&self.missing[..self.made]);
    }
}

/// Removes folders, the last first; one that others use by now is not empty and stays.
pub(super) fn remove(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
}
