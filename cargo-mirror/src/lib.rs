//! `cargo mirror`: the control panel of the suite. Sets up, shows and undoes; it never fetches for another tool.
//!
//! Modules in reading order: [`cli`] is the command line, `commands` has one file for each, [`git_setup`], `cargo_setup`
//! and `pip_setup` plan changes of a tool's configuration, [`change`] makes them and takes them back, `git_check` has git
//! check objects, `workspace` finds a project, `lock_file` reads what it pins, `report` is all that is shown. Only
//! [`main`] prints errors and ends.

mod cargo_config;
mod cargo_program;
mod cargo_setup;
pub mod change;
pub mod cli;
mod commands;
mod config_file;
mod git_config;
mod git_check;
pub mod git_setup;
mod git_tree;
pub mod lock_file;
mod pip_config;
mod pip_setup;
mod pip_upstream;
mod programs;
mod prompt;
pub mod report;
mod shell;
mod undo_record;
mod workspace;

use std::process::ExitCode;

use mirror_config::environment::Environment;

/// Runs `cargo mirror` with the arguments and surroundings of this process.
///
/// The exit code is the failure's kind's (DESIGN 9), 64 for a wrong command line.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    let result = match cli::parse(std::env::args_os()) {
        Ok(cli::Asked::Command(command)) => commands::run(&command, &env),
        Ok(cli::Asked::Help(text)) => report::print(&text).map(|()| 0),
        Err(failure) => Err(failure),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            report::print_error(&failure.to_string());
            ExitCode::from(failure.kind.exit_code())
        }
    }
}
