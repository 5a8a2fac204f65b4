//! `cargo mirror`: the control panel of the suite. Sets up, shows and undoes; it never fetches for another tool.
//!
//! Folders in reading order, each using only those above it: [`cli`] is the command line, `terminal` what a person is asked,
//! [`report`] all that is shown, [`change`] makes changes of files and takes them back, [`git`], [`cargo`] and `pip` know
//! each tool's configuration and plan changes of it, `commands` has one file for each command. Only [`main`] ends the
//! process.

pub mod cli;
mod terminal;
mod system;
pub mod report;
pub mod change;
pub mod git;
pub mod cargo;
mod pip;
mod commands;

use std::{ffi::OsString, process::ExitCode};

use mirror_config::{
    config::LazyConfig,
    errors::Failure,
    report::start_log,
    system::{Environment, tether},
};

/// Runs `cargo mirror` with the arguments and surroundings of this process.
///
/// The exit code is the failure's kind's (DESIGN 9), 64 for a wrong command line.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    start_log(&env);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(became) = tether::resume(&env, arguments.get(1..).unwrap_or_default()) {
        return became.map_or_else(|(_, error)| ended(&cargo::program::not_started(&error)), ExitCode::from);
    }
    let config = LazyConfig::new(&env);
    let result = match cli::parse(arguments) {
        Ok(cli::Asked::Command(command)) => commands::dispatch(&command, &env, &config),
        Ok(cli::Asked::Help(text)) => report::print(&text).map(|()| 0),
        Err(failure) => Err(failure),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ended(&failure),
    }
}

fn ended(failure: &Failure) -> ExitCode {
    report::print_error(&failure.to_string());
    ExitCode::from(failure.kind.exit_code())
}
