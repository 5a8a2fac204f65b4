//! What the tests of pip's set-up stand on: a sandbox with a PATH of its own, and a look at all that may change. No tests
//! here.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{Ran, Sandbox, search_path};
use serde_json::Value;

pub(crate) const CONFIG: &str = "\
[catalog]
builtin = false
[mirrors.campus]
pypi = \"https://pypi.campus.example/simple/\"
[mirrors.other]
pypi = \"https://pypi.other.example/simple/\"
";
pub(crate) const INDEX: &str = "https://pypi.campus.example/simple/";
pub(crate) const LINKS: &[&str] = &["setup", "pip", "--yes"];
pub(crate) const SETUP: &[&str] = &["setup", "pip", "--pip-conf", "--mirror", "campus", "--yes"];
pub(crate) const UNDO: &[&str] = &["undo", "pip"];

/// A sandbox whose PATH has nothing but what the sandbox puts there, and a Python that says where its own files are.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

impl World {
    /// With nothing of pip's.
    pub(crate) fn new() -> Self {
        let world = Self { sandbox: Sandbox::new() };
        world.sandbox.mirror_config(CONFIG);
        world.sandbox.add_script("python3", &format!("echo '{}'", world.sandbox.path("prefix").display()));
        world
    }

    /// With a `pip.conf` of the user's.
    pub(crate) fn with(contents: &[u8]) -> Self {
        let world = Self::new();
        world.file("config/pip/pip.conf", contents);
        world
    }

    /// A file in the sandbox.
    pub(crate) fn file(&self, below: &str, contents: &[u8]) {
        let path = self.sandbox.path(below);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the sandbox is ours");
        fs::write(path, contents).expect("the sandbox is ours");
    }

    /// The machine's git, for what looks at all tools.
    pub(crate) fn add_git(&self) {
        let git = on_machine("git").expect("the tests need git");
        symlink(git, self.sandbox.path("bin/git")).expect("the sandbox is ours");
    }

    /// The user's `pip.conf`.
    pub(crate) fn conf(&self) -> PathBuf {
        self.sandbox.path("config/pip/pip.conf")
    }

    /// What stands in it.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.conf()).expect("it is there, and text")
    }

    /// The folder of the links.
    pub(crate) fn shims(&self) -> PathBuf {
        self.sandbox.path("data/mirror/shims")
    }

    /// The program that they lead to.
    pub(crate) fn shim(&self) -> PathBuf {
        self.sandbox.path("programs/pip-shim")
    }

    /// The control panel, to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.panel(arguments);
        let path = [self.sandbox.path("bin"), self.sandbox.path("programs")];
        command.env("PATH", std::env::join_paths(path).expect("plain names"));
        command.env("SHELL", "/bin/bash");
        command
    }

    /// Runs the control panel.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(self.command(arguments))
    }

    /// The same with variables.
    #[track_caller]
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.sandbox.run(command)
    }

    /// What a set-up may change, and nothing else.
    pub(crate) fn tree(&self) -> BTreeMap<String, String> {
        ["home", "config", "data", "prefix", "work"].iter().flat_map(|name| tree(&self.sandbox.path(name))).collect()
    }

    /// What a command says in JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
        let said = self.run_with(arguments, variables).ok();
        serde_json::from_str(&said.stdout).expect("JSON")
    }

    /// What the doctor has to say of pip.
    #[track_caller]
    pub(crate) fn doctor(&self, variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let found = self.json(&["doctor", "--json"], variables);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_pip = found.as_array().expect("a list").iter().filter(|finding| finding["tool"] == "pip");
        of_pip.map(|finding| (text(&finding["what"]), text(&finding["hint"]))).collect()
    }
}

/// Everything below a folder: modes, contents, and where links lead.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Ok(metadata) = fs::symlink_metadata(folder) else { return found };
    let mode = metadata.permissions().mode();
    let what = if metadata.is_symlink() {
        format!("-> {}", fs::read_link(folder).expect("a link").display())
    } else if metadata.is_dir() {
        for entry in fs::read_dir(folder).expect("the sandbox is ours") {
            found.extend(tree(&entry.expect("readable").path()));
        }
        "a folder".to_owned()
    } else {
        format!("{:?}", fs::read(folder).expect("readable"))
    };
    found.insert(folder.display().to_string(), format!("{mode:o} {what}"));
    found
}

/// A program of the machine's.
pub(crate) fn on_machine(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join(program)).find(|file| file.exists())
}
