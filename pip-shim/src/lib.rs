//! Stands before pip. Under pip's name it runs the real pip, with an index if the command needs one and the user has not
//! chosen one; under its own it says what it would do.
//!
//! One line: `command_line` and `requirements` say what was asked for, `real_pip` which pip, `plan` what is to be done and
//! how pip hears of it, and `run` becomes pip. What needs no index goes straight from `command_line` to `run`, and nothing
//! is read for it.

pub mod command_line;
pub mod requirements;
pub mod real_pip;
pub mod plan;
pub mod terminal;
pub mod run;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    report::start_log,
    system::{Environment, tether},
};

/// The program.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    start_log(&env);
    let config = LazyConfig::new(&env);
    let mut arguments = std::env::args_os();
    let own = PathBuf::from(arguments.next().unwrap_or_default());
    let arguments: Vec<OsString> = arguments.collect();
    let name = if own.extension().is_some_and(|e| e == "exe") { own.file_stem() } else { own.file_name() };
    let file = std::env::current_exe().unwrap_or_else(|_| own.clone());
    let ran = match (tether::resume(&env, &arguments), name) {
        (Some(Ok(code)), _) => Ok(ExitCode::from(code)),
        (Some(Err((pip, error))), _) => {
            Err(run::with_code(Failure::new(Kind::Io, format!("{}: {error}", pip.display()))))
        }
        (None, Some(name)) if name != real_pip::OWN_NAME => run::as_pip::run(&env, &config, name, &file, &arguments),
        (None, _) => run::explain::explain(&env, &config, &file, &arguments),
    };
    ran.unwrap_or_else(|(failure, code)| {
        terminal::error(&failure);
        ExitCode::from(code)
    })
}
