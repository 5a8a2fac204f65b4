//! Which command was asked for, and the file that runs it.

use mirror_config::{config::LazyConfig, errors::Failure, system::Environment};

use super::{
    audit, cache, catalog, doctor, ledger, list, mend, off, pin, probe, recheck, run, setup, status, undo, verify,
};
use crate::{
    cli::{self, Command},
    report,
};

/// Runs a command to its end; returns the exit code.
pub(crate) fn dispatch(command: &Command, env: &Environment, config: &LazyConfig<'_>) -> Result<u8, Failure> {
    mend::mend(env, command);
    match command {
        Command::Run(asked) => return run::run(env, config, asked),
        Command::Off(asked) => return off::off(env, config, asked),
        Command::Setup(asked) => setup::setup(env, config, asked),
        Command::Use(asked) => setup::switch(env, config, asked),
        Command::Status(asked) => status::status(env, config, asked),
        Command::Doctor(output) => doctor::doctor(env, config, *output),
        Command::Undo(asked) => undo::undo(env, asked.tool),
        Command::List(output) => list::list(config, *output),
        Command::Catalog(asked) => catalog::catalog(env, config, asked),
        Command::Probe(asked) => probe::probe(env, config, asked),
        Command::Verify(asked) => verify::verify(env, config, asked),
        Command::Pin(asked) => pin::pin(env, config, asked),
        Command::Recheck(asked) => recheck::recheck(env, config, asked),
        Command::Ledger(asked) => ledger::ledger(env, config, asked),
        Command::Audit(asked) => audit::audit(env, config, asked),
        Command::Cache(asked) => cache::cache(env, config, asked),
        Command::Completions(asked) => cli::completions(asked.shell).and_then(|text| report::print(&text)),
        Command::Man => cli::man().and_then(|text| report::print(&text)),
    }
    .map(|()| 0)
}
