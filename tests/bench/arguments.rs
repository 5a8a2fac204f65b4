//! The command line of `cargo measure`. Pure.

use std::path::PathBuf;

use crate::scenarios::{ALL, Scenario, When};

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: cargo measure [SCENARIO…] [--runs N] [--repository PATH] [--json]
scenarios when none is named:  bulk small direct start warm lines silent stale
                               crates crates-lines crates-warm dead-mirror status verify
                               pip pip-lines pip-warm pip-dead pip-start
slower ones:                   killed dead capped drip together
`everything` names all these; `large` has to be named, and needs --repository
--runs N           runs of each side, at least 1 (default 5; the median counts)
--repository PATH  a bare repository to serve instead of a made one; it is copied first";

/// The word that names all but those that want to be named.
const EVERYTHING: &str = "everything";
/// Medians of fewer runs say little.
const RUNS: usize = 5;

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) scenarios: Vec<&'static Scenario>,
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
                EVERYTHING => read.scenarios.extend(ALL.iter().filter(|scenario| scenario.when != When::Named)),
                name => read.scenarios.push(Scenario::named(name).ok_or(format!("`{name}` is no scenario"))?),
            }
        }
        if read.scenarios.is_empty() {
            read.scenarios = ALL.iter().filter(|scenario| scenario.when == When::Always).collect();
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Arguments, USAGE};

    #[test]
    fn scenarios_are_named_or_come_in_groups() {
        let count = |words: &str| {
            let words = words.split_whitespace().map(str::to_owned);
            Arguments::parse(words).map(|read| read.scenarios.len())
        };
        for (words, expected) in
            [("", Ok(19)), ("--runs 1", Ok(19)), ("warm", Ok(1)), ("everything", Ok(ALL.len() - 1)), ("large", Ok(1))]
        {
            assert_eq!(count(words), expected, "{words}");
        }
        for wrong in ["everythin", "--runs", "--runs 0", "--repository"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_scenario_is_told_of() {
        let words: Vec<&str> = USAGE.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
        assert!(ALL.iter().all(|scenario| words.contains(&scenario.name)));
    }
}
