//! A stage for cargo: an upstream registry, mirrors of it, a configuration that names them, and projects that need crates.
//!
//! Cargo sees the sandbox's home only: no configuration, no cache and no proxy of the machine.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    server::CrateServer,
    stock::{CrateStock, workspace},
};
use crate::world::{Ran, Sandbox};

/// Crates that a small project needs; each is a dependency of this workspace, and it and its own are unpacked soon.
const HANDFUL: &[&str] = &["bytes", "httparse", "ipnet", "strsim", "thiserror"];

/// How much a project needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A handful of crates, and theirs.
    Handful,
    /// What this workspace needs: more than a hundred crates.
    Everything,
}

/// One mirror on stage.
#[derive(Debug)]
pub struct CargoMirror {
    /// Its name, and that of its operator.
    pub name: String,
    /// Its registry.
    pub server: CrateServer,
    /// Where the configuration says it is, if not at its server.
    address: Option<String>,
    /// Further keys of its entry.
    keys: String,
}

/// An upstream registry with mirrors, and a sandbox configured for them.
#[derive(Debug)]
pub struct CargoStage {
    /// Where the programs run.
    pub sandbox: Sandbox,
    /// What all registries here have.
    pub stock: CrateStock,
    /// The authority.
    pub upstream: CrateServer,
    /// The mirrors, in the order of their names.
    pub mirrors: Vec<CargoMirror>,
}

impl CargoStage {
    /// Sets the stage: each mirror has what upstream has.
    pub fn new(mirrors: &[&str]) -> Self {
        Self::with_stock(CrateStock::of_workspace(), mirrors)
    }

    /// The same with a stock of the test's own.
    pub fn with_stock(stock: CrateStock, mirrors: &[&str]) -> Self {
        let mirror = |name: &&str| CargoMirror {
            name: (*name).to_owned(),
            server: CrateServer::start(&stock),
            address: None,
            keys: String::new(),
        };
        let mirrors = mirrors.iter().map(mirror).collect();
        let stage = Self { sandbox: Sandbox::new(), upstream: CrateServer::start(&stock), stock, mirrors };
        stage.configure("");
        stage
    }

    /// Writes the configuration: the stage's upstream and mirrors, and what the test adds.
    pub fn configure(&self, extra: &str) {
        self.sandbox.mirror_config(&self.configuration(extra));
    }

    /// The configuration of the stage. It ends in a mirror's table, or in `[cargo]` when there is none.
    pub fn configuration(&self, extra: &str) -> String {
        let mut text = format!("[catalog]\nbuiltin = false\n[cargo]\nupstream = \"{}\"\n", self.upstream.index());
        for mirror in &self.mirrors {
            let address = mirror.address.clone().unwrap_or_else(|| mirror.server.index());
            text += &format!("[mirrors.{}]\ncargo = \"{address}\"\n{}", mirror.name, mirror.keys);
        }
        text + extra
    }

    /// Gives a mirror's entry further keys in place of those it had, and writes the configuration.
    pub fn set_keys(&mut self, name: &str, keys: &str) {
        self.mirror_mut(name).keys = format!("{keys}\n");
        self.configure("");
    }

    /// Says that a mirror's index is elsewhere than at its server, and writes the configuration.
    pub fn set_address(&mut self, name: &str, base: &str) {
        self.mirror_mut(name).address = Some(format!("sparse+{}/", base.trim_end_matches('/')));
        self.configure("");
    }

    /// A mirror's registry by name.
    ///
    /// # Panics
    ///
    /// When there is no such mirror.
    pub fn mirror(&self, name: &str) -> &CrateServer {
        &self.mirrors.iter().find(|mirror| mirror.name == name).expect("a mirror of this stage").server
    }

    fn mirror_mut(&mut self, name: &str) -> &mut CargoMirror {
        self.mirrors.iter_mut().find(|mirror| mirror.name == name).expect("a mirror of this stage")
    }

    /// Makes a project below the work folder, without a lock.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn project(&self, name: &str, needs: Needs) -> PathBuf {
        let folder = self.sandbox.work().join(name);
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{}",
            dependencies(&self.stock, needs)
        );
        fs::create_dir_all(folder.join("src")).expect("the work folder is ours");
        fs::write(folder.join("Cargo.toml"), manifest).expect("the work folder is ours");
        fs::write(folder.join("src/lib.rs"), "//! Needs crates.\n").expect("the work folder is ours");
        folder
    }

    /// The same with a lock, which cargo makes from upstream: its packages come from the official registry, and their
    /// checksums are true. Cargo's home and upstream's log are as before afterwards.
    pub fn locked_project(&self, name: &str, needs: Needs) -> PathBuf {
        let folder = self.project(name, needs);
        let maker = CrateServer::start(&self.stock);
        let mut command = self.command(&folder, ["generate-lockfile"]);
        replace(&mut command, &maker.index());
        command.env("CARGO_HOME", self.sandbox.path("cargo-of-locks"));
        self.sandbox.run(command).ok();
        folder
    }

    /// A cargo command in a folder, as cargo is configured in the sandbox.
    pub fn command(&self, folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.sandbox.command("cargo");
        command.current_dir(folder).args(arguments);
        command
    }

    /// Runs cargo in a folder, as it is configured in the sandbox.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn cargo(&self, folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.sandbox.run(self.command(folder, arguments))
    }

    /// Runs cargo with the official registry replaced by an index for this command alone. It asks once, never again.
    #[must_use = "call ok() or look at the code"]
    #[track_caller]
    pub fn cargo_through(
        &self,
        index: &str,
        folder: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Ran {
        self.sandbox.run(self.command_through(index, folder, arguments))
    }

    /// The command of [`CargoStage::cargo_through`].
    pub fn command_through(
        &self,
        index: &str,
        folder: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = self.command(folder, arguments);
        replace(&mut command, index);
        command
    }

    /// Empties cargo's home: its configuration, its indexes and crates.
    ///
    /// # Panics
    ///
    /// When it cannot be emptied.
    pub fn fresh_cargo_home(&self) {
        let home = self.sandbox.path("cargo");
        fs::remove_dir_all(&home).and_then(|()| fs::create_dir(&home)).expect("the folder is ours");
    }

    /// Has the programs forget what they remember: state, caches and reports. Cargo's home stays.
    ///
    /// # Panics
    ///
    /// When the folders cannot be emptied.
    pub fn forget(&self) {
        for folder in ["state", "cache"] {
            let folder = self.sandbox.path(folder);
            fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("the folder is ours");
        }
        self.sandbox.forget_reports();
    }
}

fn replace(command: &mut Command, index: &str) {
    command.args(["--config", "net.retry=0", "--config", "source.crates-io.replace-with=\"stage\""]);
    command.arg("--config").arg(format!("source.stage.registry=\"{index}\""));
}

/// Lines of this workspace's manifest, so that what they ask for is in stock, features included.
fn dependencies(stock: &CrateStock, needs: Needs) -> String {
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).expect("the workspace has a manifest");
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().skip(1).take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    // A line of a crate that no package takes yet is not in the lock.
    let in_stock = |line: &&str| stock.crates().iter().any(|one| one.name == name(line));
    let wanted = |line: &&str| needs == Needs::Everything || HANDFUL.contains(&name(line).as_str());
    lines
        .filter(in_stock)
        .filter(|line| line.contains(" = ") && !line.contains("path = "))
        .filter(wanted)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
