//! The real cargo: which one, what it calls itself, where its project and its folder are. Decides nothing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::{Environment, MIRROR_CARGO_HOME},
};

use crate::system::{programs, version};

/// The first cargo whose `include` is stable.
pub(crate) const INCLUDES: (u32, u32) = (1, 94);

/// The first cargo that knows sparse indexes, which is what mirrors have.
pub(crate) const SPARSE: (u32, u32) = (1, 68);

/// The cargo that started us, else the one on PATH.
pub(crate) fn program(env: &Environment) -> PathBuf {
    env.var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// A command of it. `+toolchain` is for rustup's alone to understand, which is the one on PATH.
pub(crate) fn command(env: &Environment, toolchain: bool) -> Command {
    if toolchain { Command::new("cargo") } else { Command::new(program(env)) }
}

/// A cargo that has been asked what it is. That takes a while, in which there is other work.
#[derive(Debug)]
pub(crate) struct AskedVersion(Option<Child>);

impl AskedVersion {
    /// Asks it.
    pub(crate) fn of(cargo: &Path) -> Self {
        let mut command = Command::new(cargo);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().ok())
    }

    /// cargo's own `User-Agent`, such as `cargo/1.95.0 (…)`: some mirrors answer it differently from others.
    pub(crate) fn agent(self) -> String {
        let output = self.0.and_then(|child| child.wait_with_output().ok());
        let version =
            output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        if version.starts_with("cargo ") { version.replacen(' ', "/", 1) } else { "cargo".to_owned() }
    }
}

/// Its version as it says it, such as `1.95.0`; nothing when there is none to start.
pub(crate) fn version(env: &Environment) -> Option<String> {
    version_in(&said(env, &["--version"]).ok()?)
}

/// Every cargo that may read the same configuration as ours and knows no sparse index: those on PATH and rustup's, each
/// with its version. Such a one ends with whatever it is to do where crates-io is replaced with a sparse index.
pub(crate) fn too_old(env: &Environment) -> Vec<(PathBuf, String)> {
    let folder = env.var_os("RUSTUP_HOME").map(|folder| env.cwd().join(folder));
    let folder = folder.or_else(|| env.home().map(|home| home.join(".rustup")));
    let toolchains = folder.and_then(|folder| std::fs::read_dir(folder.join("toolchains")).ok());
    let toolchains = toolchains.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/cargo"));
    let ours = program(env);
    let others = programs::all(env, "cargo").into_iter().chain(toolchains.filter(|cargo| programs::is_program(cargo)));
    // The bare name is the first one on PATH.
    let ours = Some(ours).filter(|ours| ours.components().count() > 1);
    let mut seen = BTreeSet::new();
    ours.into_iter()
        .chain(others)
        .filter(|cargo| seen.insert(cargo.clone()))
        .filter_map(|cargo| {
            let output =
                Command::new(&cargo).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
            let version = version_in(&output)?;
            (!version::at_least(&version, SPARSE)).then_some((cargo, version))
        })
        .collect()
}

fn version_in(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1).filter(|_| output.status.success()).map(str::to_owned)
}

/// The root folder of the workspace that the working directory is in.
///
/// # Errors
///
/// [`Kind::Config`] when there is none.
pub(crate) fn workspace(env: &Environment) -> Result<PathBuf, Failure> {
    let output = said(env, &["locate-project", "--workspace", "--message-format", "plain"])?;
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    match manifest.parent().filter(|_| output.status.success()) {
        Some(root) if root.is_absolute() => Ok(root.to_owned()),
        _ => Err(Failure::new(Kind::Config, format!("{} is in no cargo project", env.cwd().display()))
            .hint("cargo mirror setup cargo --scope user")),
    }
}

/// cargo's own folder: `$CARGO_HOME`, else `~/.cargo`. Below `cargo mirror run` it is the user's, not the one of the run.
///
/// # Errors
///
/// [`Kind::Config`] without a home folder.
pub(crate) fn home(env: &Environment) -> Result<PathBuf, Failure> {
    let told = env.var_os(MIRROR_CARGO_HOME).or_else(|| env.var_os("CARGO_HOME")).map(|folder| env.cwd().join(folder));
    told.or_else(|| env.home().map(|home| home.join(".cargo"))).ok_or_else(|| {
        Failure::new(Kind::Config, "there is no home folder, so no configuration of cargo")
            .hint("set HOME or CARGO_HOME")
    })
}

fn said(env: &Environment, arguments: &[&str]) -> Result<Output, Failure> {
    let mut command = command(env, false);
    command.args(arguments).stdin(Stdio::null());
    command.output().map_err(|error| not_started(&error))
}

/// The failure of a cargo that is not there.
pub(crate) fn not_started(error: &std::io::Error) -> Failure {
    Failure::new(Kind::Config, format!("cargo cannot be started: {error}")).hint("install cargo, or add it to PATH")
}
