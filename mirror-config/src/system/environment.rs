//! The only place that reads the process's surroundings: variables, home, working directory, terminal facts.
//!
//! Everything else receives an [`Environment`], so that a test can make one up. Nothing here interprets configuration;
//! that is `config`.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// A configuration file that replaces the system's and the user's.
pub const MIRROR_CONFIG: &str = "MIRROR_CONFIG";
/// A file that receives one JSON object a line per operation.
pub const MIRROR_REPORT: &str = "MIRROR_REPORT";
/// A filter for diagnostics on standard error, in `tracing`'s syntax, such as `debug`.
pub const MIRROR_LOG: &str = "MIRROR_LOG";
/// A file of pins in place of the project's `mirror.lock`, or `none`.
pub const MIRROR_LOCK: &str = "MIRROR_LOCK";
/// How many of the suite's programs stand above this one; set by the suite itself, against endless nesting.
pub const MIRROR_DEPTH: &str = "MIRROR_DEPTH";
/// The process that became a pip, and which ones it was so far; set by the pip shim, for wrappers that lead back to it.
pub const MIRROR_PIP_TRIED: &str = "MIRROR_PIP_TRIED";
/// The process that a program ends with, and that program; set by the suite for the moment between the two.
pub const MIRROR_HELD: &str = "MIRROR_HELD";
/// The user's own `CARGO_HOME`; set by `cargo mirror run`, whose cargo sees it through links.
pub const MIRROR_CARGO_HOME: &str = "MIRROR_CARGO_HOME";

/// Every variable of the suite with what it does. `MIRROR_<SECTION>__<KEY>` stands for any key of the configuration.
pub const VARIABLES: &[(&str, &str)] = &[
    (MIRROR_CONFIG, "a configuration file that replaces the system's and the user's"),
    (MIRROR_REPORT, "a file that receives one JSON object a line per operation"),
    (MIRROR_LOG, "diagnostics on standard error, such as `debug`"),
    (MIRROR_LOCK, "a file of pins in place of the project's `mirror.lock`; `none`: no pin counts"),
    (MIRROR_DEPTH, "set by the suite itself: how deep its programs are nested"),
    (MIRROR_PIP_TRIED, "set by the pip shim: what this process has been so far"),
    (MIRROR_HELD, "set by the suite itself: which process to end with, and which program to become"),
    (MIRROR_CARGO_HOME, "set by `cargo mirror run`: the user's own CARGO_HOME, which its cargo sees through links"),
    ("MIRROR_<SECTION>__<KEY>", "any key of the configuration, such as MIRROR_GIT__TRUST=tofu"),
];

/// The surroundings of this process, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    stderr_is_terminal: bool,
}

impl Environment {
    /// Reads the process's own surroundings. A working directory that is gone is empty, not an error.
    #[expect(clippy::disallowed_methods, reason = "this is the one door")]
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_default(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Surroundings made up for a test: these variables, this working directory, no terminal.
    pub fn of<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
        cwd: impl Into<PathBuf>,
    ) -> Self {
        Self {
            variables: variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
            cwd: cwd.into(),
            stderr_is_terminal: false,
        }
    }

    /// A variable's value; an empty one counts as unset, as do bytes that are not UTF-8.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.var_os(name)?.to_str()
    }

    /// A variable's value as the system has it; an empty one counts as unset.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The variables named `MIRROR_<SECTION>__<KEY>`, sorted by name.
    pub fn overrides(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter_map(|(k, v)| Some((k.to_str()?, v.to_str()?)))
            .filter(|(k, _)| k.strip_prefix("MIRROR_").is_some_and(|rest| rest.contains("__")))
    }

    /// The variables that begin so and are text, sorted by name, empty ones as well.
    pub fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter_map(|(k, v)| Some((k.to_str()?, v.to_str()?)))
            .filter(move |(k, _)| k.starts_with(prefix))
    }

    /// The working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The same surroundings in another folder.
    pub fn at(&self, folder: &Path) -> Self {
        Self { cwd: folder.to_owned(), ..self.clone() }
    }

    /// Whether a person may be looking at standard error.
    pub fn stderr_is_terminal(&self) -> bool {
        self.stderr_is_terminal
    }

    /// How many of the suite's programs stand above this one.
    pub fn depth(&self) -> u32 {
        self.var(MIRROR_DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0)
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<PathBuf> {
        self.var_os("HOME").map(PathBuf::from).or_else(std::env::home_dir)
    }

    /// `$XDG_CONFIG_HOME/mirror`, or the platform's place for it.
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.place("XDG_CONFIG_HOME", ".config")
    }

    /// `$XDG_STATE_HOME/mirror`: health, ledger, undo records.
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.place("XDG_STATE_HOME", ".local/state")
    }

    /// `$XDG_CACHE_HOME/mirror`: the store and the relay's cache.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.place("XDG_CACHE_HOME", ".cache")
    }

    /// `$XDG_DATA_HOME/mirror`: the links of the pip shim.
    pub fn data_dir(&self) -> Option<PathBuf> {
        self.place("XDG_DATA_HOME", ".local/share")
    }

    /// The XDG Base Directory rule: an absolute path in the variable, else a folder of the home.
    fn place(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let base = match self.var_os(variable).map(PathBuf::from) {
            Some(path) if path.is_absolute() => path,
            _ => self.home()?.join(below_home),
        };
        Some(base.join("mirror"))
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;
    use std::path::Path;

    #[test]
    fn places_follow_the_xdg_rule() {
        let env =
            Environment::of([("HOME", "/home/ada"), ("XDG_STATE_HOME", "relative"), ("XDG_CACHE_HOME", "/c")], "/");
        assert_eq!(env.config_dir().as_deref(), Some(Path::new("/home/ada/.config/mirror")));
        assert_eq!(env.state_dir().as_deref(), Some(Path::new("/home/ada/.local/state/mirror")));
        assert_eq!(env.cache_dir().as_deref(), Some(Path::new("/c/mirror")));
        assert_eq!(env.data_dir().as_deref(), Some(Path::new("/home/ada/.local/share/mirror")));
    }

    #[test]
    fn an_empty_variable_is_unset() {
        let env = Environment::of([("MIRROR_CONFIG", "")], "/");
        assert_eq!(env.var("MIRROR_CONFIG"), None);
    }

    #[test]
    fn only_names_with_a_section_are_overrides() {
        let env = Environment::of([("MIRROR_GIT__TRUST", "tofu"), ("MIRROR_LOG", "debug"), ("GIT__X", "1")], "/");
        assert_eq!(env.overrides().collect::<Vec<_>>(), [("MIRROR_GIT__TRUST", "tofu")]);
    }
}
