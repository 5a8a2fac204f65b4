//! The processes that a sandbox has running, as Linux tells it in `/proc`: who they are and what they use.
//!
//! Ends one by its id when told to. On other systems it finds nobody.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::sandbox::Sandbox;

/// What the system calls the helper: names are cut off at 15 bytes.
const HELPER: &str = "git-remote-mirr";

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: String,
    /// Its name, or the first 15 bytes of it.
    pub name: String,
}

/// What runs in a sandbox now.
pub fn processes(sandbox: &Sandbox) -> Vec<Process> {
    processes_with(&mark(sandbox))
}

/// What runs now with this in its environment, as `NAME=VALUE`; that is passed on from parent to child.
pub fn processes_with(variable: &str) -> Vec<Process> {
    all().filter(|process| process.has(variable)).collect()
}

/// The helpers among them.
pub fn helpers_with(variable: &str) -> Vec<Process> {
    // Names are asked first, for reading environments takes long.
    all().filter(|process| process.is_helper() && process.has(variable)).collect()
}

/// What is in the environment of everything that a sandbox runs, and of nothing else.
pub fn mark(sandbox: &Sandbox) -> String {
    format!("HOME={}", sandbox.path("home").display())
}

fn all() -> impl Iterator<Item = Process> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|process| {
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        Some(Process { id: process.file_name().to_string_lossy().into_owned(), name: name.trim().to_owned() })
    })
}

impl Process {
    /// Whether it is `git-remote-mirror`.
    pub fn is_helper(&self) -> bool {
        self.name == HELPER
    }

    /// Kills it at once. That it has ended already is no error.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Sends it a signal, such as `TERM`. That it has ended already is no error.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let _ = kill.args(["-s", name, &self.id]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    /// Its command line, the program's name first.
    pub fn arguments(&self) -> Vec<String> {
        let line = fs::read(self.folder().join("cmdline")).unwrap_or_default();
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// The value of a variable in the environment it was started with.
    pub fn variable(&self, name: &str) -> Option<String> {
        let environment = fs::read(self.folder().join("environ")).ok()?;
        let found = environment
            .split(|byte| *byte == 0)
            .find_map(|found| found.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        found.map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The most memory it had, in bytes; nothing when it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let kilobytes: u64 = self.status("VmHWM:")?.strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Its threads.
    pub fn threads(&self) -> Option<u64> {
        self.status("Threads:")?.parse().ok()
    }

    /// The files, sockets and pipes it has open.
    pub fn open_files(&self) -> Option<u64> {
        Some(fs::read_dir(self.folder().join("fd")).ok()?.count() as u64)
    }

    fn has(&self, variable: &str) -> bool {
        let environment = fs::read(self.folder().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|found| found == variable.as_bytes())
    }

    fn status(&self, key: &str) -> Option<String> {
        let status = fs::read_to_string(self.folder().join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned())
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from("/proc").join(&self.id)
    }
}
