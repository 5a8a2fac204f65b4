//! What pip makes of a case: files in a folder, or packages installed into one.

use std::{fs, path::PathBuf, process::Command};

use super::web::Shelf;
use crate::{
    corpus::{
        case::{Case, PIN},
        packages::{Wheels, project, wheel, with_hashes},
    },
    web::sha256,
    world::Sandbox,
};

/// How a user of the suite fixes what there is; `$0` is pip behind the shim.
const PINNING: &str = r#"MIRROR_PIP__TRUST=quorum "$0" --disable-pip-version-check download --no-cache-dir -qd pinned demo other &&
    cargo-mirror pin --wheels pinned && rm -r pinned"#;

/// Whether the machine has a pip to run.
pub fn has_pip() -> bool {
    let asked = Command::new("python3").args(["-m", "pip", "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

impl Shelf for Wheels {
    fn address(base: &str) -> String {
        format!("{base}/simple/")
    }

    fn upstream_part(case: &Case, address: &str) -> (String, &'static str) {
        let private = if case.policy.private { "private = [\"demo\", \"lib\"]\n" } else { "" };
        (format!("[pip]\ntrust = \"{}\"\nupstream = \"{address}\"\n{private}", case.policy.trust), "pypi")
    }

    fn prepare(&self, sandbox: &Sandbox, case: &Case, _: &str) -> Result<(), String> {
        for (name, text) in &case.files {
            let text = with_hashes(text, |title| self.wheel(title).map(|(_, hash)| hash));
            fs::write(sandbox.work().join(name), text).map_err(|error| error.to_string())?;
        }
        let shim = sandbox.path("shim");
        let made = fs::create_dir(&shim).and_then(|()| link(&sandbox.path("programs/pip-shim"), &shim.join("pip")));
        made.map_err(|error| error.to_string())
    }

    fn target(sandbox: &Sandbox) -> PathBuf {
        sandbox.work().join("target")
    }

    fn command(sandbox: &Sandbox, action: &str) -> Command {
        if action == PIN {
            let mut command = sandbox.command("sh");
            command.args(["-c", PINNING]).arg(sandbox.path("shim/pip"));
            return command;
        }
        let mut words = action.split_whitespace();
        let word = words.next().unwrap_or_default();
        let mut command = sandbox.command(sandbox.path("shim/pip"));
        command.args(["--disable-pip-version-check", word, "--no-cache-dir"]);
        command.arg(if word == "install" { "--target" } else { "-d" }).arg(Self::target(sandbox)).args(words);
        command
    }

    fn had(&self, sandbox: &Sandbox, case: &Case) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(Self::target(sandbox)).map_err(|error| error.to_string())?.flatten();
        let mut titles = Vec::new();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (wheel_name, installed) = match name.strip_suffix(".dist-info") {
                Some(stem) => (format!("{stem}-py3-none-any.whl"), true),
                None if name.ends_with(".whl") => (name.clone(), false),
                // A package of an installed wheel, which is looked at below.
                None if case.action.starts_with("install") && path.is_dir() => continue,
                None => return Err(format!("{name} is no wheel")),
            };
            let title = wheel_name.trim_end_matches("-py3-none-any.whl").replacen('-', " ", 1);
            let Some((_, hash)) = self.wheel(&title) else { return Err(format!("there is no {title} here")) };
            let found = if installed {
                // What was installed is as the wheel has it if the wheel made of it is the same.
                let module = Self::target(sandbox).join(project(&title)).join("__init__.py");
                let text = fs::read_to_string(module).map_err(|error| error.to_string())?;
                let needs: &[(&str, &str)] = if project(&title) == "demo" { &[("lib", "")] } else { &[] };
                wheel(&title, needs, text.trim_start_matches("# ")).sha256()
            } else {
                sha256(&fs::read(&path).map_err(|error| error.to_string())?)
            };
            if found != hash {
                return Err(format!("{name} is {found}, and here it is {hash}"));
            }
            titles.push(title);
        }
        titles.sort();
        Ok(titles)
    }

    fn usual(case: &Case) -> Vec<String> {
        let all = ["demo 1.1", "lib 1.0"].map(str::to_owned).to_vec();
        if case.action.contains("--no-deps") { all[..1].to_vec() } else { all }
    }
}

#[cfg(unix)]
fn link(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    fs::hard_link(from, to)
}
