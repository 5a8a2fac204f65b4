//! The pip that would have run without us: the next one on PATH that is not this program.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, MIRROR_PIP_TRIED},
};

/// This program's own name, under which it is never a pip.
pub const OWN_NAME: &str = "pip-shim";
/// Shims that may stand before one another before it is a circle.
const DEEPEST: u32 = 8;

/// Finds the real pip of a name such as `pip` or `pip3.12`.
///
/// PATH is gone through from where this program stands in it, then from its start. The active virtual environment is
/// asked first when its folder is not on PATH at all; when it is, PATH says which one wins. Nothing is looked for in the
/// working directory, and this program is told by its file, whatever link or copy leads to it.
///
/// # Errors
///
/// [`Kind::Config`] when there is no other pip, or when those there are lead back here.
pub fn find(env: &Environment, name: &OsStr, own: &Path) -> Result<PathBuf, Failure> {
    if env.depth() >= DEEPEST {
        return Err(Failure::new(Kind::Config, "the pip shim leads back to itself")
            .hint("look for shims of pip on PATH: `which -a pip`"));
    }
    let own = Own::new(own);
    let tried = tried(env);
    candidates(env, name, &own).into_iter().find(|found| !tried.contains(found)).ok_or_else(|| {
        let what = match tried.as_slice() {
            [] => format!("there is no `{}` on PATH but this shim", name.display()),
            [.., last] => format!("{} leads back to the shim, and there is no other pip on PATH", last.display()),
        };
        Failure::new(Kind::Config, what).hint("install pip, or put its folder on PATH behind the shim's")
    })
}

/// The value of [`MIRROR_PIP_TRIED`] for a process that is about to become this pip.
///
/// A wrapper such as pyenv's may look for pip on PATH and become this program again: the same process, which must not
/// choose the same wrapper once more. A pip that a pip starts is another process, and chooses afresh.
pub fn mark(env: &Environment, pip: &Path) -> OsString {
    let own = PathBuf::from(std::process::id().to_string());
    let all = [own].into_iter().chain(tried(env)).chain([pip.to_owned()]);
    // A folder whose name has a separator in it cannot stand on PATH either.
    std::env::join_paths(all).unwrap_or_default()
}

/// What this very process has been before.
fn tried(env: &Environment) -> Vec<PathBuf> {
    let mut parts = std::env::split_paths(env.var_os(MIRROR_PIP_TRIED).unwrap_or_default());
    let same = parts.next().is_some_and(|id| id == Path::new(&std::process::id().to_string()));
    if same { parts.collect() } else { Vec::new() }
}

/// All pips of that name but this program, the one that comes next in front.
fn candidates(env: &Environment, name: &OsStr, own: &Own) -> Vec<PathBuf> {
    // An empty or relative entry means the working directory, where anybody may have put a `pip`.
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(env.var_os("PATH").unwrap_or_default()).filter(|folder| folder.is_absolute()).collect();
    if let Some(here) = folders.iter().position(|folder| in_folder(name, folder).is_some_and(|file| own.is(&file))) {
        folders.rotate_left(here);
    }
    let scripts = if cfg!(windows) { "Scripts" } else { "bin" };
    let active = env.var_os("VIRTUAL_ENV").map(|venv| Path::new(venv).join(scripts));
    if let Some(active) = active.filter(|active| active.is_absolute() && !folders.contains(active)) {
        folders.insert(0, active);
    }
    folders.iter().filter_map(|folder| in_folder(name, folder)).filter(|file| !own.is(file)).collect()
}

/// A program of that name in one folder, with the endings that the platform adds.
fn in_folder(name: &OsStr, folder: &Path) -> Option<PathBuf> {
    which::which_in(name, Some(folder), "/").ok()
}

/// This program as a file.
#[derive(Debug)]
struct Own {
    path: Option<PathBuf>,
    file: Option<fs::Metadata>,
}

impl Own {
    fn new(path: &Path) -> Self {
        let path = fs::canonicalize(path).ok();
        Self { file: path.as_ref().and_then(|path| fs::metadata(path).ok()), path }
    }

    /// Whether a file is this program: by name, by link, as the same file, or as a copy.
    fn is(&self, other: &Path) -> bool {
        let Ok(other) = fs::canonicalize(other) else { return false };
        let named = other.file_stem() == Some(OsStr::new(OWN_NAME)) || Some(&other) == self.path.as_ref();
        let (Some(path), Some(file), Ok(found)) = (&self.path, &self.file, fs::metadata(&other)) else { return named };
        named || same_file(file, &found) || (file.len() == found.len() && same_bytes(path, &other))
    }
}

#[cfg(unix)]
fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where files have no number, the comparison of their bytes tells.
#[cfg(not(unix))]
fn same_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

fn same_bytes(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
