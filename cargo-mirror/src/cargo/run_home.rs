//! cargo's folder for one run: the user's own, seen through links, with one more configuration in front of the user's.
//!
//! Options reach the cargo that is given them and no other; `CARGO_HOME` reaches every cargo below it, whoever starts it and
//! by whichever path: clippy, nextest, subcommands, build scripts, xtasks. (cargo reads no sources from variables, and names
//! itself to its children by its own path: seen with 1.65 and 1.95.) Caches, credentials and programs are links, so they
//! stay the user's. The folder's name is the same in every run, since what is built has the paths of its sources in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mirror_config::{
    errors::Failure,
    system::{Environment, MIRROR_CARGO_HOME, state},
};

use tempfile::TempDir;

use super::{
    config::{self, REPLACE},
    program,
    setup::{Replacement, file_of},
};
use crate::system::version;

/// The name of the relay as a source: no other is called so.
pub(crate) const RELAY: &str = "cargo-mirror-run";
/// What says that a folder of links is ours.
const CONFIG: &str = "config.toml";
/// Folders and files that cargo makes by itself, in the user's folder rather than in this one.
const FOLDERS: &[&str] = &["registry", "git", "bin"];
const FILES: &[&str] = &["credentials.toml", ".package-cache", ".package-cache-mutate", ".global-cache"];

/// The folder. What was put into it beside the links goes to the user's when this is dropped.
#[derive(Debug)]
pub(crate) struct RunHome {
    folder: PathBuf,
    user: PathBuf,
    made: Vec<PathBuf>,
    _run: Option<TempDir>,
}

/// What the configuration has to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The relay's index, as cargo names it: `sparse+http://127.0.0.1:PORT/…/`.
    pub(crate) index: &'a str,
    /// What stands in for crates-io now, and may be overruled.
    pub(crate) replaced: Option<&'a Replacement>,
    /// cargo's version.
    pub(crate) version: &'a str,
}

impl RunHome {
    /// Makes it, or makes it anew; `number` tells runs at the same time apart.
    ///
    /// # Errors
    ///
    /// Where no folder can be written, or there are no links.
    pub(crate) fn make(env: &Environment, number: u16, given: &Given<'_>) -> io::Result<Self> {
        let user = program::home(env).map_err(io::Error::other)?;
        let kept = env.cache_dir().map(|cache| cache.join("cargo-home").join(number.to_string()));
        let kept = kept.filter(|folder| state::private_folder(folder).is_ok());
        // Where nothing can be kept, one for this run alone.
        let run = if kept.is_none() { Some(tempfile::Builder::new().prefix("mirror-").tempdir()?) } else { None };
        let folder = kept.or_else(|| Some(run.as_ref()?.path().to_owned())).ok_or(io::ErrorKind::NotFound)?;
        let mut home = Self { folder, user, made: Vec::new(), _run: run };
        home.link()?;
        let text = home.text(env, given).map_err(io::Error::other)?;
        state::write_whole(&home.folder.join(CONFIG), text.as_bytes())?;
        Ok(home)
    }

    /// What a cargo has to find in its environment.
    pub(crate) fn variables(&self, env: &Environment, has_root: bool) -> Vec<(&'static str, PathBuf)> {
        let mut variables = vec![("CARGO_HOME", self.folder.clone()), (MIRROR_CARGO_HOME, self.user.clone())];
        if !has_root && env.var_os("CARGO_INSTALL_ROOT").is_none() {
            // Else cargo would miss this folder's `bin` on PATH.
            variables.push(("CARGO_INSTALL_ROOT", self.user.clone()));
        }
        variables
    }

    /// A link for everything that is in the user's folder, or may be in a moment.
    fn link(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)?.flatten().filter(|entry| entry.path().is_symlink()) {
            fs::remove_file(entry.path())?;
        }
        if !self.user.is_dir() {
            fs::create_dir_all(&self.user)?;
        }
        for folder in FOLDERS.iter().map(|name| self.user.join(name)).filter(|folder| !folder.exists()) {
            fs::create_dir(&folder)?;
            self.made.push(folder);
        }
        let there = fs::read_dir(&self.user)?.flatten().map(|entry| PathBuf::from(entry.file_name()));
        for name in there.chain(FILES.iter().map(PathBuf::from)) {
            let link = self.folder.join(&name);
            let is_config = name == Path::new(CONFIG) || name == Path::new("config");
            if !is_config && !link.exists() && !link.is_symlink() {
                symlink(&self.user.join(&name), &link)?;
            }
        }
        Ok(())
    }

    /// The configuration: the relay in the place of crates-io and of whatever stands there, and all that the user's says.
    fn text(&self, env: &Environment, given: &Given<'_>) -> Result<String, Failure> {
        let (theirs, _) = file_of(&self.user);
        // cargo reads it by itself where the user's folder is one of the project's: then lists would be there twice.
        let is_read = self.user.file_name().is_some_and(|name| name == ".cargo")
            && self.user.parent().is_some_and(|above| env.cwd().starts_with(above));
        let wrong = |wrong: config::Wrong| wrong.of(&theirs);
        let body = match theirs.is_file() && !is_read {
            false => String::new(),
            true if version::at_least(given.version, program::INCLUDES) => {
                format!("include = [{}]\n", config::quoted(&theirs.to_string_lossy()))
            }
            true => {
                let text = fs::read_to_string(&theirs).unwrap_or_default();
                let base = self.user.parent().unwrap_or(&self.user);
                config::moved(text.trim_start_matches('\u{feff}'), base).map_err(wrong)?
            }
        };
        let mut keys = vec![(REPLACE.to_owned(), RELAY), (format!("source.{RELAY}.registry"), given.index)];
        // A stronger file of the project's may name it: it leads here as well.
        keys.extend(given.replaced.map(|replaced| (format!("source.{}.replace-with", replaced.source), RELAY)));
        config::with_keys(&body, &keys).map_err(wrong)
    }
}

impl Drop for RunHome {
    /// Gives the user what is the user's. What cannot be moved stays, and is there in the next run.
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.join(CONFIG));
        let left = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in left.filter(|entry| !entry.path().is_symlink()) {
            let theirs = self.user.join(entry.file_name());
            if entry.path().is_file() || !theirs.exists() {
                let _ = fs::rename(entry.path(), theirs);
            }
        }
        // Those that nothing came into.
        self.made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

/// Links are not for everybody there: only the cargo that is started goes through the relay.
#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
