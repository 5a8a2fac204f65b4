//! What a Python says when it is asked: of its pip, and of itself. Nothing is written down here.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{Address, check_address},
    system::Environment,
};

/// What a Python that has pip is asked. `-c` alone would look for modules in the working directory, hence the folder.
const QUESTION: &str =
    "import pip; from pip._internal.models.index import PyPI; print(pip.__version__); print(PyPI.simple_url)";
/// Longest wait for a Python.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a Python said of its pip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// pip's version.
    pub version: String,
    /// The index that is built into it.
    pub index: String,
}

impl Said {
    /// How pip presents itself to servers. It sends more, which is nobody's business here; servers look at the beginning.
    pub fn agent(&self) -> String {
        format!("pip/{}", self.version)
    }

    /// The index, if it may be asked.
    pub fn index(&self) -> Option<Address> {
        check_address(&self.index, false).ok()
    }
}

/// Asks a Python; nothing when it has no pip, or does not answer.
pub fn ask(python: &Path) -> Option<Said> {
    let mut command = Command::new(python);
    command.args(["-c", QUESTION]);
    if let Some(folder) = python.parent() {
        command.current_dir(folder);
    }
    read(&answer(command)?)
}

/// Where the configuration of one environment may be (`sys.prefix`): of the first of these Pythons that says so, and of
/// the environment that is active.
pub fn prefixes(env: &Environment, pythons: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = pythons.iter().find_map(|python| prefix(python)).into_iter().collect();
    let real = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let active = env.var_os("VIRTUAL_ENV").map(PathBuf::from).filter(|folder| folder.is_absolute());
    found.extend(active.filter(|active| !found.iter().any(|other| real(other) == real(active))));
    found
}

fn prefix(python: &Path) -> Option<PathBuf> {
    let mut command = Command::new(python);
    // Isolated, so that nothing of the working directory is run.
    command.args(["-I", "-c", "import sys; print(sys.prefix)"]);
    Some(PathBuf::from(answer(command)?.trim_end())).filter(|prefix| prefix.is_absolute())
}

/// What a Python prints, if all goes well and soon.
fn answer(mut command: Command) -> Option<String> {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let (tell, heard) = channel();
    thread::spawn(move || drop(tell.send(command.output())));
    let output = heard.recv_timeout(PATIENCE).ok()?.ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

fn read(said: &str) -> Option<Said> {
    let mut lines = said.lines().map(str::trim);
    let (version, index) = (lines.next()?, lines.next()?);
    let plain = !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let said = Said { version: version.to_owned(), index: index.to_owned() };
    (plain && said.index().is_some()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn only_a_version_and_an_address_are_an_answer() {
        let said = read("23.2.1\nhttps://pypi.example/simple/\n").expect("an answer");
        assert_eq!((said.agent().as_str(), said.index.as_str()), ("pip/23.2.1", "https://pypi.example/simple/"));
        for odd in
            ["", "23.2.1", "23.2.1\nnonsense", "a b\nhttps://pypi.example/", "23.2.1\nhttp://pypi.example/simple/"]
        {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
