//! A program that ends with the one that started it, also when that one is killed: it would be left without what it was
//! served.
//!
//! Only the process that is to end can ask the system for that, before it becomes the program. So whoever starts it starts
//! itself, and that becomes the program. Linux only; elsewhere the program finds out by itself.

use std::{ffi::OsString, io, path::Path, process::Command};

use super::{
    child,
    environment::{Environment, MIRROR_HELD},
};

/// This program, as the system knows it even when its file has been replaced.
#[cfg(target_os = "linux")]
const SELF: &str = "/proc/self/exe";

/// The same command, to be started and waited for; `name` is what the process is called until it becomes the program.
pub fn held(command: Command, name: &str) -> Command {
    #[cfg(target_os = "linux")]
    if Path::new(SELF).exists()
        && let Ok(held) =
            std::env::join_paths([Path::new(&std::process::id().to_string()), Path::new(command.get_program())])
    {
        let mut between = Command::new(SELF);
        std::os::unix::process::CommandExt::arg0(&mut between, name);
        between.args(command.get_args()).env(MIRROR_HELD, held);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => between.env(name, value),
                None => between.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            between.current_dir(folder);
        }
        return between;
    }
    let _ = name;
    command
}

/// Becomes the program, where this is the process between; else nothing. Returns its code where it could only be started.
///
/// # Errors
///
/// With the program, when it cannot be started.
pub fn resume(env: &Environment, arguments: &[OsString]) -> Option<Result<u8, (OsString, io::Error)>> {
    let held = env.var_os(MIRROR_HELD)?;
    let mut parts = std::env::split_paths(held);
    let (starter, program) = (parts.next()?.to_str()?.parse().ok()?, parts.next()?.into_os_string());
    match follow(starter) {
        Ok(true) => {}
        Ok(false) => return Some(Err((program, io::ErrorKind::BrokenPipe.into()))),
        Err(error) => tracing::debug!(%error, "it will not end with its starter"),
    }
    let mut command = Command::new(&program);
    command.args(arguments).env_remove(MIRROR_HELD);
    Some(child::become_it(&mut command).map_err(|error| (program, error)))
}

#[cfg(target_os = "linux")]
fn follow(starter: u32) -> io::Result<bool> {
    child::follow(starter)
}

#[cfg(not(target_os = "linux"))]
fn follow(_: u32) -> io::Result<bool> {
    Ok(true)
}
