//! Becoming the real pip: its streams, terminal, signals, working directory, arguments and exit code are its own.

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, MIRROR_DEPTH, MIRROR_PIP_TRIED, child},
};

use crate::{plan::Change, real_pip::find};

/// Runs pip with these arguments and changes; where the platform allows it this process becomes pip, and this returns
/// only when that fails.
///
/// # Errors
///
/// [`Kind::Io`] when it cannot be started.
pub fn run(env: &Environment, pip: &Path, arguments: &[OsString], changes: &[Change]) -> Result<ExitCode, Failure> {
    let mut command = command(env, pip, arguments, changes);
    let became = child::become_it(&mut command).map(ExitCode::from);
    became.map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", pip.display())))
}

/// pip with these arguments and changes, not started yet.
pub fn command(env: &Environment, pip: &Path, arguments: &[OsString], changes: &[Change]) -> Command {
    let mut command = Command::new(pip);
    command.args(arguments).envs(changes.iter().map(|change| (change.name, change.value.as_str())));
    command.env(MIRROR_DEPTH, (env.depth() + 1).to_string()).env(MIRROR_PIP_TRIED, find::mark(env, pip));
    command
}
