//! What cargo makes of a case: a project that needs `beta`, its lock, and what cargo fetches for it.

use std::{fs, path::PathBuf, process::Command};

use super::web::Shelf;
use crate::{
    cargo::locked,
    corpus::{
        case::{Case, LOCK, PIN},
        packages::{Crates, with_hashes},
    },
    web::sha256,
    world::Sandbox,
};

/// The project's manifest.
const MANIFEST: &str =
    "[package]\nname = \"project\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nbeta = \"1\"\n";

impl Shelf for Crates {
    fn address(base: &str) -> String {
        format!("sparse+{base}/")
    }

    fn upstream_part(case: &Case, address: &str) -> (String, &'static str) {
        (format!("[cargo]\ntrust = \"{}\"\nupstream = \"{address}\"\n", case.policy.trust), "cargo")
    }

    fn prepare(&self, sandbox: &Sandbox, case: &Case, base: &str) -> Result<(), String> {
        let project = Self::target(sandbox);
        let written = fs::create_dir_all(project.join("src"))
            .and_then(|()| fs::write(project.join("Cargo.toml"), MANIFEST))
            .and_then(|()| fs::write(project.join("src/lib.rs"), "//! Needs a crate.\n"));
        written.map_err(|error| error.to_string())?;
        for (name, text) in &case.files {
            let text = with_hashes(text, |title| self.checksum(title).map(str::to_owned));
            let file = project.join(name);
            let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
            folder.and_then(|()| fs::write(&file, text)).map_err(|error| error.to_string())?;
        }
        if case.before.as_ref().is_some_and(|before| [LOCK, PIN].contains(&before.action.as_str())) {
            let mut command = cargo(sandbox, &["generate-lockfile"]);
            command.args(["--config", "source.crates-io.replace-with=\"stage\"", "--config"]);
            command.arg(format!("source.stage.registry=\"{}\"", Self::address(base)));
            command.env("CARGO_HOME", sandbox.path("cargo-of-locks"));
            sandbox.run(command).ok();
        }
        Ok(())
    }

    fn target(sandbox: &Sandbox) -> PathBuf {
        sandbox.work().join("project")
    }

    fn command(sandbox: &Sandbox, action: &str) -> Command {
        let mut command = sandbox.command("cargo-mirror");
        command.current_dir(Self::target(sandbox));
        match action {
            PIN => command.args([PIN, "--crates"]),
            _ => command.args(["run", "--"]).args(action.split_whitespace()),
        };
        command
    }

    /// The lock's packages, and the files in cargo's cache: the ones no less than the others.
    fn had(&self, sandbox: &Sandbox, _: &Case) -> Result<Vec<String>, String> {
        let lock = fs::read_to_string(Self::target(sandbox).join("Cargo.lock")).map_err(|error| error.to_string())?;
        let mut titles = Vec::new();
        for [name, version, checksum] in locked(&lock) {
            let title = format!("{name} {version}");
            match self.checksum(&title) {
                Some(own) if own == checksum => titles.push(title),
                own => return Err(format!("{title} is locked with {checksum}, and here it is {own:?}")),
            }
        }
        let caches = fs::read_dir(sandbox.path("cargo/registry/cache")).map_err(|error| error.to_string())?.flatten();
        let mut files = Vec::new();
        for file in caches.flat_map(|cache| fs::read_dir(cache.path()).into_iter().flatten().flatten()) {
            let name = file.file_name().to_string_lossy().trim_end_matches(".crate").replacen('-', " ", 1);
            let sum = sha256(&fs::read(file.path()).map_err(|error| error.to_string())?);
            if self.checksum(&name) != Some(&sum) {
                return Err(format!("{name} is {sum}, and here it is {:?}", self.checksum(&name)));
            }
            files.push(name);
        }
        titles.sort();
        files.sort();
        match titles == files {
            true => Ok(titles),
            false => Err(format!("locked are {titles:?}, fetched {files:?}")),
        }
    }

    fn usual(_: &Case) -> Vec<String> {
        ["alpha 1.1.0", "beta 1.0.0"].map(str::to_owned).to_vec()
    }
}

fn cargo(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command("cargo");
    command.current_dir(Crates::target(sandbox)).args(arguments);
    command
}
