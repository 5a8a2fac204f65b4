//! What pip is told of indexes, by whom: its files in all their levels, and variables. Weakest first.

use std::path::PathBuf;

use mirror_config::{
    pip::config::{Document, Level, Wrong, files},
    system::Environment,
};

use crate::{
    pip::config::{SECTION, normal},
    system::programs,
};

/// The commands that read an index, which have sections of their own.
const COMMANDS: &[&str] = &["install", "download", "wheel", "list", "index", "lock"];
/// The options that have to do with where packages come from.
const KEYS: &[&str] = &[
    "index-url",
    "pypi-url",
    "no-index",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "proxy",
    "cert",
    "timeout",
    "default-timeout",
    "retries",
];
/// What switches a flag off: pip's `strtobool`.
const OFF: &[&str] = &["n", "no", "f", "false", "off", "0"];

/// A value, and who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The long option without its dashes.
    pub(crate) key: String,
    /// As it was set.
    pub(crate) text: String,
    /// The section; none for a variable.
    pub(crate) section: Option<String>,
    /// The file; none for a variable.
    pub(crate) file: Option<PathBuf>,
    /// Whose the file is.
    pub(crate) level: Option<Level>,
    /// `FILE:LINE`, or the variable.
    pub(crate) place: String,
}

impl Said {
    /// Whether this says which index pip uses, or that it uses none.
    pub(crate) fn chooses(&self) -> bool {
        match self.key.as_str() {
            "index-url" | "pypi-url" => true,
            "no-index" => !OFF.contains(&self.text.to_lowercase().as_str()),
            _ => false,
        }
    }

    /// How it is shown: `global.index-url`, or the variable.
    pub(crate) fn name(&self) -> String {
        self.section.as_ref().map_or_else(|| self.place.clone(), |section| format!("{section}.{}", self.key))
    }
}

/// A file that pip looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whose it is.
    pub(crate) level: Level,
    /// Whether it is there.
    pub(crate) there: bool,
    /// Whether `PIP_CONFIG_FILE` keeps pip from looking for it.
    pub(crate) hidden: bool,
    /// What pip ends with when it reads it.
    pub(crate) wrong: Option<Wrong>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Levels {
    /// The files, those that are hidden too.
    pub(crate) files: Vec<File>,
    /// What they say, weakest first, then variables. Empty values count as none.
    pub(crate) said: Vec<Said>,
    /// What the user's files say that are hidden from pip.
    pub(crate) hidden: Vec<Said>,
}

impl Levels {
    /// As the first Python on PATH, or the active environment, makes pip see it.
    pub(crate) fn read(env: &Environment) -> Self {
        Self::of(env, &prefixes(env))
    }

    /// The same with these values of `sys.prefix`.
    fn of(env: &Environment, prefixes: &[PathBuf]) -> Self {
        let mut levels = Self::default();
        let read = files::files(env, prefixes, false);
        let hides = !read.iter().any(|(level, _)| *level == Level::User);
        let hidden = files::user(env).into_iter().filter(|_| hides).map(|path| (Level::User, path));
        let all: Vec<(Level, PathBuf, bool)> =
            hidden.map(|(l, p)| (l, p, false)).chain(read.into_iter().map(|(l, p)| (l, p, true))).collect();
        for (level, path, read) in all {
            let Ok(bytes) = std::fs::read(&path) else {
                levels.files.push(File { path, level, there: false, hidden: !read, wrong: None });
                continue;
            };
            let document = Document::read(&String::from_utf8_lossy(&bytes));
            let said = document.entries.iter().filter_map(|entry| {
                let key = normal(&entry.key);
                let matters = entry.section == SECTION || entry.section == "DEFAULT" || is_command(&entry.section);
                (matters && KEYS.contains(&key.as_str()) && !entry.value.is_empty()).then(|| Said {
                    key,
                    text: entry.value.clone(),
                    section: Some(entry.section.clone()),
                    file: Some(path.clone()),
                    level: Some(level),
                    place: format!("{}:{}", path.display(), entry.line),
                })
            });
            if read {
                levels.said.extend(said)
            } else {
                levels.hidden.extend(said)
            }
            levels.files.push(File { path, level, there: true, hidden: !read, wrong: document.wrong.filter(|_| read) });
        }
        let variables = env.beginning_with("PIP_").filter(|(_, text)| !text.is_empty());
        levels.said.extend(variables.filter_map(|(name, text)| {
            let key = normal(name.strip_prefix("PIP_")?);
            KEYS.contains(&key.as_str()).then(|| Said {
                key,
                text: text.to_owned(),
                section: None,
                file: None,
                level: None,
                place: name.to_owned(),
            })
        }));
        levels
    }

    /// What is said instead of this by somebody stronger: a variable, or the same section of a stronger file.
    pub(crate) fn instead_of(&self, said: &Said) -> Option<&Said> {
        let at = self.said.iter().position(|other| other == said)?;
        let same = |other: &&Said| {
            (other.key == said.key || (other.chooses() && said.chooses()))
                && (other.section.is_none() || other.section == said.section)
        };
        self.said[at + 1..].iter().rfind(same)
    }

    /// Who has chosen an index, the strongest first; what stands in hidden files counts too.
    pub(crate) fn choices(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().rev().chain(self.hidden.iter().rev()).filter(|said| said.chooses())
    }
}

fn is_command(section: &str) -> bool {
    COMMANDS.contains(&section)
}

/// Where the configuration of one environment may be: of the active one, and of the first Python on PATH.
fn prefixes(env: &Environment) -> Vec<PathBuf> {
    let active = env.var_os("VIRTUAL_ENV").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let python = programs::pythons(env).iter().find_map(|python| programs::prefix(python));
    let mut found: Vec<PathBuf> = python.into_iter().collect();
    found.extend(active.filter(|active| !found.iter().any(|other| programs::same_place(other, active))));
    found
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use std::fs;

    use mirror_config::{pip::config::Level, system::Environment};

    use super::Levels;

    /// What chooses an index with these files and variables, strongest first.
    fn choices(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |below: &str| folder.path().join(below);
        for (name, text) in files {
            let path = at(name);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("our folder");
            fs::write(path, text).expect("our folder");
        }
        let own = at("own.conf").display().to_string();
        let places = [("HOME", at("home")), ("XDG_CONFIG_HOME", at("c")), ("XDG_CONFIG_DIRS", at("x"))];
        let places = places.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        let given = variables.iter().map(|(name, text)| {
            ((*name).to_owned(), if *name == "PIP_CONFIG_FILE" { own.clone() } else { (*text).to_owned() })
        });
        let env = Environment::of(places.into_iter().chain(given), folder.path());
        let levels = Levels::of(&env, &[at("v")]);
        let root = format!("{}/", folder.path().display());
        levels.choices().map(|said| format!("{} {}", said.place.replace(&root, ""), said.text)).collect()
    }

    #[test]
    fn who_chooses_an_index_is_found_at_every_level() {
        let user = ("c/pip/pip.conf", "[global]\nindex-url = U\n");
        for (files, variables, wanted) in [
            (&[][..], &[][..], &[][..]),
            (&[user], &[], &["c/pip/pip.conf:2 U"]),
            (&[("x/pip/pip.conf", "# c\n[global]\nindex_url: G\n")], &[], &["x/pip/pip.conf:3 G"]),
            (&[("home/.pip/pip.conf", "[install]\nindex-url = I\n")], &[], &["home/.pip/pip.conf:2 I"]),
            (&[("home/.pip/pip.conf", "[search]\nindex-url = S\n")], &[], &[]),
            (&[("home/.pip/pip.conf", "[DEFAULT]\npypi-url = P\n")], &[], &["home/.pip/pip.conf:2 P"]),
            (&[user, ("v/pip.conf", "[global]\nno-index = yes\n")], &[], &["v/pip.conf:2 yes", "c/pip/pip.conf:2 U"]),
            (&[("v/pip.conf", "[global]\nno-index = off\nindex-url =\n")], &[], &[]),
            (&[user], &[("PIP_INDEX_URL", "E")], &["PIP_INDEX_URL E", "c/pip/pip.conf:2 U"]),
            (&[user, ("own.conf", "")], &[("PIP_CONFIG_FILE", "")], &["c/pip/pip.conf:2 U"]),
            (&[], &[("PIP_EXTRA_INDEX_URL", "X"), ("PIP_INDEX_URL", "")], &[]),
        ] {
            assert_eq!(choices(files, variables), wanted, "{files:?} {variables:?}");
        }
    }

    #[test]
    fn what_is_stronger_is_known() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("pip.conf"), "[global]\nindex-url = V\n").expect("our folder");
        let user = folder.path().join("pip/pip.conf");
        fs::create_dir(folder.path().join("pip")).expect("our folder");
        fs::write(&user, "[global]\nindex-url = U\ntimeout = 3\n[install]\nindex-url = I\n").expect("our folder");
        let root = folder.path().to_str().expect("plain names");
        let mut variables = vec![("HOME", root), ("XDG_CONFIG_HOME", root), ("XDG_CONFIG_DIRS", "/nowhere")];
        let by = |variables: &[(&str, &str)], text: &str| {
            let levels = Levels::of(&Environment::of(variables.iter().copied(), root), &[folder.path().to_owned()]);
            let said = levels.said.iter().find(|said| said.text == text).expect("it is there").clone();
            levels.instead_of(&said).map(|other| (other.text.clone(), other.level))
        };
        assert_eq!(by(&variables, "U"), Some(("V".to_owned(), Some(Level::Site))));
        assert_eq!(by(&variables, "I"), None);
        assert_eq!(by(&variables, "3"), None);
        variables.push(("PIP_INDEX_URL", "E"));
        assert_eq!(by(&variables, "I"), Some(("E".to_owned(), None)));
    }
}
