//! The few lines the helper says to a person, on standard error: standard output belongs to git.

use std::io::{self, Write};

use mirror_config::{errors::Failure, message::redact};

/// Ends of the road.
pub fn error(failure: &Failure) {
    line(&failure.to_string());
}

/// Something a person should know, though all goes on.
pub fn warn(text: &str) {
    line(&format!("mirror: warning: {}", redact::secrets(text)));
}

/// How it went.
pub fn say(text: &str) {
    line(&format!("mirror: {}", redact::secrets(text)));
}

/// What git's own helper says, as it says it.
pub fn pass_on(words: &[u8]) {
    let _ = io::stderr().write_all(words);
}

/// Puts a text in place of the line the cursor is in.
pub fn redraw(text: &str) {
    // Nobody is listening if this fails.
    let _ = write!(io::stderr(), "\r{}\u{1b}[K", redact::controls(text));
}

fn line(text: &str) {
    let _ = writeln!(io::stderr(), "{}", redact::controls(text));
}
