//! A world of its own for the programs under test, and a look at all that they do in it.

mod noise;
pub(crate) mod cpu;
mod process;
pub(crate) mod sandbox;
mod processes;
mod outcome;
mod canary;
#[cfg(unix)]
mod openings;
#[cfg(unix)]
mod watch;

pub use canary::{Canaries, Canary};
pub use noise::Noise;
#[cfg(unix)]
pub use openings::Openings;
pub use outcome::{Outcome, outcome};
pub use process::{Ended, PATIENCE, Ran, plain_git, run, run_until, search_path};
pub(crate) use process::{end_group, own_group};
pub use processes::{Process, helpers_with, mark, processes, processes_with};
pub use sandbox::{Sandbox, programs};
#[cfg(unix)]
pub use watch::{Started, Watch};
