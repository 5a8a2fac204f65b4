//! A world of its own for the programs under test: home, configuration, state, caches and environment.
//!
//! Nothing of this machine's configuration gets in, and nothing is written outside. Servers and repositories are not
//! its matter, though they are well kept in its folder.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Ended, PATIENCE, Ran, run, run_until, search_path};

/// Variables that point to a folder, by its name in the sandbox.
const FOLDERS: &[(&str, &str)] = &[
    ("HOME", "home"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_DATA_HOME", "data"),
    ("CARGO_HOME", "cargo"),
    ("TMPDIR", "tmp"),
];

/// Folders without a variable: programs made for one test, and the place where commands run.
const BIN: &str = "bin";
const WORK: &str = "work";
/// The folder with the programs under their own names.
const PROGRAMS: &str = "programs";

/// The programs under test. This package builds each as `stage-NAME`.
pub(crate) const NAMES: &[&str] = &["git-remote-mirror", "cargo-mirror", "pip-shim"];

/// Variables with a fixed value, so that two runs make the same commits.
const FIXED: &[(&str, &str)] = &[
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
    ("GIT_AUTHOR_NAME", "Author"),
    ("GIT_AUTHOR_EMAIL", "author@example.org"),
    ("GIT_AUTHOR_DATE", "1700000000 +0000"),
    ("GIT_COMMITTER_NAME", "Committer"),
    ("GIT_COMMITTER_EMAIL", "committer@example.org"),
    ("GIT_COMMITTER_DATE", "1700000000 +0000"),
];

/// The global git configuration of a new sandbox.
const GITCONFIG: &str = "\
[user]
\tname = Somebody
\temail = somebody@example.org
[init]
\tdefaultBranch = main
[protocol \"mirror\"]
\tallow = always
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
";

/// A temporary folder with an environment of its own; it goes when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// A sandbox whose programs are the ones built beside the running test, demo or bench.
    pub fn new() -> Self {
        Self::with_programs(&programs())
    }

    /// A sandbox whose programs are those that were built into a folder.
    ///
    /// # Panics
    ///
    /// When the temporary folder cannot be made.
    pub fn with_programs(programs: &Path) -> Self {
        let root = tempfile::Builder::new().prefix("mirror-").tempdir().expect("a temporary folder can be made");
        for folder in FOLDERS.iter().map(|(_, folder)| *folder).chain([BIN, WORK, PROGRAMS]) {
            fs::create_dir(root.path().join(folder)).expect("a new folder takes folders");
        }
        fs::write(root.path().join("gitconfig"), GITCONFIG).expect("a new folder takes files");
        let sandbox = Self { root };
        for name in NAMES {
            sandbox.add_program(name, &programs.join(format!("stage-{name}{}", std::env::consts::EXE_SUFFIX)));
        }
        sandbox
    }

    /// Puts a program under test on PATH under this name. What is not built is missed by those who need it.
    ///
    /// # Panics
    ///
    /// When the sandbox takes no files.
    pub fn add_program(&self, name: &str, built: &Path) {
        let named = self.path(PROGRAMS).join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let _ = fs::remove_file(&named);
        if built.exists() && fs::hard_link(built, &named).is_err() {
            fs::copy(built, &named).expect("a new folder takes files");
        }
    }

    /// Puts a program of one line for `sh` on PATH.
    ///
    /// Written by a shell: what this process has open for writing, another thread's child may have as well for a moment,
    /// and then it cannot be started ("text file busy").
    ///
    /// # Panics
    ///
    /// When the sandbox takes no files.
    #[track_caller]
    pub fn add_script(&self, name: &str, line: &str) {
        let mut shell = self.command("sh");
        shell.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]);
        shell.arg(self.path(BIN).join(name)).arg(line);
        self.run(shell).ok();
    }

    /// A path in the sandbox.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(below)
    }

    /// The folder where commands run unless told otherwise.
    pub fn work(&self) -> PathBuf {
        self.path(WORK)
    }

    /// A command that sees the sandbox only, to run in its work folder.
    ///
    /// `PATH` holds the sandbox's `bin`, then the programs under test, then the machine's own. `RUSTUP_HOME` is passed on
    /// where cargo is a rustup shim, which would otherwise not find its toolchain.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let machine = search_path();
        let folders = [self.path(BIN), self.path(PROGRAMS)].into_iter().chain(std::env::split_paths(&machine));
        command.env_clear().env("PATH", std::env::join_paths(folders).expect("no folder's name has a separator"));
        command.envs(FIXED.iter().copied());
        command.envs(FOLDERS.iter().map(|(variable, folder)| (variable, self.path(folder))));
        command.env("GIT_CONFIG_GLOBAL", self.path("gitconfig")).env("MIRROR_REPORT", self.report_file());
        if let Some(rustup) = rustup_home() {
            command.env("RUSTUP_HOME", rustup);
        }
        command.current_dir(self.work());
        command
    }

    /// `PATH` as [`Sandbox::command`] has it, without those of the machine's folders that have this program.
    ///
    /// # Panics
    ///
    /// When a folder's name has the separator.
    pub fn path_without(&self, program: &str) -> OsString {
        let machine = search_path();
        let others = std::env::split_paths(&machine).filter(|folder| !folder.join(program).exists());
        let folders = [self.path(BIN), self.path(PROGRAMS)].into_iter().chain(others);
        std::env::join_paths(folders).expect("no folder's name has a separator")
    }

    /// The control panel, `cargo-mirror`, wherever PATH leads.
    pub fn panel(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(self.path(PROGRAMS).join("cargo-mirror"));
        command.args(arguments);
        command
    }

    /// Runs git in the work folder.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn git(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.git_in(self.work(), arguments)
    }

    /// Runs git in a folder.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn git_in(&self, folder: impl AsRef<Path>, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        let mut command = self.command("git");
        command.current_dir(folder).args(arguments);
        self.run(command)
    }

    /// Runs a command made by [`Sandbox::command`]; a test that takes 120 s is hung, and panics.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn run(&self, command: Command) -> Ran {
        self.run_with_timeout(command, PATIENCE)
    }

    /// The same with another limit.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn run_with_timeout(&self, command: Command, patience: Duration) -> Ran {
        run(command, patience)
    }

    /// Runs a command until it ends or `stop`, asked every 2 ms with the time elapsed, says to kill it.
    #[track_caller]
    pub fn run_until(&self, mut command: Command, stop: impl FnMut(Duration) -> bool) -> Ended {
        run_until(&mut command, stop)
    }

    /// Sets a key of the sandbox's global git configuration.
    #[track_caller]
    pub fn git_config(&self, key: &str, value: &str) {
        self.git(["config", "--global", key, value]).ok();
    }

    /// Writes the suite's user configuration, `mirror/config.toml`.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn mirror_config(&self, toml: &str) {
        let folder = self.path("config/mirror");
        fs::create_dir_all(&folder).expect("the configuration folder is ours");
        fs::write(folder.join("config.toml"), toml).expect("the configuration folder is ours");
    }

    /// What the programs reported so far, one value per operation; empty when there is no report.
    ///
    /// # Panics
    ///
    /// When a line is not JSON.
    #[track_caller]
    pub fn report(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.report_file()).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON: {e}: {line}")))
            .collect()
    }

    /// Forgets the reports written so far.
    pub fn forget_reports(&self) {
        // An error means that there is none.
        let _ = fs::remove_file(self.report_file());
    }

    fn report_file(&self) -> PathBuf {
        self.path("report.jsonl")
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The folder with the programs built for the running executable: its own, or the one above `deps` for a test.
///
/// # Panics
///
/// When the system does not say where the executable is.
pub fn programs() -> PathBuf {
    let executable = std::env::current_exe().expect("the system knows the running executable");
    let folder = executable.parent().expect("an executable is in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    folder.to_path_buf()
}

#[expect(clippy::disallowed_methods, reason = "rustup's shim reads it, and the sandbox hides the real home")]
fn rustup_home() -> Option<PathBuf> {
    let told = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    told.or_else(|| std::env::home_dir().map(|home| home.join(".rustup"))).filter(|folder| folder.is_dir())
}
