//! The pips that tests use: the machine's own, and the newest one, in an environment made once for each target folder.
//!
//! Which index the newest one comes from is pip's matter: no address stands here.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use crate::world::programs;

/// What is installed: pip, and what pips need for SOCKS proxies.
const WANTED: &[&str] = &["pip", "pysocks"];
/// A file that says that the environment is complete.
const WHOLE: &str = "whole";

/// A pip to test with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pip {
    /// The one on PATH.
    Machines,
    /// The newest one, in an environment of its own, whose programs are in this folder.
    Newest(PathBuf),
}

impl Pip {
    /// The newest one, which is installed first if need be.
    ///
    /// # Errors
    ///
    /// Why it cannot be installed, such as that there is no Python or no network.
    pub fn newest() -> Result<Self, String> {
        let programs = programs();
        let folder = programs.parent().ok_or("no target folder")?.join("tmp/newest-pip");
        fs::create_dir_all(folder.parent().ok_or("no target folder")?).map_err(|error| error.to_string())?;
        let lock = File::create(folder.with_extension("lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        if !folder.join(WHOLE).exists() {
            // An error means that there is none.
            let _ = fs::remove_dir_all(&folder);
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            let python = folder.join("bin/python3");
            run(Command::new(python).args(["-m", "pip", "install", "--quiet", "--upgrade"]).args(WANTED))?;
            fs::write(folder.join(WHOLE), "").map_err(|error| error.to_string())?;
        }
        Ok(Self::Newest(folder.join("bin")))
    }

    /// Its Python.
    pub fn python(&self) -> PathBuf {
        match self {
            Self::Machines => "python3".into(),
            Self::Newest(folder) => folder.join("python3"),
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said()) }
}
