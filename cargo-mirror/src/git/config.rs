//! `git config`, so that git's own parser reads and edits. Decides nothing.
//!
//! Edits happen on a copy, so that a real file is only ever replaced whole: see `change::file`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mirror_config::{
    errors::{Failure, Kind},
    git::program::git,
};
use tempfile::TempDir;

use crate::{change::Entry, system::version};

/// An entry as git finds it in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The key and the value.
    pub entry: Entry,
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// The file, or `command line`. git does not tell lines.
    pub origin: String,
}

impl InForce {
    /// Whether this rule has plain addresses go to mirrors.
    pub fn leads_to_mirrors(&self) -> bool {
        self.entry.url_base("insteadOf").is_some_and(|base| base.starts_with("mirror::"))
    }

    /// What is wrong where this rule is in force and there is no helper, and what to do about it.
    pub fn without_helper(&self) -> (String, String) {
        let (key, addresses) = (&self.entry.key, &self.entry.value);
        let what =
            format!("git-remote-mirror is not on PATH, and {key} is in force: git reaches nothing at {addresses}");
        (what, format!("install it; without it: {}", self.unset()))
    }

    /// The line that takes it out.
    pub fn unset(&self) -> String {
        match self.scope.as_str() {
            "command" => "unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS".to_owned(),
            scope => format!("git config --{scope} --unset-all '{}'", self.entry.key),
        }
    }
}

impl Entry {
    /// Whether the keys are one to git: case matters between the first and the last dot only.
    pub fn has_key(&self, key: &str) -> bool {
        canonical(&self.key) == canonical(key)
    }

    /// For `url.BASE.NAME`, the base; the name's case does not matter.
    pub fn url_base(&self, name: &str) -> Option<&str> {
        let (rest, last) = self.key.rsplit_once('.')?;
        let (section, base) = rest.split_once('.')?;
        (section.eq_ignore_ascii_case("url") && last.eq_ignore_ascii_case(name)).then_some(base)
    }
}

/// A copy of a configuration file, to be edited and thrown away.
#[derive(Debug)]
pub(crate) struct Copy {
    folder: TempDir,
    of: PathBuf,
}

impl Copy {
    /// A copy with these bytes; `of` is how messages name the file.
    pub(crate) fn new(bytes: &[u8], of: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(Kind::Io, format!("a temporary copy: {error}"));
        // A temporary folder is 0700, so that the copy of a secret stays one.
        let copy = Self { folder: TempDir::new().map_err(failed)?, of: of.to_owned() };
        fs::write(copy.file(), bytes).map_err(failed)?;
        Ok(copy)
    }

    /// All entries, in the file's order; included files are not followed.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let output = self.run(&["--null", "--list"])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split_terminator('\0').map(entry).collect())
    }

    /// Adds a value after those that the key has.
    pub(crate) fn add(&self, entry: &Entry) -> Result<(), Failure> {
        self.run(&["--add", &entry.key, &entry.value]).map(drop)
    }

    /// Removes this value of the key, if it is there.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<(), Failure> {
        self.run(&["--unset-all", &entry.key, &exactly(&entry.value)]).map(drop)
    }

    /// What the copy has become.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        fs::read(self.file()).map_err(|error| Failure::new(Kind::Io, format!("a temporary copy: {error}")))
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let file = self.file();
        let mut command = git();
        command.arg("config").arg("--file").arg(&file).args(arguments);
        let output = start(&mut command)?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.replace(&*file.to_string_lossy(), &self.of.to_string_lossy());
        Err(Failure::new(Kind::Config, format!("git cannot edit {}: {}", self.of.display(), said.trim()))
            .hint(format!("git config --file '{}' --list", self.of.display())))
    }
}

/// The entries in force whose keys match git's regular expression, seen from a folder; weakest first.
pub(crate) fn in_force(pattern: &str, cwd: &Path) -> Result<Vec<InForce>, Failure> {
    let mut command = git();
    if cwd.is_dir() {
        command.current_dir(cwd);
    }
    command.args(["config", "--null", "--show-scope", "--show-origin", "--get-regexp", pattern]);
    let output = start(&mut command)?;
    match output.status.code() {
        Some(0) => Ok(found(&String::from_utf8_lossy(&output.stdout))),
        // git-config(1): 1 when no key matches.
        Some(1) => Ok(Vec::new()),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Failure::new(Kind::Config, format!("git cannot read its configuration: {said}")))
        }
    }
}

/// The least git that speaks protocol v2 by default with the helper (DESIGN 6).
pub(crate) const LEAST: (u32, u32) = (2, 29);

/// What to say of a git that is too old. Pure.
pub(crate) fn too_old(version: &str) -> Option<String> {
    let (major, minor) = LEAST;
    let what = || format!("git {version} is older than {major}.{minor}, the least supported");
    (!version::at_least(version, LEAST)).then(what)
}

/// git's version as it says it, such as `2.47.3`.
pub(crate) fn version() -> Result<String, Failure> {
    let output = start(git().arg("version"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().trim_start_matches("git version ").to_owned())
}

/// Runs git to its end.
pub(crate) fn start(command: &mut Command) -> Result<Output, Failure> {
    command.output().map_err(|error| {
        Failure::new(Kind::Config, format!("git cannot be started: {error}")).hint("install git, or add it to PATH")
    })
}

/// `KEY\nVALUE`, or only `KEY` for a bare key, which means true.
fn entry(text: &str) -> Entry {
    let (key, value) = text.split_once('\n').unwrap_or((text, "true"));
    Entry::new(key, value)
}

/// `SCOPE\0ORIGIN\0KEY\nVALUE\0` and so on.
fn found(text: &str) -> Vec<InForce> {
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let place = |origin: &str| origin.strip_prefix("file:").unwrap_or(origin).trim_end_matches(':').to_owned();
    fields
        .chunks_exact(3)
        .map(|part| InForce { scope: part[0].to_owned(), origin: place(part[1]), entry: entry(part[2]) })
        .collect()
}

fn canonical(key: &str) -> String {
    let Some((section, rest)) = key.split_once('.') else { return key.to_ascii_lowercase() };
    let (below, name) = rest.rsplit_once('.').unwrap_or(("", rest));
    format!("{}.{below}.{}", section.to_ascii_lowercase(), name.to_ascii_lowercase())
}

/// A POSIX extended expression for this text only. `--fixed-value` came with git 2.30, and the least is 2.29.
fn exactly(text: &str) -> String {
    let escape = |c: char| if r"\.[]{}()*+?^$|".contains(c) { format!("\\{c}") } else { c.to_string() };
    format!("^{}$", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{exactly, found};
    use crate::change::Entry;

    #[test]
    fn keys_are_one_when_git_says_so() {
        let rule = Entry::new("url.https://H.example/.insteadof", "x");
        assert!(rule.has_key("URL.https://H.example/.insteadOf"));
        assert!(!rule.has_key("url.https://h.example/.insteadOf"));
        assert_eq!(rule.url_base("insteadOf"), Some("https://H.example/"));
        assert_eq!(rule.url_base("pushInsteadOf"), None);
    }

    #[test]
    fn a_value_is_matched_as_it_stands() {
        assert_eq!(exactly("https://h.example/a+b"), r"^https://h\.example/a\+b$");
    }

    #[test]
    fn fields_between_nulls_are_taken_apart() {
        let all = found("global\0file:/h/.gitconfig\0http.proxy\nhttp://p\0command\0command line:\0a.b\0");
        assert_eq!(all[0].origin, "/h/.gitconfig");
        assert_eq!(all[1].origin, "command line");
        assert_eq!(all[1].entry, Entry::new("a.b", "true"));
    }
}
