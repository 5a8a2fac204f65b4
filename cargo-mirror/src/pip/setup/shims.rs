//! The links to the shim, and their folder: which there are, which there should be, and where PATH leads.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::Environment,
};

use crate::{
    change::{Link, Record, read_link},
    system::programs,
    terminal::quoted,
};

/// The names of pips that are linked whatever is found.
const NAMES: [&str; 2] = ["pip", "pip3"];

/// The folder of the links, and what PATH makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shims {
    /// Where it is.
    pub(crate) folder: PathBuf,
    /// The links in it that lead to a pip shim, or led to one, with where they lead.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    /// All programs on PATH that are called `pip`, in its order.
    pub(crate) pips: Vec<PathBuf>,
    /// Whether the folder is on PATH.
    pub(crate) on_path: bool,
}

impl Shims {
    /// Looks around. A folder that is not there has no links.
    pub(crate) fn read(env: &Environment) -> Result<Self, Failure> {
        let folder = folder(env)?;
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let link = |path: PathBuf| Some((path.clone(), fs::read_link(&path).ok()?)).filter(|(_, to)| is_shim(to));
        let mut links: Vec<(PathBuf, PathBuf)> = entries.filter_map(|entry| link(entry.path())).collect();
        links.retain(|(path, _)| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
        links.sort();
        let on_path = programs::folders(env).iter().any(|other| programs::same_place(other, &folder));
        Ok(Self { folder, links, pips: programs::all(env, "pip"), on_path })
    }

    /// Whether `pip` is the shim: its folder is in front of all others that have a pip.
    pub(crate) fn in_front(&self) -> bool {
        self.on_path && self.before().is_none()
    }

    /// The pip that PATH has in front of the shim, if it has one.
    pub(crate) fn before(&self) -> Option<&Path> {
        let first = self.pips.first()?;
        let ours = first.parent().is_some_and(|folder| programs::same_place(folder, &self.folder));
        (!ours).then_some(first)
    }
}

/// The links that are to be made, or to lead to this shim.
///
/// # Errors
///
/// [`Kind::Config`] when something that is not ours has one of the names, or when PATH cannot name the folder.
pub(crate) fn links(env: &Environment, shim: &Path, known: &Record) -> Result<Vec<Link>, Failure> {
    let folder = folder(env)?;
    if std::env::join_paths([&folder]).is_err() {
        return Err(Failure::new(Kind::Config, format!("{} cannot stand on PATH", folder.display()))
            .hint("set XDG_DATA_HOME to a folder without such signs in its name"));
    }
    let link = |name: &String| {
        let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let before = read_link(&path).map_err(|failure| match failure.kind {
            Kind::Config => foreign(&path, failure),
            _ => failure,
        })?;
        if let Some(before) = &before
            && !is_shim(before)
            && !known.of_link(&path).is_some_and(|known| known.is_left(before))
        {
            let what = format!("{} leads to {}, and is left alone", path.display(), before.display());
            return Err(foreign(&path, Failure::new(Kind::Config, what)));
        }
        Ok(Link { path, before, target: shim.to_owned() })
    };
    names(env, &folder).iter().map(link).collect()
}

fn foreign(path: &Path, failure: Failure) -> Failure {
    let path = quoted(path);
    failure.hint(format!("mv {path} {path}.old && cargo mirror setup pip"))
}

/// The folder of the links.
fn folder(env: &Environment) -> Result<PathBuf, Failure> {
    env.data_dir().map(|data| data.join("shims")).ok_or_else(|| {
        Failure::new(Kind::Config, "there is no home folder for links to the pip shim")
            .hint("set HOME or XDG_DATA_HOME")
    })
}

/// `pip`, `pip3`, and `pip3.X` for each such pip or Python on PATH.
fn names(env: &Environment, folder: &Path) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = NAMES.map(str::to_owned).into();
    for folder in programs::folders(env).iter().filter(|other| !programs::same_place(other, folder)) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let file = entry.file_name();
            let version = file.to_str().and_then(version);
            if let Some(version) = version.filter(|_| programs::is_program(&entry.path())) {
                names.insert(format!("pip{version}"));
            }
        }
    }
    names
}

/// The `3.X` of `pip3.X` or `python3.X`.
fn version(file: &str) -> Option<&str> {
    let name = file.strip_suffix(std::env::consts::EXE_SUFFIX)?;
    let version = name.strip_prefix("pip").or_else(|| name.strip_prefix("python"))?;
    let minor = version.strip_prefix("3.")?;
    Some(version).filter(|_| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a link leads to a pip shim, be it there or not.
fn is_shim(target: &Path) -> bool {
    target.file_stem().is_some_and(|name| name == programs::PIP_SHIM)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn only_versions_of_python_3_have_a_pip_of_their_own() {
        for (name, found) in [
            ("pip3.12", Some("3.12")),
            ("python3.9", Some("3.9")),
            ("pip", None),
            ("pip3", None),
            ("pip2.7", None),
            ("python3.9-config", None),
            ("python3.7m", None),
            ("pip3.", None),
            ("ipython3.9", None),
        ] {
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            assert_eq!(version(&file), found, "{name}");
        }
    }
}
