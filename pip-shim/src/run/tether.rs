//! A pip that ends with the shim that started it, also when the shim is killed: it would be left without its index.
//!
//! Only the process that is to end can ask the system for that, before it becomes pip. So the shim starts itself, and that
//! becomes pip. Linux only; elsewhere pip finds out by itself.

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, MIRROR_PIP_HELD},
};

use super::exec;
use crate::plan::Change;

/// This program, as the system knows it even when its file has been replaced.
#[cfg(target_os = "linux")]
const SELF: &str = "/proc/self/exe";

/// pip with these arguments and changes, to be started and waited for.
pub fn command(env: &Environment, pip: &Path, arguments: &[OsString], changes: &[Change]) -> Command {
    let command = exec::command(env, pip, arguments, changes);
    #[cfg(target_os = "linux")]
    if Path::new(SELF).exists()
        && let Ok(held) = std::env::join_paths([Path::new(&std::process::id().to_string()), pip])
    {
        let mut between = Command::new(SELF);
        std::os::unix::process::CommandExt::arg0(&mut between, crate::real_pip::OWN_NAME);
        between.args(arguments).env(MIRROR_PIP_HELD, held);
        between.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        return between;
    }
    command
}

/// Becomes pip, where this is the process between; else nothing.
pub fn resume(env: &Environment, arguments: &[OsString]) -> Option<Result<ExitCode, Failure>> {
    let held = env.var_os(MIRROR_PIP_HELD)?;
    let mut parts = std::env::split_paths(held);
    let (shim, pip) = (parts.next()?.to_str()?.parse().ok()?, parts.next()?);
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("{}: {error}", pip.display()));
    match follow(shim) {
        Ok(true) => {}
        Ok(false) => return Some(Err(io(std::io::ErrorKind::BrokenPipe.into()))),
        Err(error) => tracing::debug!(%error, "pip will not end with the shim"),
    }
    let mut command = Command::new(&pip);
    command.args(arguments).env_remove(MIRROR_PIP_HELD);
    Some(exec::become_it(&mut command).map_err(io))
}

#[cfg(target_os = "linux")]
fn follow(shim: u32) -> std::io::Result<bool> {
    mirror_config::system::follow(shim)
}

#[cfg(not(target_os = "linux"))]
fn follow(_: u32) -> std::io::Result<bool> {
    Ok(true)
}
