//! Who is asked: the sources that could serve a request (`source`), in the order in which they are tried.

pub mod source;
pub mod catalog;
pub mod fallback;
pub mod health;
pub mod rank;
pub mod choose;
pub mod list_update;

pub use choose::{Select, ranked};
pub use fallback::{HEAD_START, Lineup};
pub use health::{Health, Observation, Record};
pub use source::{Source, is_upstream_name, upstream_name};
