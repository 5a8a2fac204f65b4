//! Where the real pip has its index, and what it calls itself: its Python is asked, nothing is written down here.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::model::{Address, check_address};

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
    command.args(["-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    if let Some(folder) = python.parent() {
        command.current_dir(folder);
    }
    let (tell, heard) = channel();
    thread::spawn(move || drop(tell.send(command.output())));
    let output = heard.recv_timeout(PATIENCE).ok()?.ok()?;
    if output.status.success() { answer(&String::from_utf8_lossy(&output.stdout)) } else { None }
}

fn answer(said: &str) -> Option<Said> {
    let mut lines = said.lines().map(str::trim);
    let (version, index) = (lines.next()?, lines.next()?);
    let plain = !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let said = Said { version: version.to_owned(), index: index.to_owned() };
    (plain && said.index().is_some()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn only_a_version_and_an_address_are_an_answer() {
        let said = answer("23.2.1\nhttps://pypi.example/simple/\n").expect("an answer");
        assert_eq!((said.agent().as_str(), said.index.as_str()), ("pip/23.2.1", "https://pypi.example/simple/"));
        for odd in
            ["", "23.2.1", "23.2.1\nnonsense", "a b\nhttps://pypi.example/", "23.2.1\nhttp://pypi.example/simple/"]
        {
            assert_eq!(answer(odd), None, "{odd}");
        }
    }
}
