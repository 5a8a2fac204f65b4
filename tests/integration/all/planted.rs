//! Secrets that are planted in a sandbox, and where they are looked for after every command.
//!
//! A secret may stand where the user put it, and where it is needed to do the work that was asked for: the real pip is told of
//! a proxy with its password by variables, for that is the only way that is not a command line; and plain cargo finds a
//! mirror's password in the file that `setup cargo` writes. Nothing else.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{Canaries, Canary, Ran, Sandbox, Started, Watch, refused_url};

/// What our programs start.
const PROGRAMS: &[&str] = &["git", "cargo", "rustc", "python3"];
/// Places of secrets.
const PLACES: &[&str] = &[
    "mirror",
    "socks",
    "proxy",
    "variable-proxy",
    "git-proxy",
    "upstream",
    "header",
    "token",
    "registry",
    "pip-index",
    "pip-upstream",
    "requirements",
    "typed",
];

/// Secrets in a sandbox.
pub(crate) struct Planted<'a> {
    sandbox: &'a Sandbox,
    /// Files that the test put secrets into, with what it wrote.
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Variables that the user of the commands has set.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Variables in which what we start may hear of a secret.
    pub(crate) told: &'static [&'static str],
    /// The secret of this place was typed into a command line by the user.
    pub(crate) typed: bool,
    canaries: Canaries,
}

/// The secret of a place.
pub(crate) fn canary(place: &str) -> Canary {
    assert!(PLACES.contains(&place), "{place} is looked for");
    Canary::of(place)
}

impl<'a> Planted<'a> {
    /// A sandbox with secrets in its variables.
    pub(crate) fn in_sandbox(sandbox: &'a Sandbox) -> Self {
        let proxy = canary("variable-proxy").in_address(&refused_url());
        let variables = vec![
            ("MIRROR_LOG", "trace".to_owned()),
            ("RUST_BACKTRACE", "1".to_owned()),
            // Nothing here is https, so that nobody goes through it, and everybody could tell of it.
            ("HTTPS_PROXY", proxy),
            ("CARGO_REGISTRY_TOKEN", canary("token").password),
        ];
        Self { sandbox, files: BTreeMap::new(), variables, told: &[], typed: false, canaries: Canaries::of(PLACES) }
    }

    /// Puts a file there that is the user's own.
    pub(crate) fn file(&mut self, path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the sandbox is ours");
        fs::write(&path, text).expect("the sandbox is ours");
        self.keep(path);
    }

    /// Says that a file is the user's own as it is now.
    pub(crate) fn keep(&mut self, path: PathBuf) {
        let bytes = fs::read(&path).expect("a file of the user's");
        self.files.insert(path, bytes);
    }

    /// A command that sees the secrets of the variables.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(program);
        command.args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a line of `cargo mirror`'s in a folder, and looks everywhere.
    pub(crate) fn mirror(&self, case: &str, folder: &Path, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = self.command("cargo-mirror", &words);
        command.current_dir(folder);
        let ran = self.run(&format!("{case}: {line}"), command);
        assert!(!ran.stderr.contains("panicked"), "{case}: {line}: {ran}");
    }

    /// Runs a command, and looks everywhere.
    pub(crate) fn run(&self, case: &str, command: Command) -> Ran {
        let watch = Watch::start(self.sandbox, PROGRAMS);
        let ran = self.sandbox.run(command);
        self.look(case, &ran, &watch.seen());
        ran
    }

    fn look(&self, case: &str, ran: &Ran, seen: &[Started]) {
        self.nothing_in(case, "stdout", ran.stdout.as_bytes());
        self.nothing_in(case, "stderr", ran.stderr.as_bytes());
        for started in seen {
            let name = started.arguments.first().map(String::as_str).unwrap_or_default();
            if !self.typed {
                self.nothing_in(case, &format!("arguments of {name}"), started.arguments.join("\n").as_bytes());
            }
            for (variable, value) in &started.variables {
                // Read while the program starts, a value may end early.
                let is_given = |text: &str| text.as_bytes().starts_with(value);
                let own = self.variables.iter().any(|(given, text)| given == variable && is_given(text));
                if !own && !self.told.contains(&variable.as_str()) {
                    self.nothing_in(case, &format!("{variable} of {:?}", started.arguments), value);
                }
            }
        }
        let mut files = Vec::new();
        for folder in ["home", "config", "state", "cache", "cargo", "data", "tmp", "work", "report.jsonl"] {
            list(&self.sandbox.path(folder), &mut files);
        }
        for file in files {
            let bytes = fs::read(&file).unwrap_or_default();
            let for_cargo = file == self.sandbox.path("cargo/mirror.toml") && is_private(&file);
            if !for_cargo && !self.is_undo_record(&file) {
                let what = file.display().to_string();
                match self.files.get(&file) {
                    None => self.nothing_in(case, &what, &bytes),
                    // Of a file of the user's own, what was added.
                    Some(own) => {
                        let (own, now) = (String::from_utf8_lossy(own), String::from_utf8_lossy(&bytes));
                        let known: Vec<&str> = own.lines().collect();
                        let added: String = now.lines().filter(|line| !known.contains(line)).collect();
                        self.nothing_in(case, &what, added.as_bytes());
                    }
                }
            }
        }
    }

    /// What puts a file back byte for byte has all its bytes, for its owner's eyes.
    fn is_undo_record(&self, file: &Path) -> bool {
        let ours = file.starts_with(self.sandbox.path("state/mirror"))
            && file.file_name().is_some_and(|name| name.to_string_lossy().contains("undo"))
            || file.starts_with(self.sandbox.path("state/mirror/undo"));
        ours && is_private(file)
    }

    fn nothing_in(&self, case: &str, what: &str, bytes: &[u8]) {
        if let Some((place, spelling)) = self.canaries.found_in(bytes) {
            let text = String::from_utf8_lossy(bytes);
            panic!("{case}: the secret of {place}, {spelling}, in {what}:\n{text}");
        }
    }
}

/// Whether only its owner reads it.
fn is_private(file: &Path) -> bool {
    fs::metadata(file).map_or(0o777, |data| data.permissions().mode()) & 0o077 == 0
}

fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_symlink() {
        return;
    }
    match fs::read_dir(path) {
        Ok(folder) => folder.flatten().for_each(|entry| list(&entry.path(), files)),
        Err(_) => files.extend(path.is_file().then(|| path.to_owned())),
    }
}

/// Mirrors of all kinds, each with a secret in its address: `a` is well, `b` is behind a proxy, `c` is dead.
pub(crate) fn mirrors(tool: &str, path: &str, a: &str, b: &str, socks: &str) -> String {
    let entry = |name: &str, base: &str, more: &str| {
        let address = canary("mirror").in_address(base);
        let value = match tool {
            "git" => format!("git = {{ github = \"{address}{path}\" }}"),
            "cargo" => format!("cargo = \"sparse+{address}{path}\""),
            _ => format!("pypi = \"{address}{path}\""),
        };
        format!("[mirrors.{name}]\n{value}\n{more}\n")
    };
    let through = format!("proxy = \"{}\"\n", canary("socks").in_address(socks));
    [entry("a", a, ""), entry("b", &b.replace("127.0.0.1", "localhost"), &through), entry("c", &refused_url(), "")]
        .concat()
}
