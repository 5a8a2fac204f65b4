//! The files that cargo reads, strongest first: of the working directory and those above it, then of its own folder.
//!
//! The Cargo Book, "Hierarchical structure" and "Including extra files". Of two files in one folder, `config` wins.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use mirror_config::{errors::Failure, system::Environment};

use crate::{
    cargo::{
        config::{self, Text},
        program,
    },
    change::ConfigFile,
};

/// How variables that name registries begin.
const REGISTRIES: &str = "CARGO_REGISTRIES_";
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
    /// Its line there, from 1; 0 for what no file says.
    pub(crate) line: usize,
}

impl Found {
    /// `FILE:LINE`, or the name of an option or a variable.
    pub(crate) fn place(&self) -> String {
        match self.line {
            0 => self.file.display().to_string(),
            line => format!("{}:{line}", self.file.display()),
        }
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
        Ok(Self(variables(env).into_iter().chain(levels.into_iter().flatten()).collect()))
    }

    /// The same with what a command line of cargo's adds, which is stronger than any file: `--config KEY=VALUE` and
    /// `--config FILE`, the later the stronger (The Cargo Book, "Command-line overrides").
    ///
    /// # Errors
    ///
    /// Those of [`Levels::read`] for such a file. What is no TOML is left to cargo to complain about.
    pub(crate) fn with_given(self, env: &Environment, words: &[OsString], includes: bool) -> Result<Self, Failure> {
        let mut levels = self.0;
        let words: Vec<&OsString> = words.iter().take_while(|word| *word != "--").collect();
        for (at, word) in words.iter().enumerate() {
            let text = word.to_string_lossy();
            let given = match text.strip_prefix("--config") {
                Some("") => words.get(at + 1).map(|next| next.to_string_lossy().into_owned()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            let Some(given) = given else { continue };
            let file = env.cwd().join(&given);
            let mut level =
                Level { file: file.clone(), own: false, ignored: None, included: Vec::new(), values: Vec::new() };
            if file.is_file() {
                read(&file, includes, 0, &mut level)?;
            } else if let Ok(said) = config::read(&given) {
                let found = |value: config::Value| Found {
                    key: value.key(),
                    text: value.text,
                    file: PathBuf::from("--config"),
                    line: 0,
                };
                level.values.extend(said.values.into_iter().map(found));
            }
            levels.insert(0, level);
        }
        Ok(Self(levels))
    }

    /// The value in force of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&Found> {
        self.0.iter().flat_map(|level| &level.values).find(|found| found.key == key)
    }

    /// Where a registry of this name is, by files or by a variable.
    pub(crate) fn registry(&self, name: &str) -> Option<&Found> {
        let by_variable = self.value(&format!("registries.{}.index", as_variable(name)));
        by_variable.or_else(|| self.value(&format!("registries.{name}.index")))
    }

    /// Whether a file is read only since another one includes it.
    pub(crate) fn is_included(&self, file: &Path) -> bool {
        self.0.iter().any(|level| level.included.iter().any(|included| included == file))
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

/// What variables say that files could say as well: where a registry is, by its name. cargo reads no sources from them.
fn variables(env: &Environment) -> Option<Level> {
    let found = |(name, value): (&str, &str)| {
        let registry = name.strip_prefix(REGISTRIES)?.strip_suffix("_INDEX")?;
        let key = format!("registries.{}.index", as_variable(registry));
        Some(Found { key, text: value.to_owned(), file: PathBuf::from(name), line: 0 })
    };
    let values: Vec<Found> = env.beginning_with(REGISTRIES).filter_map(found).collect();
    let file = PathBuf::from(REGISTRIES);
    (!values.is_empty()).then_some(Level { file, own: false, ignored: None, included: Vec::new(), values })
}

/// A name as variables have it (The Cargo Book, "Environment variables").
pub(crate) fn as_variable(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
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
    use std::{ffi::OsString, fs};

    use mirror_config::system::Environment;
    use tempfile::TempDir;

    use super::Levels;

    #[test]
    fn what_a_command_line_says_is_stronger_and_the_last_word_wins() {
        let root = TempDir::new().expect("a temporary folder");
        fs::write(root.path().join("more.toml"), "[net]\nretry = 3\n").expect("our folder");
        let env = Environment::of([("HOME", root.path())], root.path());
        for (line, expected) in [
            ("build", None),
            ("--config net.retry=1 build", Some("1")),
            ("build --config=net.retry=1 --config net.retry=2", Some("2")),
            ("build --config net.retry=1 --config more.toml", Some("3")),
            ("build --config=more.toml --config {net={retry=1}} --config net.retry=4", Some("4")),
            ("run -- --config net.retry=1", None),
            ("build --config", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let levels = Levels::default().with_given(&env, &words, true).expect("TOML");
            assert_eq!(levels.value("net.retry").map(|found| found.text.as_str()), expected, "{line}");
        }
    }

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
