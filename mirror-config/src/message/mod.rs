//! How things are said: without secrets, without control characters, in units that people read.

pub mod redact;
pub mod units;

pub(crate) use redact::shortened;
pub use redact::{controls, secrets};
pub use units::{age, bytes, span, spelled};
