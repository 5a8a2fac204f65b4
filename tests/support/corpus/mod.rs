//! The corpus of lies: cases that say what each source says and what must come of it, and what plays them.
//!
//! The cases stand in `tests/corpus/cases`; the README beside them has the grammar. Any client can be tried: see [`Client`].

mod case;
mod lies;
mod flaws;
mod signing;
mod trace;
mod packages;
mod ground;
mod play;
mod run;
mod kinds;
mod patterns;

pub use case::{Before, Case, Expect, Flaw, Lie, NAMES, Policy, Source, TRUTH, Tool, UPSTREAM, cases, folder};
pub use ground::has_pip;
pub use lies::Lies;
pub use patterns::{Pattern, Variant, table};
pub use play::{Client, Got, Played, play};
pub use run::{Finished, run};
