//! The files that cargo reads, strongest first: of the working directory and those above it, then of its own folder.
//!
//! The Cargo Book, "Hierarchical structure" and "Including extra files". Of two files in one folder, `config` wins.

use std::path::{Path, PathBuf};

use mirror_config::{errors::Failure, system::Environment};

use crate::{
    cargo::{
        config::{self, Text},
        program,
    },
    change::ConfigFile,
};

/// How deep files that include files are followed.
const DEEPEST: usize = 8;

/// A value with the file it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its names, joined by dots.
    pub(crate) key: String,
    /// What it says.
    pub(crate) text: String,
    /// The file.
    pub(crate) file: PathBuf,
    /// Its line there, from 1.
    pub(crate) line: usize,
}

impl Found {
    /// `FILE:LINE`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

/// The configuration of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Level {
    /// The file that cargo reads.
    pub(crate) file: PathBuf,
    /// Whether it is that of cargo's own folder, which is the weakest.
    pub(crate) own: bool,
    /// One beside it that cargo does not read.
    pub(crate) ignored: Option<PathBuf>,
    /// The files that it includes and that are there.
    pub(crate) included: Vec<PathBuf>,
    /// Its values, strongest first: its own before those of files that it includes.
    pub(crate) values: Vec<Found>,
}

/// All levels, strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Levels(pub(crate) Vec<Level>);

impl Levels {
    /// Reads what cargo would read in the working directory.
    ///
    /// # Errors
    ///
    /// For a file that cannot be read, or is not TOML; with its line.
    pub(crate) fn read(env: &Environment, includes: bool) -> Result<Self, Failure> {
        let home = program::home(env)?;
        let above = env.cwd().ancestors().map(|folder| folder.join(".cargo")).filter(|folder| *folder != home);
        let folders: Vec<PathBuf> = above.chain([home.clone()]).collect();
        let levels =
            folders.iter().map(|folder| level(folder, *folder == home, includes)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(levels.into_iter().flatten().collect()))
    }

    /// The value in force of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&Found> {
        self.0.iter().flat_map(|level| &level.values).find(|found| found.key == key)
    }

    /// The levels that are not stronger than that of a file, which may not be there yet; `own` is cargo's own folder's.
    pub(crate) fn from(&self, file: &Path, own: bool) -> &[Level] {
        let root = file.parent().and_then(Path::parent).unwrap_or(file);
        let is_weaker = |level: &Level| {
            let above = level.file.parent().and_then(Path::parent).unwrap_or(&level.file);
            level.file.parent() == file.parent() || (!own && root.starts_with(above))
        };
        let at = self.0.iter().position(is_weaker);
        // A project's is never weaker than that of cargo's own folder.
        let last = if own { None } else { self.0.iter().position(|level| level.own) };
        &self.0[at.or(last).unwrap_or(self.0.len())..]
    }
}

/// The file of a folder that cargo reads, or would if it were there, and the one beside it that it does not read.
pub(crate) fn file_of(folder: &Path) -> (PathBuf, Option<PathBuf>) {
    let (old, new) = (folder.join("config"), folder.join("config.toml"));
    match (old.is_file() || old.is_symlink(), new.is_file()) {
        (true, true) => (old, Some(new)),
        (true, false) => (old, None),
        (false, _) => (new, None),
    }
}

fn level(folder: &Path, own: bool, includes: bool) -> Result<Option<Level>, Failure> {
    let (file, ignored) = file_of(folder);
    let mut level = Level { file: file.clone(), own, ignored, included: Vec::new(), values: Vec::new() };
    Ok(read(&file, includes, 0, &mut level)?.then_some(level))
}

/// Reads a file into the level, then what it includes, the strongest first; whether it is there.
fn read(file: &Path, includes: bool, depth: usize, level: &mut Level) -> Result<bool, Failure> {
    let Some(bytes) = ConfigFile::at(file)?.read()? else { return Ok(false) };
    let text = Text::of(&bytes).map_err(|wrong| wrong.of(file))?;
    let read_ = config::read(text.body).map_err(|wrong| wrong.of(file))?;
    let found =
        |value: config::Value| Found { key: value.key(), text: value.text, file: file.to_owned(), line: value.line };
    level.values.extend(read_.values.into_iter().map(found));
    if depth > 0 {
        level.included.push(file.to_owned());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    for include in read_.includes.iter().rev().filter(|_| includes && depth < DEEPEST) {
        read(&folder.join(&include.path), includes, depth + 1, level)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mirror_config::system::Environment;
    use tempfile::TempDir;

    use super::Levels;

    #[test]
    fn deeper_wins_and_a_file_beats_what_it_includes() {
        let root = TempDir::new().expect("a temporary folder");
        let at = |path: &str| root.path().join(path);
        for (path, text) in [
            ("home/config.toml", "include = ['a.toml', 'b.toml']\n[net]\nretry = 1\n"),
            ("home/a.toml", "[net]\nretry = 2\noffline = true\n[http]\nproxy = 'a'\n"),
            ("home/b.toml", "[http]\nproxy = 'b'\n"),
            ("top/.cargo/config.toml", "[net]\noffline = false\n"),
            ("top/in/.cargo/config", "[term]\nquiet = true\n"),
            ("top/in/.cargo/config.toml", "[net]\noffline = 3\n"),
        ] {
            fs::create_dir_all(at(path).parent().expect("it has one")).expect("our folder");
            fs::write(at(path), text).expect("our folder");
        }
        let env = Environment::of([("HOME", at("")), ("CARGO_HOME", at("home"))], at("top/in"));
        let levels = Levels::read(&env, true).expect("TOML");
        let value = |key: &str| levels.value(key).map(|found| (found.text.as_str(), found.line));
        assert_eq!(value("net.retry"), Some(("1", 3)));
        assert_eq!(value("net.offline"), Some(("false", 2)));
        assert_eq!(value("http.proxy"), Some(("b", 2)));
        assert_eq!(levels.0[0].ignored, Some(at("top/in/.cargo/config.toml")));
        let none = Levels::read(&env, false).expect("TOML");
        assert_eq!(none.value("http.proxy"), None, "an older cargo includes nothing");
        for (file, own, weaker) in [
            ("home/config.toml", true, 1),
            ("top/.cargo/config.toml", false, 2),
            ("top/in/.cargo/config", false, 3),
            ("top/in/deep/.cargo/config.toml", false, 3),
            ("elsewhere/config.toml", true, 0),
        ] {
            assert_eq!(levels.from(&at(file), own).len(), weaker, "{file}");
        }
    }
}
