//! The corpus of lies: cases that say what each source says and what must come of it, and what plays them.
//!
//! The cases stand in `tests/corpus`, whose README has the grammar. Any client can be tried: see [`Client`].

mod case;
mod flaws;
mod lies;
mod made;
mod crates;
mod wheels;
mod trace;
mod ground;
mod signing;
mod git_ground;
mod web_ground;
mod cargo_ground;
mod pip_ground;
mod play;
mod run;
mod kinds;
mod patterns;

pub use case::{Before, Case, Expect, Flaw, Lie, NAMES, Policy, Source, TRUTH, Tool, UPSTREAM, cases, folder};
pub use lies::Lies;
pub use patterns::{Pattern, table};
pub use pip_ground::has_pip;
pub use play::{Client, Got, Played, play};
pub use run::{Finished, run};
