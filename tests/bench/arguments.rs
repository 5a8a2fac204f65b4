//! The command line of `cargo measure`. Pure.

use std::path::PathBuf;

use crate::scenarios::Scenario;

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: cargo measure [SCENARIO…] [--runs N] [--repository PATH] [--json]
scenarios: bulk small direct start warm (all of them when none is named)
--runs N           runs of each side, at least 1 (default 5; the median counts)
--repository PATH  a bare repository to serve instead of a made one; it is copied first";

/// Medians of fewer runs say little.
const RUNS: usize = 5;

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) runs: usize,
    pub(crate) repository: Option<PathBuf>,
    pub(crate) json: bool,
}

impl Arguments {
    /// Reads the words behind the program's name; the error says which one is wrong.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self { scenarios: Vec::new(), runs: RUNS, repository: None, json: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--json" => read.json = true,
                "--repository" => read.repository = Some(value()?.into()),
                "--runs" => {
                    let text = value()?;
                    read.runs = text.parse().ok().filter(|runs| *runs > 0).ok_or(format!("`{text}` is no count"))?;
                }
                name => read.scenarios.push(Scenario::named(name).ok_or(format!("`{name}` is no scenario"))?),
            }
        }
        if read.scenarios.is_empty() {
            read.scenarios = Scenario::ALL.to_vec();
        }
        Ok(read)
    }
}
