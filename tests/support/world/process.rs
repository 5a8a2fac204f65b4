//! Running a program to its end, or to a moment of the caller's choice, and keeping all it said.
//!
//! Ends only what it started itself, by id. What environment a program sees is `sandbox`'s matter.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io::{self, Read, Seek},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::cpu;

/// How long a program may take before the test is called hung.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(2);

/// A program that ran to its end.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command line, for messages.
    pub command: String,
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
    /// Wall time, to about 2 ms.
    pub seconds: f64,
    /// CPU time of it and of all that it waited for, to about 10 ms; 0 where the system is not Linux.
    pub cpu: f64,
}

impl Ran {
    /// Itself when the program succeeded.
    ///
    /// # Panics
    ///
    /// Shows the command and everything it said when it did not.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.code == 0, "expected success of {self}");
        self
    }

    /// Itself when the program failed.
    ///
    /// # Panics
    ///
    /// Shows the command and everything it said when it succeeded.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert!(self.code != 0, "expected failure of {self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr, seconds, .. } = self;
        write!(f, "`{command}`\ncode {code} after {seconds:.3} s\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
    }
}

/// Runs a command without input until it ends.
///
/// # Panics
///
/// When it cannot be started, or does not end within `patience`; it is killed first, with all it started.
#[track_caller]
pub fn run(mut command: Command, patience: Duration) -> Ran {
    match run_until(&mut command, |elapsed| elapsed > patience) {
        Ended::Itself(ran) => ran,
        Ended::Killed(ran) => panic!("still running after {patience:?}: {ran}"),
    }
}

/// How a program came to its end.
#[derive(Debug, Clone)]
pub enum Ended {
    /// By itself.
    Itself(Ran),
    /// It was killed, with all it started; this is what it had said.
    Killed(Ran),
}

impl Ended {
    /// Whether it had to be killed.
    pub fn was_killed(&self) -> bool {
        matches!(self, Self::Killed(_))
    }

    /// What it said, however it ended.
    pub fn ran(self) -> Ran {
        match self {
            Self::Itself(ran) | Self::Killed(ran) => ran,
        }
    }
}

/// Runs a command without input until it ends or `stop`, asked every 2 ms with the time elapsed, says to kill it.
///
/// Output goes to files, not pipes, so that a grandchild that stays behind cannot hold up the caller.
///
/// # Panics
///
/// When the program cannot be started.
#[track_caller]
pub fn run_until(command: &mut Command, mut stop: impl FnMut(Duration) -> bool) -> Ended {
    let said = || tempfile::tempfile().expect("a temporary file can be made");
    let (mut out, mut err) = (said(), said());
    let copy = |file: &File| file.try_clone().expect("a file handle can be doubled");
    command.stdin(Stdio::null()).stdout(copy(&out)).stderr(copy(&err));
    own_group(command);
    let shown = show(command);
    let start = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start `{shown}`: {error}"));
    let mut killed = false;
    let (status, cpu) = loop {
        if let Some(ended) = cpu::try_reap(&mut child).expect("a child of ours can be waited for") {
            break ended;
        }
        if stop(start.elapsed()) {
            killed = true;
            end_group(&mut child);
            break cpu::reap(&mut child).expect("a child of ours can be waited for");
        }
        thread::sleep(TICK);
    };
    let seconds = start.elapsed().as_secs_f64();
    let (stdout, stderr) = (text(&mut out), text(&mut err));
    let (code, cpu) = (status.code().unwrap_or(-1), cpu.as_secs_f64());
    let ran = Ran { command: shown, code, stdout, stderr, seconds, cpu };
    if killed { Ended::Killed(ran) } else { Ended::Itself(ran) }
}

/// A git command in a folder that sees none of this machine's configuration, for making and comparing repositories.
pub fn plain_git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", search_path()).env("HOME", folder).env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
    command.args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"]);
    command.args(["-c", "init.defaultBranch=main"]);
    command.current_dir(folder);
    command
}

/// Where programs are looked for: the `PATH` of whoever runs the tests.
#[expect(clippy::disallowed_methods, reason = "the tests need the machine's own git and cargo")]
pub fn search_path() -> OsString {
    std::env::var_os("PATH").expect("PATH is set")
}

/// Gives a program about to start a process group of its own, so that it can be ended with all it starts.
pub(crate) fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills a child that is not yet waited for, and its group when it has its own.
pub(crate) fn end_group(child: &mut Child) {
    // The id cannot be another's: a child that is not waited for keeps it. The group has no door in std.
    if cfg!(unix) {
        let script = format!("kill -s KILL -- -{}", child.id());
        let mut shell = Command::new("sh");
        let _ = shell.arg("-c").arg(script).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
    // An error means that it has ended already.
    let _ = child.kill();
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read: io::Result<usize> = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.expect("a temporary file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
