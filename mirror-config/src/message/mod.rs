//! How things are said: without secrets, without control characters, in units that people read.

pub mod redact;
pub mod units;

pub use redact::{controls, secrets, shortened};
pub use units::{age, bytes, listed, span, spelled};
