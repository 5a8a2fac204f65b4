//! The small facts: on whose word an entry of an index is believed.

pub mod once;
pub mod upstream;
pub mod ask;
pub mod failures;
pub mod voices;
pub mod findings;

pub use ask::{Heard, Inquiry};
pub use findings::{Findings, Subject};
pub use once::Once;
pub use upstream::Upstream;
