//! How Python's `optparse` takes a command line apart, for a table of options. Pure.
//!
//! Rule: Lib/optparse.py. What the options mean is the caller's matter. What `optparse` would refuse is skipped here:
//! pip itself will say what is wrong with it, or is newer than the table and knows.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// One option with all its spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opt {
    /// Its spellings, with their dashes, in one string with blanks between.
    pub names: &'static str,
    /// Whether it takes a value.
    pub value: bool,
    /// Not in every pip: does not make an abbreviation ambiguous.
    pub recent: bool,
}

impl Opt {
    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        self.names.split(' ')
    }

    /// Its first long spelling, or its only one: what it is called here.
    pub fn name(&self) -> &'static str {
        self.spellings().find(|name| name.starts_with("--")).unwrap_or(self.names)
    }
}

/// A value as it was given: bytes, which need not be text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word(Vec<u8>);

impl Word {
    /// For comparing and showing; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The file of that name.
    pub fn path(&self) -> PathBuf {
        #[cfg(unix)]
        return PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&self.0));
        #[cfg(not(unix))]
        return PathBuf::from(self.text());
    }
}

impl From<&OsStr> for Word {
    fn from(word: &OsStr) -> Self {
        Self(word.as_encoded_bytes().to_vec())
    }
}

impl From<&str> for Word {
    fn from(word: &str) -> Self {
        Self(word.as_bytes().to_vec())
    }
}

impl From<&OsString> for Word {
    fn from(word: &OsString) -> Self {
        word.as_os_str().into()
    }
}

/// A command line taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// The options in their order, by [`Opt::name`], each with its value if it takes one.
    pub options: Vec<(&'static str, Word)>,
    /// What is no option.
    pub rest: Vec<Word>,
}

impl Parsed {
    /// All values of an option.
    pub fn all(&self, name: &str) -> Vec<&Word> {
        self.options.iter().filter(|(given, _)| *given == name).map(|(_, value)| value).collect()
    }

    /// Its last value, which is the one that holds.
    pub fn last(&self, name: &str) -> Option<&Word> {
        self.options.iter().rfind(|(given, _)| *given == name).map(|(_, value)| value)
    }

    /// Whether it was given.
    pub fn has(&self, name: &str) -> bool {
        self.last(name).is_some()
    }
}

/// Takes words apart. `interspersed` is optparse's: without it everything behind the first word that is no option is
/// left alone.
pub fn parse(table: &[Opt], words: impl IntoIterator<Item = Word>, interspersed: bool) -> Parsed {
    let mut words = words.into_iter();
    let mut parsed = Parsed::default();
    while let Some(word) = words.next() {
        match word.0.as_slice() {
            b"--" => {
                parsed.rest.extend(words);
                break;
            }
            [b'-', b'-', long @ ..] => {
                let (name, given) = match long.iter().position(|b| *b == b'=') {
                    Some(at) => (&long[..at], Some(Word(long[at + 1..].to_vec()))),
                    None => (long, None),
                };
                let Some(opt) = long_option(table, name) else { continue };
                match (opt.value, given) {
                    (true, given) => {
                        parsed.options.extend(given.or_else(|| words.next()).map(|value| (opt.name(), value)));
                    }
                    (false, None) => parsed.options.push((opt.name(), Word::default())),
                    (false, Some(_)) => {}
                }
            }
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                for (at, letter) in cluster.iter().enumerate() {
                    let Some(opt) = short_option(table, *letter) else { break };
                    if opt.value {
                        let tail = &cluster[at + 1..];
                        let value = if tail.is_empty() { words.next() } else { Some(Word(tail.to_vec())) };
                        parsed.options.extend(value.map(|value| (opt.name(), value)));
                        break;
                    }
                    parsed.options.push((opt.name(), Word::default()));
                }
            }
            _ => {
                parsed.rest.push(word);
                if !interspersed {
                    parsed.rest.extend(words);
                    break;
                }
            }
        }
    }
    parsed
}

/// The exact spelling, else the only one that begins so.
fn long_option<'a>(table: &'a [Opt], name: &[u8]) -> Option<&'a Opt> {
    let name = std::str::from_utf8(name).ok()?;
    let fits = |opt: &&Opt| opt.spellings().any(|spelling| spelling.strip_prefix("--") == Some(name));
    if let Some(exact) = table.iter().find(fits) {
        return Some(exact);
    }
    let only = |recent: bool| {
        let mut begin = table
            .iter()
            .filter(|opt| recent || !opt.recent)
            .flat_map(|opt| opt.spellings().map(move |spelling| (opt, spelling)))
            .filter(|(_, spelling)| spelling.strip_prefix("--").is_some_and(|long| long.starts_with(name)));
        begin.next().map(|(opt, _)| opt).filter(|_| begin.next().is_none())
    };
    only(true).or_else(|| only(false))
}

fn short_option(table: &[Opt], letter: u8) -> Option<&Opt> {
    table.iter().find(|opt| opt.spellings().any(|spelling| spelling.as_bytes() == [b'-', letter]))
}

#[cfg(test)]
mod tests {
    use super::{Opt, Word, parse};

    const TABLE: &[Opt] = &[
        Opt { names: "-i --index-url --pypi-url", value: true, recent: false },
        Opt { names: "-v --verbose", value: false, recent: false },
        Opt { names: "-r --requirement", value: true, recent: false },
        Opt { names: "--require-hashes", value: false, recent: false },
        Opt { names: "--requirements-from-script", value: true, recent: true },
        Opt { names: "--src --source --source-dir", value: true, recent: false },
    ];

    #[test]
    fn words_are_taken_apart_as_optparse_does() {
        for (line, interspersed, options, rest) in [
            ("a -i U b", true, "--index-url=U", "a b"),
            ("a -i U b", false, "", "a -i U b"),
            ("-iU -i=U", true, "--index-url=U --index-url==U", ""),
            ("-vvi U", true, "--verbose= --verbose= --index-url=U", ""),
            ("-viU", true, "--verbose= --index-url=U", ""),
            ("--index-url=U=V --pyp X", true, "--index-url=U=V --index-url=X", ""),
            ("--ind U --index= x", true, "--index-url=U --index-url=", "x"),
            ("-- -i U", true, "", "-i U"),
            ("- -i --", true, "--index-url=--", "-"),
            ("--verbose=1 x", true, "", "x"),
            ("-i", true, "", ""),
            ("--req x", true, "", "x"),
            ("--requirem f", true, "--requirement=f", ""),
            ("--requirements f", true, "--requirements-from-script=f", ""),
            ("--so x", true, "", "x"),
            ("--source x", true, "--src=x", ""),
            ("--new x -zv y", true, "", "x y"),
        ] {
            let parsed = parse(TABLE, line.split(' ').map(Word::from), interspersed);
            let shown: Vec<String> =
                parsed.options.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
            assert_eq!(shown.join(" "), options, "{line}");
            assert_eq!(parsed.rest.iter().map(Word::text).collect::<Vec<_>>().join(" "), rest, "{line}");
        }
    }
}
