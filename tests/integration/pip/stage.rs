//! What the tests of the pip shim stand on: a folder with the shim under pip's name, and a pip that records how it was
//! called. No tests here.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{Sandbox, search_path};

/// Writes down arguments, variables and working folder; ends with `$CODE`.
const RECORDER: &str = r#"#!/bin/sh
{ for word in "$@"; do printf '%s\0' "$word"; done; } > "$RECORD/arguments"
env -0 > "$RECORD/variables"
pwd > "$RECORD/folder"
echo "$0" > "$RECORD/program"
exit "${CODE:-0}"
"#;

/// One mirror and no other.
pub(crate) const MIRROR: &str = "[catalog]\nbuiltin = false\n[mirrors.m]\npypi = \"https://m.example/simple/\"\n";

/// A sandbox with `shim/pip` in front of `real/pip`.
pub(crate) struct PipStage {
    pub(crate) sandbox: Sandbox,
}

impl PipStage {
    /// With this configuration.
    pub(crate) fn new(config: &str) -> Self {
        let stage = Self { sandbox: Sandbox::new() };
        stage.sandbox.mirror_config(config);
        stage.link("shim/pip");
        stage.program("real/pip", RECORDER);
        fs::create_dir(stage.sandbox.path("record")).expect("the sandbox is ours");
        stage
    }

    /// The sandbox's folder.
    pub(crate) fn root(&self) -> String {
        let work = self.sandbox.work();
        work.parent().expect("in the sandbox").to_str().expect("plain names").to_owned()
    }

    /// The program under test.
    pub(crate) fn shim(&self) -> PathBuf {
        self.sandbox.path("programs/pip-shim")
    }

    /// A link to the shim.
    pub(crate) fn link(&self, below: &str) {
        let path = self.sandbox.path(below);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the sandbox is ours");
        symlink(self.shim(), path).expect("the sandbox is ours");
    }

    /// A script.
    pub(crate) fn program(&self, below: &str, text: &str) {
        let path = self.sandbox.path(below);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the sandbox is ours");
        fs::write(&path, text).expect("the sandbox is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the sandbox is ours");
    }

    /// The recorder somewhere else.
    pub(crate) fn recorder(&self, below: &str) {
        self.program(below, RECORDER);
    }

    /// A file in the work folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.sandbox.work().join(name), text).expect("the sandbox is ours");
    }

    /// `pip`, as a shell would find it on this PATH; `@` in it is the sandbox. What the scripts need is behind.
    pub(crate) fn pip_on(&self, path: &str) -> Command {
        let path = path.replace('@', &format!("{}/", self.root()));
        let mut command = self.sandbox.command(self.sandbox.path("shim/pip"));
        command.env("PATH", path).env("RECORD", self.sandbox.path("record"));
        command
    }

    /// `pip` with the shim, the recorder and the programs of the machine that scripts need on PATH.
    pub(crate) fn pip(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.pip_on(&format!("@shim:@real:{}", tools()));
        command.args(words);
        command
    }

    /// The arguments that the recorder was called with, byte for byte; nothing when it was not called. Forgotten by this.
    pub(crate) fn arguments(&self) -> Option<Vec<OsString>> {
        let file = self.sandbox.path("record/arguments");
        let bytes = fs::read(&file).ok()?;
        fs::remove_file(&file).expect("the sandbox is ours");
        let words = bytes.split(|b| *b == 0).map(|word| OsString::from_vec(word.to_vec())).collect::<Vec<_>>();
        Some(words[..words.len() - 1].to_vec())
    }

    /// The variables of the recorder's last call.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let bytes = fs::read(self.sandbox.path("record/variables")).expect("pip was called");
        let pairs = bytes.split(|b| *b == 0).map(|pair| OsStr::from_bytes(pair).to_string_lossy().into_owned());
        pairs.filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }

    /// A line that the recorder wrote.
    pub(crate) fn recorded(&self, what: &str) -> String {
        fs::read_to_string(self.sandbox.path("record").join(what)).unwrap_or_default().trim_end().to_owned()
    }
}

/// The machine's own folders, without those that have a pip in them: `env` and `printf` are linked elsewhere.
fn tools() -> String {
    let machine = search_path();
    let folders = std::env::split_paths(&machine).filter(|folder| Path::new(folder).join("env").exists());
    std::env::join_paths(folders).expect("it was a PATH").into_string().expect("plain names")
}
