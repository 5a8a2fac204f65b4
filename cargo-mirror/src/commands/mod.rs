//! One file for each command: reads the configuration, calls what does the work, hands the result to `report`.

mod cache;
mod list;
mod probe;
mod run;
mod setup;
mod status;
mod undo;
mod verify;

use mirror_config::{environment::Environment, failure::Failure};

use crate::cli::{Command, Setup, Status, Undo};

/// Runs a command to its end; returns the exit code.
pub(crate) fn run(command: &Command, env: &Environment) -> Result<u8, Failure> {
    match command {
        Command::Run(asked) => return run::run(env, asked),
        Command::Setup(Setup::Git(asked)) => setup::git(env, asked),
        Command::Status(Status::Git(output)) => status::git(env, *output),
        Command::Undo(Undo::Git) => undo::git(env),
        Command::List(output) => list::list(env, *output),
        Command::Probe(asked) => probe::probe(env, asked),
        Command::Verify(asked) => verify::verify(env, asked),
        Command::Cache(asked) => cache::cache(env, asked),
    }
    .map(|()| 0)
}
