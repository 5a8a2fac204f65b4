//! What pip is told, by whom: its files in all their levels, and variables. Nothing is written.
//!
//! Rule: `pip._internal.configuration`, and `strtobool` of `pip._internal.utils.misc`.

use std::path::PathBuf;

use super::{
    files::{self, Level},
    given,
    ini::{DEFAULT, Document, Property, Wrong},
};
use crate::system::Environment;

/// The section of all commands.
pub const GLOBAL: &str = "global";
/// The commands that read an index, which have sections of their own.
pub const COMMANDS: [&str; 6] = ["install", "download", "wheel", "list", "index", "lock"];
/// The options that say which index pip uses, or that it uses none; the first that is set decides.
pub(super) const CHOICES: [&str; 3] = [NO_INDEX, "index-url", "pypi-url"];
const NO_INDEX: &str = "no-index";
/// What switches a flag off.
const OFF: [&str; 6] = ["n", "no", "f", "false", "off", "0"];

/// A key as pip compares them: `_` is `-`, and dashes in front do not count.
pub fn normal(key: &str) -> String {
    let key = key.to_lowercase().replace('_', "-");
    key.strip_prefix("--").map(str::to_owned).unwrap_or(key)
}

/// Something that pip is told, and who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The long option without its dashes.
    pub key: String,
    /// As it was set.
    pub text: String,
    /// The section; none for a variable.
    pub section: Option<String>,
    /// The file; none for a variable.
    pub file: Option<PathBuf>,
    /// Whose the file is.
    pub level: Option<Level>,
    /// `FILE:LINE`, or the variable.
    pub place: String,
}

impl Told {
    fn by_variable(name: &str, text: &str) -> Option<Self> {
        let key = normal(name.strip_prefix("PIP_")?);
        Some(Self { key, text: text.to_owned(), section: None, file: None, level: None, place: name.to_owned() })
    }

    /// A flag that is on.
    pub fn is_on(&self) -> bool {
        !OFF.contains(&self.text.to_lowercase().as_str())
    }

    /// Whether this says which index pip uses, or that it uses none.
    pub fn chooses(&self) -> bool {
        CHOICES.contains(&self.key.as_str()) && (self.key != NO_INDEX || self.is_on())
    }

    /// Whether a set-up said this, and no user.
    pub fn is_given(&self, env: &Environment) -> bool {
        let file = self.file.as_ref().filter(|_| self.name() == given::KEY);
        file.is_some_and(|file| given::is_given(env, file, &self.text))
    }

    /// How it is shown: `global.index-url`, or the variable.
    pub fn name(&self) -> String {
        self.section.as_ref().map_or_else(|| self.place.clone(), |section| format!("{section}.{}", self.key))
    }

    /// Who says it: the file, or the variable.
    pub fn origin(&self) -> String {
        self.file.as_ref().map_or_else(|| self.place.clone(), |file| file.display().to_string())
    }
}

/// A file that pip looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub level: Level,
    /// Whether `PIP_CONFIG_FILE` or `--isolated` keeps pip from looking for it.
    pub hidden: bool,
    /// What stands in it; none where it is not there, or cannot be read.
    pub document: Option<Document>,
}

impl LevelFile {
    fn read(path: PathBuf, level: Level, hidden: bool) -> Self {
        let bytes = std::fs::read(&path).ok();
        let document = bytes.map(|bytes| Document::read(&String::from_utf8_lossy(&bytes)));
        Self { path, level, hidden, document }
    }

    /// What pip ends with when it reads it.
    pub fn wrong(&self) -> Option<&Wrong> {
        self.document.as_ref().filter(|_| !self.hidden)?.wrong.as_ref()
    }

    /// What holds in one of its sections.
    pub(super) fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = Told> + 'a {
        self.document.iter().flat_map(move |document| document.of(section)).filter_map(|entry| self.told(entry))
    }

    /// All that its sections say to the commands that read an index.
    fn all(&self) -> impl Iterator<Item = Told> + '_ {
        let heard = |entry: &&Property| {
            let section = entry.section.as_str();
            section == GLOBAL || section == DEFAULT || COMMANDS.contains(&section)
        };
        let entries = self.document.iter().flat_map(|document| &document.entries);
        entries.filter(heard).filter_map(|entry| self.told(entry))
    }

    /// An empty value counts as none. To older pips it hides those of weaker files; to take no notice does no harm then.
    fn told(&self, entry: &Property) -> Option<Told> {
        (!entry.value.is_empty()).then(|| Told {
            key: normal(&entry.key),
            text: entry.value.clone(),
            section: Some(entry.section.clone()),
            file: Some(self.path.clone()),
            level: Some(self.level),
            place: format!("{}:{}", self.path.display(), entry.line),
        })
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    /// The files, weakest first; those that are hidden in front.
    pub files: Vec<LevelFile>,
    /// What files say, weakest first, then variables. Empty values count as none.
    pub told: Vec<Told>,
    /// What the user's files say that are hidden from pip.
    pub hidden: Vec<Told>,
}

impl Levels {
    /// As pip sees it. `prefixes` are those of the Python that runs it (`sys.prefix`); `isolated` is pip's own option.
    pub fn read(env: &Environment, prefixes: &[PathBuf], isolated: bool) -> Self {
        let read = files::files(env, prefixes, isolated);
        let hides = !read.iter().any(|(level, _)| *level == Level::User);
        let hidden =
            files::user(env).into_iter().filter(|_| hides).map(|path| LevelFile::read(path, Level::User, true));
        let read = read.into_iter().map(|(level, path)| LevelFile::read(path, level, false));
        Self::of(hidden.chain(read).collect(), env.beginning_with("PIP_").filter(|_| !isolated))
    }

    /// The same from files, weakest first, and variables.
    pub fn of<'a>(files: Vec<LevelFile>, variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let of = |hidden| files.iter().filter(move |file| file.hidden == hidden).flat_map(LevelFile::all);
        let variables = variables.into_iter().filter(|(_, text)| !text.is_empty());
        let told = of(false).chain(variables.filter_map(|(name, text)| Told::by_variable(name, text))).collect();
        Self { told, hidden: of(true).collect(), files }
    }

    /// What is said instead of this by somebody stronger: a variable, or the same section of a stronger file.
    pub fn instead_of(&self, told: &Told) -> Option<&Told> {
        let at = self.told.iter().position(|other| other == told)?;
        let same = |other: &&Told| {
            (other.key == told.key || (other.chooses() && told.chooses()))
                && (other.section.is_none() || other.section == told.section)
        };
        self.told[at + 1..].iter().rfind(same)
    }

    /// Who has chosen an index, the strongest first; what stands in hidden files counts too.
    pub fn choices(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().rev().chain(self.hidden.iter().rev()).filter(|told| told.chooses())
    }
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use std::fs;

    use super::{Level, Levels};
    use crate::system::Environment;

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
        let levels = Levels::read(&env, &[at("v")], false);
        let root = format!("{}/", folder.path().display());
        levels.choices().map(|told| format!("{} {}", told.place.replace(&root, ""), told.text)).collect()
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
    fn only_what_set_up_wrote_where_it_wrote_it_is_given() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |below: &str| folder.path().join(below);
        for (name, text) in [
            ("c/pip/pip.conf", "[global]\nindex-url = U\n[install]\nindex-url = U\n".to_owned()),
            ("s/mirror/undo/pip.json", {
                let file = at("c/pip/pip.conf").display().to_string();
                format!(r#"{{"files":[{{"file":"{file}","added":[{{"key":"global.index-url","value":"U"}}]}}]}}"#)
            }),
        ] {
            fs::create_dir_all(at(name).parent().expect("in a folder")).expect("our folder");
            fs::write(at(name), text).expect("our folder");
        }
        let places = [("XDG_CONFIG_HOME", at("c")), ("XDG_CONFIG_DIRS", at("x")), ("XDG_STATE_HOME", at("s"))];
        let places = places.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        let given = |variables: &[(&str, &str)]| -> Vec<(String, bool)> {
            let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            let env = Environment::of(places.iter().cloned().chain(variables), folder.path());
            Levels::read(&env, &[], false).choices().map(|told| (told.name(), told.is_given(&env))).collect()
        };
        let own = |name: &str| (name.to_owned(), false);
        let ours = ("global.index-url".to_owned(), true);
        assert_eq!(given(&[]), [own("install.index-url"), ours.clone()]);
        assert_eq!(given(&[("PIP_INDEX_URL", "U")]), [own("PIP_INDEX_URL"), own("install.index-url"), ours]);
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
            let levels =
                Levels::read(&Environment::of(variables.iter().copied(), root), &[folder.path().to_owned()], false);
            let told = levels.told.iter().find(|told| told.text == text).expect("it is there").clone();
            levels.instead_of(&told).map(|other| (other.text.clone(), other.level))
        };
        assert_eq!(by(&variables, "U"), Some(("V".to_owned(), Some(Level::Site))));
        assert_eq!(by(&variables, "I"), None);
        assert_eq!(by(&variables, "3"), None);
        variables.push(("PIP_INDEX_URL", "E"));
        assert_eq!(by(&variables, "I"), Some(("E".to_owned(), None)));
    }
}
