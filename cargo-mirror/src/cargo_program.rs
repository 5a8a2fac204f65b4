//! cargo itself: which one, and what it calls itself to servers.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mirror_config::environment::Environment;

/// The cargo that started us, else the one on PATH.
pub(crate) fn program(env: &Environment) -> PathBuf {
    env.var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// cargo's own `User-Agent`, such as `cargo/1.95.0 (…)`: some mirrors answer it differently from others.
pub(crate) fn agent(cargo: &Path) -> String {
    let output = Command::new(cargo).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if version.starts_with("cargo ") { version.replacen(' ', "/", 1) } else { "cargo".to_owned() }
}
