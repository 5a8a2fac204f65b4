//! The only words to a person.

pub mod lines;
pub mod progress;

pub use lines::{error, say, warn};
pub use progress::{Count, Line, Snapshot};
