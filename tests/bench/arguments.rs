//! The command line of `cargo measure`. Pure.

use std::path::{Path, PathBuf};

use crate::{
    ground::{MADE, SHAPES},
    scenarios::{ALL, Scenario, When},
};

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: cargo measure [SCENARIO…] [--runs N] [--repository [NAME=]PATH]… [--only NAME]… [--no-bitmaps] [--json]
scenarios when none is named:  bulk small direct start warm lines shapes silent stale gone
                               crates crates-lines crates-warm dead-mirror crates-silent status verify
                               pip pip-lines pip-warm pip-dead pip-silent pip-start
slower ones:                   killed dead capped drip fading together
`everything` names all these; `large` has to be named, and needs --repository
--runs N           runs of each side, at least 1 (default 5; the median counts)
--repository PATH  a bare repository to measure on instead of a made one, called as its folder or as NAME says; it is
                   copied first. May be given several times; the word `made` stands for the made one
--only NAME        only on histories of this name, be they given, `made`, or of a shape: tagless pictures snapshot tags
                   orphans (`shapes` and `killed` have those). May be given several times
--no-bitmaps       repositories are served without bitmaps";

/// The word that names all but those that want to be named.
const EVERYTHING: &str = "everything";
/// Medians of fewer runs say little.
const RUNS: usize = 5;

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) scenarios: Vec<&'static Scenario>,
    pub(crate) runs: usize,
    /// The repositories to measure on, by name; the made one has no path.
    pub(crate) repositories: Vec<(String, Option<PathBuf>)>,
    /// The histories to measure on; all where none is named.
    pub(crate) only: Vec<String>,
    /// Whether repositories are served with bitmaps.
    pub(crate) bitmaps: bool,
    pub(crate) json: bool,
}

impl Arguments {
    /// Reads the words behind the program's name; the error says which one is wrong.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (repositories, only) = (Vec::new(), Vec::new());
        let mut read = Self { scenarios: Vec::new(), runs: RUNS, repositories, only, bitmaps: true, json: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--json" => read.json = true,
                "--no-bitmaps" => read.bitmaps = false,
                "--repository" => {
                    let repository = repository(&value()?)?;
                    if read.repositories.iter().any(|(name, _)| *name == repository.0) {
                        return Err(format!(
                            "two repositories are called `{}`: NAME=PATH tells them apart",
                            repository.0
                        ));
                    }
                    read.repositories.push(repository);
                }
                "--only" => read.only.push(value()?),
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
        match read.only.iter().find(|name| !read.has(name)) {
            Some(name) => Err(format!("`{name}` is no history")),
            None => Ok(read),
        }
    }

    /// Whether there is a history of this name.
    fn has(&self, name: &str) -> bool {
        let is_chosen = match self.repositories.is_empty() {
            true => name == MADE,
            false => self.repositories.iter().any(|(chosen, _)| chosen == name),
        };
        is_chosen || is_shape(name)
    }
}

fn is_shape(name: &str) -> bool {
    SHAPES.iter().any(|(shape, ..)| *shape == name)
}

/// A repository as `NAME=PATH`, as `PATH`, which has its name from its folder, or as the word for the made one.
fn repository(text: &str) -> Result<(String, Option<PathBuf>), String> {
    if text == MADE {
        return Ok((MADE.to_owned(), None));
    }
    let (name, path) = match text.split_once('=') {
        // Behind a slash it belongs to a folder's name.
        Some((name, path)) if !name.contains('/') => (name, path),
        _ => (Path::new(text).file_name().and_then(|name| name.to_str()).unwrap_or_default(), text),
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    match (name.is_empty() || path.is_empty(), name == MADE || is_shape(name)) {
        (true, _) => Err(format!("`{text}` has no name or no path: NAME=PATH has both")),
        (_, true) => Err(format!("`{name}` is a made one's name: NAME=PATH gives another")),
        _ => Ok((name.to_owned(), Some(path.into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Arguments, PathBuf, SHAPES, USAGE, repository};

    #[test]
    fn scenarios_are_named_or_come_in_groups() {
        let count = |words: &str| {
            let words = words.split_whitespace().map(str::to_owned);
            Arguments::parse(words).map(|read| read.scenarios.len())
        };
        for (words, expected) in
            [("", Ok(23)), ("--runs 1", Ok(23)), ("warm", Ok(1)), ("everything", Ok(ALL.len() - 1)), ("large", Ok(1))]
        {
            assert_eq!(count(words), expected, "{words}");
        }
        for right in ["--only made --only tags warm", "--only x --repository a/x.git warm"] {
            assert_eq!(count(right), Ok(1), "{right}");
        }
        for wrong in ["--only x", "--only made --repository a/x.git"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
        for wrong in
            ["everythin", "--runs", "--runs 0", "--repository", "--repository a/x.git --repository b/x", "--only"]
        {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_repository_has_a_name() {
        for (text, expected) in [
            ("a/pip.git", Ok(("pip", Some("a/pip.git")))),
            ("x=a/pip.git", Ok(("x", Some("a/pip.git")))),
            ("a=b/pip/", Ok(("a", Some("b/pip/")))),
            ("./a=b", Ok(("a=b", Some("./a=b")))),
            ("made", Ok(("made", None))),
            ("..", Err(())),
            ("=a", Err(())),
            ("a=", Err(())),
            ("b/made.git", Err(())),
            ("b/tags.git", Err(())),
        ] {
            let read = repository(text).map_err(|_| ());
            let expected = expected.map(|(name, path)| (name.to_owned(), path.map(PathBuf::from)));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn every_scenario_is_told_of() {
        let words: Vec<&str> = USAGE.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
        assert!(ALL.iter().all(|scenario| words.contains(&scenario.name)));
        assert!(SHAPES.iter().all(|(shape, ..)| words.contains(shape)));
    }
}
