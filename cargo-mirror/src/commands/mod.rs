//! One file for each command: reads the configuration, calls what does the work, hands the result to `report`.

mod cache;
mod catalog;
mod doctor;
mod list;
mod off;
mod probe;
mod run;
mod setup;
mod status;
mod undo;
mod unverified;
mod verify;

use mirror_config::{environment::Environment, failure::Failure};

use crate::{
    cli::{self, Command},
    report,
};

/// Runs a command to its end; returns the exit code.
pub(crate) fn run(command: &Command, env: &Environment) -> Result<u8, Failure> {
    match command {
        Command::Run(asked) => return run::run(env, asked),
        Command::Off(asked) => return off::off(env, asked),
        Command::Setup(asked) => setup::setup(env, asked),
        Command::Use(asked) => setup::cargo::switch(env, asked),
        Command::Status(asked) => status::status(env, asked),
        Command::Doctor(output) => doctor::doctor(env, *output),
        Command::Undo(asked) => undo::undo(env, asked.tool),
        Command::List(output) => list::list(env, *output),
        Command::Catalog(asked) => catalog::catalog(env, asked),
        Command::Probe(asked) => probe::probe(env, asked),
        Command::Verify(asked) => verify::verify(env, asked),
        Command::Cache(asked) => cache::cache(env, asked),
        Command::Completions(asked) => cli::completions(asked.shell).and_then(|text| report::print(&text)),
        Command::Man => cli::man().and_then(|text| report::print(&text)),
    }
    .map(|()| 0)
}
