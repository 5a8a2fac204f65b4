//! The hashes that a line with a requirement names. Pure.
//!
//! Rule: `break_args_options` of pip's `req_file`, and `--hash` in "Secure installs" of pip's documentation. Hashes of
//! other kinds than SHA-256 are no evidence here.

use mirror_config::pip::simple;

use super::shlex;
use crate::command_line::{IN_FILES, Word, optparse};

/// The kind that counts.
const KIND: &str = "sha256:";

/// The project of such a line, normalized, and its SHA-256 in lower-case hex; nothing where there is none.
pub(super) fn of(line: &str) -> Option<(String, Vec<String>)> {
    let words: Vec<&str> = line.split(' ').collect();
    let (named, options) = words.split_at(words.iter().position(|word| word.starts_with('-'))?);
    let named = named.join(" ");
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // That of `./here` is empty.
    let name = simple::normalized(named.trim_start().split(|c| !is_name(c)).next()?);
    let options = shlex::split(&options.join(" "))?;
    let options = optparse::parse(IN_FILES, options.iter().map(|word| Word::from(word.as_str())), true);
    let sums = options.all("--hash").into_iter().map(Word::text);
    let sums: Vec<String> = sums.filter_map(|sum| sum.strip_prefix(KIND).map(str::to_ascii_lowercase)).collect();
    (!name.is_empty() && !sums.is_empty()).then_some((name, sums))
}
