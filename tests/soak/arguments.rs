//! The command line of `cargo soak`. Pure.

use std::time::Duration;

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: cargo soak [--minutes N] [--seed N]
--minutes N  how long (default 20)
--seed N     what goes wrong, in which order (default 1)";

/// How long, and what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) time: Duration,
    pub(crate) seed: u64,
}

impl Arguments {
    /// Reads the words behind the program's name; the error says which one is wrong.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self { time: Duration::from_secs(20 * 60), seed: 1 };
        while let Some(word) = words.next() {
            let text = words.next().ok_or(format!("`{word}` needs a value, or is unknown"))?;
            let number =
                text.parse::<u64>().ok().filter(|number| *number > 0).ok_or(format!("`{text}` is no count"))?;
            match word.as_str() {
                "--minutes" => read.time = Duration::from_secs(number * 60),
                "--seed" => read.seed = number,
                _ => return Err(format!("`{word}` is unknown")),
            }
        }
        Ok(read)
    }
}
