//! Whether git finds what is kept of a repository whole: every byte of its packs, and all that its tips reach.
//!
//! Whether the history is written as git likes it today is no question here: old ones are not, and yet upstream's. So
//! this is not `git fsck --strict`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_config::{
    errors::{Failure, Kind},
    git::program::isolated,
};

use super::config::start;

/// Most lines of git's that are repeated; a damaged pack can have an error for each object.
const MOST_LINES: usize = 3;

/// What git says is wrong with a bare repository, or nothing. Who calls keeps it from being removed meanwhile.
///
/// # Errors
///
/// [`Kind::Io`] when its packs cannot be listed, [`Kind::Config`] when git cannot be started.
pub(crate) fn damage(repository: &Path, _held: &File) -> Result<Option<String>, Failure> {
    let packs = repository.join("objects/pack");
    let failed = |error: io::Error| Failure::new(Kind::Io, format!("{}: {error}", packs.display()));
    let listed = match fs::read_dir(&packs) {
        Ok(listed) => listed.map(|file| Ok(file?.path())).collect::<io::Result<Vec<PathBuf>>>().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    for index in listed.iter().filter(|file| file.extension().is_some_and(|extension| extension == "idx")) {
        // Reads the pack whole: its checksum, each object's, and whether the index is the one that belongs to it.
        if let Some(said) = complaint(isolated(repository).arg("verify-pack").arg(index), repository)? {
            return Ok(Some(said));
        }
    }
    // That is done with contents, so this asks only whether everything is there.
    complaint(isolated(repository).args(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"]), repository)
}

/// What git prints.
///
/// # Errors
///
/// [`Kind::Digest`] with what git said when it fails, [`Kind::Config`] when it cannot be started.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let output = start(command)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(Failure::new(Kind::Digest, format!("git: {}", said.lines().next().unwrap_or_default())))
        }
    }
}

/// What git says when it fails, in one line that names no folder.
fn complaint(command: &mut Command, repository: &Path) -> Result<Option<String>, Failure> {
    let output = start(command)?;
    if output.status.success() {
        return Ok(None);
    }
    let said = [String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout)].join("\n");
    let said = said.replace(&format!("{}/", repository.display()), "");
    let told = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("notice: "));
    let told: Vec<&str> = told.take(MOST_LINES).collect();
    Ok(Some(if told.is_empty() { output.status.to_string() } else { told.join("; ") }))
}
