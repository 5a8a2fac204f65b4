//! Stands before pip. Under pip's name it runs the real pip; under its own it says which one that is.
//!
//! It does not choose an index yet: until it does, it stands aside and passes everything on.

pub mod real_pip;

use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use mirror_config::{
    environment::{Environment, MIRROR_DEPTH},
    failure::{Failure, Kind},
};

/// Exit code of a command that does not exist (POSIX, as of a shell).
const NOT_FOUND: u8 = 127;
/// Shims that may stand before one another before it is a circle.
const DEEPEST: u32 = 8;

/// The program.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    let mut arguments = std::env::args_os();
    let own = PathBuf::from(arguments.next().unwrap_or_default());
    match run(&env, &own, arguments.collect()) {
        Ok(code) => code,
        Err(failure) => {
            // Nobody is listening if this fails.
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(if failure.kind == Kind::Config { NOT_FOUND } else { failure.kind.exit_code() })
        }
    }
}

fn run(env: &Environment, own: &Path, arguments: Vec<OsString>) -> Result<ExitCode, Failure> {
    let name =
        own.file_stem().filter(|_| own.extension().is_some_and(|e| e == "exe")).or(own.file_name()).unwrap_or_default();
    let file = std::env::current_exe().unwrap_or_else(|_| own.to_owned());
    if name == "pip-shim" {
        let real = real_pip::find(env, "pip".as_ref(), &file)?;
        writeln!(std::io::stdout(), "pip is {}; nothing is injected", real.display())
            .map_err(|error| Failure::new(Kind::Io, error.to_string()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if env.depth() >= DEEPEST {
        return Err(Failure::new(Kind::Config, "the pip shim leads back to itself")
            .hint("look for shims of pip on PATH: `which -a pip`"));
    }
    let real = real_pip::find(env, name, &file)?;
    let mut command = Command::new(&real);
    command.args(arguments).env(MIRROR_DEPTH, (env.depth() + 1).to_string());
    become_it(&mut command).map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", real.display())))
}

/// This process becomes the real pip: streams, signals and exit code are its own.
#[cfg(unix)]
fn become_it(command: &mut Command) -> std::io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> std::io::Result<ExitCode> {
    let status = command.status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
