//! Where pip's own index is, and what pip calls itself: the real pip's Python is asked, nothing is written down here.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use mirror_config::{config::Config, environment::Environment, redact::Address, upstream::check_address};

use crate::programs;

/// What a Python that has pip is asked. `-c` alone would look for modules in the working directory, hence the folder.
const QUESTION: &str =
    "import pip; from pip._internal.models.index import PyPI; print(pip.__version__); print(PyPI.simple_url)";
/// Longest wait for a Python.
const PATIENCE: Duration = Duration::from_secs(5);
/// How servers know pip when there is none here to ask.
const AGENT: &str = "pip/25.0";

/// What is known of the real pip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RealPip {
    /// How it presents itself to servers.
    pub(crate) agent: String,
    /// The index that counts: `pip.upstream`, else the one that is built into it; none without either.
    pub(crate) upstream: Option<Address>,
}

/// Asks for it.
pub(crate) fn real_pip(env: &Environment, config: &Config) -> RealPip {
    let said = programs::pythons(env).iter().find_map(|python| ask(python));
    let configured = config.pip_upstream.as_ref().map(|setting| setting.value.clone());
    match said.as_deref().and_then(answer) {
        Some((agent, built_in)) => RealPip { agent, upstream: configured.or(Some(built_in)) },
        None => RealPip { agent: AGENT.to_owned(), upstream: configured },
    }
}

fn ask(python: &Path) -> Option<String> {
    let mut command = Command::new(python);
    command.args(["-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    if let Some(folder) = python.parent() {
        command.current_dir(folder);
    }
    let (tell, heard) = channel();
    thread::spawn(move || drop(tell.send(command.output())));
    let output = heard.recv_timeout(PATIENCE).ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// pip's `User-Agent` and index, in what it said.
fn answer(said: &str) -> Option<(String, Address)> {
    let mut lines = said.lines().map(str::trim);
    let (version, index) = (lines.next()?, lines.next()?);
    let plain = !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    // pip sends more, which is nobody's business here; servers look at the beginning.
    plain.then_some((format!("pip/{version}"), check_address(index, false).ok()?))
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn only_a_version_and_an_address_are_an_answer() {
        let (agent, index) = answer("23.2.1\nhttps://pypi.example/simple/\n").expect("an answer");
        assert_eq!((agent.as_str(), index.to_string().as_str()), ("pip/23.2.1", "https://pypi.example/simple/"));
        for odd in
            ["", "23.2.1", "23.2.1\nnonsense", "a b\nhttps://pypi.example/", "23.2.1\nhttp://pypi.example/simple/"]
        {
            assert_eq!(answer(odd), None, "{odd}");
        }
    }
}
