//! The command line of `cargo corpus`. Pure.

use mirror_tests::corpus::{Client, Variant};

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: cargo corpus [CASE…] [--client COMMAND] [--jobs N] [--list]
       cargo corpus --patterns [--every N] [--alike] [--upstream] [--seen] [--jobs N]
CASE               cases whose names contain this word; all, when there is none
--client COMMAND   tries this command for `sh` in place of the suite's programs; tests/corpus/README.md says what it
                   learns from its environment
--jobs N           cases at once (default 4)
--list             shows names and claims, and plays nothing
--patterns         all good/bad patterns of five mirrors by eight kinds of lie by three tools: 768, as a table
--every N          every Nth of them
--alike            those that lie tell the same lie: they collude
--upstream         upstream can be reached (else it cannot)
--seen             git alone, 256: upstream was heard before
ends with 1 when anything is not as it must be";

/// What is to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) names: Vec<String>,
    pub(crate) client: Client,
    pub(crate) jobs: usize,
    pub(crate) list: bool,
    pub(crate) patterns: bool,
    pub(crate) every: usize,
    pub(crate) told: Variant,
}

impl Arguments {
    /// Reads the words behind the program's name; the error says which one is wrong.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            names: Vec::new(),
            client: Client::Itself,
            jobs: 4,
            list: false,
            patterns: false,
            every: 1,
            told: Variant::default(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            let count = |text: String| {
                text.parse().ok().filter(|count: &usize| *count > 0).ok_or(format!("`{text}` is no count"))
            };
            match word.as_str() {
                "--client" => read.client = Client::Command(value()?),
                "--jobs" => read.jobs = count(value()?)?,
                "--every" => read.every = count(value()?)?,
                "--list" => read.list = true,
                "--patterns" => read.patterns = true,
                "--alike" => read.told.alike = true,
                "--upstream" => read.told.upstream = true,
                "--seen" => read.told.seen = true,
                option if option.starts_with('-') => return Err(format!("`{option}` is unknown")),
                name => read.names.push(name.to_owned()),
            }
        }
        match read.patterns && !read.names.is_empty() {
            true => Err("`--patterns` takes no cases".to_owned()),
            false => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Client};

    #[test]
    fn what_is_not_understood_is_refused() {
        let parse = |words: &str| Arguments::parse(words.split_whitespace().map(str::to_owned));
        let read = parse("git_ pip --client x --jobs 2").expect("fine");
        assert_eq!((read.names.len(), read.client, read.jobs), (2, Client::Command("x".to_owned()), 2));
        assert!(parse("--patterns --every 24 --alike").is_ok_and(|read| read.patterns && read.every == 24));
        assert!(parse("--patterns --seen").is_ok_and(|read| read.told.seen && !read.told.upstream));
        for wrong in ["--every", "--every 0", "--jobs x", "--odd", "--client", "--patterns git"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
