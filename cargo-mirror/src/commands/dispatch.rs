//! Which command was asked for, and the file that runs it.

use mirror_config::{errors::Failure, system::Environment};

use super::{audit, cache, catalog, doctor, ledger, list, off, pin, probe, recheck, run, setup, status, undo, verify};
use crate::{
    cli::{self, Command},
    report,
};

/// Runs a command to its end; returns the exit code.
pub(crate) fn dispatch(command: &Command, env: &Environment) -> Result<u8, Failure> {
    match command {
        Command::Run(asked) => return run::run(env, asked),
        Command::Off(asked) => return off::off(env, asked),
        Command::Setup(asked) => setup::setup(env, asked),
        Command::Use(asked) => setup::switch(env, asked),
        Command::Status(asked) => status::status(env, asked),
        Command::Doctor(output) => doctor::doctor(env, *output),
        Command::Undo(asked) => undo::undo(env, asked.tool),
        Command::List(output) => list::list(env, *output),
        Command::Catalog(asked) => catalog::catalog(env, asked),
        Command::Probe(asked) => probe::probe(env, asked),
        Command::Verify(asked) => verify::verify(env, asked),
        Command::Pin(asked) => pin::pin(env, asked),
        Command::Recheck(asked) => recheck::recheck(env, asked),
        Command::Ledger(asked) => ledger::ledger(env, asked),
        Command::Audit(asked) => audit::audit(env, asked),
        Command::Cache(asked) => cache::cache(env, asked),
        Command::Completions(asked) => cli::completions(asked.shell).and_then(|text| report::print(&text)),
        Command::Man => cli::man().and_then(|text| report::print(&text)),
    }
    .map(|()| 0)
}
