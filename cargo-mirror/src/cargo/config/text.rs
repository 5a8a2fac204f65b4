//! cargo's configuration as text: what it says, and how it is to be changed. Pure: text in, text and notes out.
//!
//! The only door to `toml_edit` here. Changes are made to the text at the places that it names, never by printing a parsed
//! document, so that every other byte stays: comments, order, line ends, a byte order mark.

use mirror_config::errors::{Failure, Kind};

/// The name of our source and registry. One of its own, since a name that two levels define in two ways stops cargo.
pub(crate) const SOURCE: &str = "cargo-mirror";
/// What of crates-io names the source that stands in for it.
pub(crate) const REPLACE: &str = "source.crates-io.replace-with";

/// What is wrong with a text, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// From 1.
    pub(crate) line: usize,
    /// In words.
    pub(crate) what: String,
}

impl Wrong {
    /// As a failure of the file that the text is from.
    pub(crate) fn of(self, file: &std::path::Path) -> Failure {
        Failure::new(Kind::Config, format!("{}:{}: {}", file.display(), self.line, self.what))
    }
}

/// The text of a file, apart from its byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// Whether there is one.
    pub(crate) mark: bool,
    /// All behind it.
    pub(crate) body: &'a str,
}

impl<'a> Text<'a> {
    /// Of a file's bytes.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, Wrong> {
        let text = std::str::from_utf8(bytes).map_err(|error| Wrong {
            line: line_at(&bytes[..error.valid_up_to()]),
            what: "this is not UTF-8".to_owned(),
        })?;
        let body = text.strip_prefix('\u{feff}');
        Ok(Self { mark: body.is_some(), body: body.unwrap_or(text) })
    }

    /// The bytes of a file with another body.
    pub(crate) fn with(self, body: &str) -> Vec<u8> {
        if self.mark { format!("\u{feff}{body}").into_bytes() } else { body.as_bytes().to_vec() }
    }
}

/// The line, from 1, that follows these bytes.
pub(super) fn line_at(before: &[u8]) -> usize {
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// A string as TOML writes it.
pub(crate) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// The text of a TOML string, or the literal itself for anything else.
pub(super) fn unquoted(literal: &str) -> String {
    let value = literal.parse::<toml_edit::Value>().ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| literal.to_owned())
}
