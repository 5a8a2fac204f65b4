//! All that is shown: tables and JSON on standard output, warnings and the error on standard error.
//!
//! Field names are part of the contract (DESIGN 9). Nothing here decides; no escape sequence is ever written.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use mirror_config::{
    errors::{Failure, Kind},
    message::redact,
};
use serde::Serialize;

/// Shows a change of a file.
///
/// # Errors
///
/// As [`print()`].
pub fn diff(text: &str) -> Result<(), Failure> {
    print(&clean(text))
}

/// Shows a line, or a few.
///
/// # Errors
///
/// As [`print()`].
pub fn line(text: &str) -> Result<(), Failure> {
    print(&clean(text))
}

/// Writes to standard output, with one newline at the end. A reader that has gone away is no error.
///
/// # Errors
///
/// [`Kind::Io`] when standard output cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    // Not `println!`, which panics when the reader of a pipe is gone.
    match writeln!(io::stdout().lock(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Io, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a warning to standard error.
pub fn warn(text: &str) {
    print_error(&format!("mirror: warning: {}", clean(text)));
}

/// Writes a message to standard error as it is.
pub fn print_error(message: &str) {
    // There is nobody left to tell when this fails.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table
}

/// The table's text without the padding at both sides.
pub(super) fn shown(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Without secrets, and without what a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    redact::controls(&redact::secrets(text))
}

pub(super) fn print_json(value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Kind::Internal, error.to_string()))?;
    print(&json)
}
