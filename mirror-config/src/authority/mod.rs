//! The small facts: on whose word an entry of an index is believed.

pub mod ask;
pub mod failures;
pub mod once;
pub mod voices;
pub mod findings;

pub use ask::{Heard, Inquiry, Upstream};
pub use findings::{Findings, Subject};
pub use once::Once;
