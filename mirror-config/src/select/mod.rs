//! Who is asked: the mirrors that could serve a request, in the order in which they are tried.

pub mod catalog;
pub mod fallback;
pub mod health;
pub mod rank;
pub mod choose;
pub mod list_update;
pub mod source;

pub use catalog::Carrier;
pub use choose::{Candidate, Select, ranked};
pub use fallback::{HEAD_START, Lineup};
pub use health::{Health, Observation, Record};
pub use source::Place;
