//! The only words to a person.

pub mod lines;

pub use lines::{HELP, error, object, out, text, warn};
