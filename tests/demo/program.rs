//! The program under demonstration: built beside the demo, by cargo, if it is not there or older.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::SystemTime,
};

use mirror_tests::programs;

use crate::show::say;

const PROGRAM: &str = "stage-git-remote-mirror";

/// Has cargo build the program where the demo itself was built. The demo is linked anew whenever the suite's sources
/// change, so a program that is newer than the demo is of the same sources.
pub(crate) fn make_sure() -> Result<(), String> {
    let folder = programs();
    let program = folder.join(format!("{PROGRAM}{}", env::consts::EXE_SUFFIX));
    let demo = env::current_exe().ok().and_then(|demo| built(&demo));
    if built(&program).is_some_and(|program| demo.is_none_or(|demo| program >= demo)) {
        return Ok(());
    }
    say(&format!("Building {PROGRAM} first, unless it is up to date."));
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--locked", "--package", "mirror-tests", "--bin", PROGRAM]);
    cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = folder.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    let built_now = cargo.stdin(Stdio::null()).status().is_ok_and(|status| status.success());
    if built_now && program.exists() {
        Ok(())
    } else {
        Err(format!("cargo could not build {PROGRAM} in {}", folder.display()))
    }
}

fn built(program: &Path) -> Option<SystemTime> {
    fs::metadata(program).and_then(|found| found.modified()).ok()
}

/// The cargo that started the demo, less what it told the demo of its package: build scripts that look at such
/// variables (that of `ring` does) would run again, and half of the workspace with them.
#[expect(clippy::disallowed_methods, reason = "cargo speaks to what it runs by its environment")]
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}
