//! What a command line asks of pip, as far as an index is concerned. Pure.
//!
//! Rule: `parse_command` of pip's `cli/main_parser.py`. pip looks for the command behind the general options, takes the
//! first word of that name out of the line, and parses all the others once more with the command's own options.

use std::ffi::{OsStr, OsString};

use super::{
    options::{Command, GENERAL},
    optparse::{self, Parsed, Word},
};

/// A command that reads an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Which one.
    pub command: Command,
    /// Its options, and what is none.
    pub parsed: Parsed,
    /// `--isolated`: pip reads neither `PIP_*` nor the user's configuration. pip looks for this very word.
    pub isolated: bool,
    /// `--python`: pip starts itself once more under that one. Only general options count.
    pub python: Option<Word>,
}

/// Reads a command line without the program's name; nothing when that command needs no index.
pub fn read(words: &[OsString]) -> Option<Invocation> {
    let before = optparse::parse(GENERAL, words.iter().map(Word::from), false);
    if before.has("--help") || before.has("--version") {
        return None;
    }
    let name = before.rest.first()?.text();
    let command = Command::ALL.into_iter().find(|command| command.name() == name)?;
    let taken = words.iter().position(|word| word == OsStr::new(&name))?;
    let others: Vec<&OsString> = words[..taken].iter().chain(&words[taken + 1..]).collect();
    let parsed = optparse::parse(&command.options(), others.iter().map(|word| Word::from(*word)), true);
    if parsed.has("--help") {
        return None;
    }
    let isolated = others.iter().any(|word| *word == "--isolated");
    Some(Invocation { command, parsed, isolated, python: before.last("--python").cloned() })
}

impl Invocation {
    /// The option that says which index pip uses, as it was given: `--index-url` or `--no-index`.
    pub fn chosen(&self) -> Option<&'static str> {
        ["--no-index", "--index-url"].into_iter().find(|name| self.parsed.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::command_line::{Command, Word};
    use mirror_config::pip::config::COMMANDS;
    use std::ffi::OsString;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn only_commands_that_read_an_index_are_of_interest() {
        for line in [
            "",
            "--version",
            "-V install x",
            "-h",
            "help install",
            "install -h",
            "install x --he",
            "config list",
            "debug",
            "freeze",
            "uninstall x",
            "cache purge",
            "--log install config list",
            "unknown install",
            "--timeout install",
        ] {
            assert_eq!(read(&words(line)), None, "{line}");
        }
        assert_eq!(Command::ALL.map(Command::name), COMMANDS, "they have sections of their own in pip's files");
        for command in Command::ALL {
            assert_eq!(read(&words(command.name())).map(|found| found.command), Some(command));
        }
    }

    #[test]
    fn an_index_is_found_wherever_pip_finds_it() {
        for (line, chosen) in [
            ("install x", None),
            ("install -i U x", Some("--index-url")),
            ("install -iU x", Some("--index-url")),
            ("install x --index-url=U", Some("--index-url")),
            ("install --pypi-url U x", Some("--index-url")),
            ("install --ind U x", Some("--index-url")),
            ("install -qUiU x", Some("--index-url")),
            ("list --in U", None),
            ("install --no-index x", Some("--no-index")),
            ("install --no-ind x", Some("--no-index")),
            ("install --no-i x", None),
            ("install -- -i U", None),
            ("-- install -i U", None),
            ("--log -i install x", None),
            ("install -t -i x", None),
            ("install -f U --extra-index-url U x", None),
            ("--timeout 5 install -i U", Some("--index-url")),
        ] {
            assert_eq!(read(&words(line)).expect("it reads an index").chosen(), chosen, "{line}");
        }
    }

    #[test]
    fn general_options_count_on_both_sides() {
        let found = read(&words("--proxy P --python V --isolated -v install --cert C --timeout 3 x")).expect("install");
        assert_eq!(found.parsed.last("--proxy").map(Word::text).as_deref(), Some("P"));
        assert_eq!(found.parsed.last("--cert").map(Word::text).as_deref(), Some("C"));
        assert_eq!(found.python.map(|word| word.text()).as_deref(), Some("V"));
        assert!(found.isolated);
        assert!(!read(&words("install --isol x")).expect("install").isolated, "pip looks for the whole word");
        assert_eq!(read(&words("install --python V x")).expect("install").python, None);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_stay_what_they_are() {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(b"r\xff.txt".to_vec());
        let found = read(&["install".into(), "-r".into(), name.clone()]).expect("install");
        assert_eq!(found.parsed.last("--requirement").expect("given").path().into_os_string(), name);
    }
}
