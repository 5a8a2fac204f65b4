//! Who is asked: the sources that could serve a request, in the order in which they are tried.
//!
//! `source` is who can be asked, `catalog` who of the configured could carry something, `health` what was measured of them,
//! `rank` the order (pure), `choose` all of that together; `fallback` tries them in that order. Which of several parts comes
//! from whom is decided later: `fetch::sources` for files, the helper's `transfer::schedule` for a history.

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
