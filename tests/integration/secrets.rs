//! Planted secrets come out nowhere: every command at its loudest, in every spelling a secret can have.
//!
//! A secret may stand where the user put it, and where it is needed to do the work that was asked for: the real pip is told of
//! a proxy with its password by variables, for that is the only way that is not a command line; and plain cargo finds a
//! mirror's password in the file that `setup cargo` writes. Nothing else.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{
    Canaries, Canary, CargoStage, Fault, History, IndexServer, Needs, Ran, Sandbox, SocksProxy, Stage, Started, Watch,
    WheelStock, refused_url,
};

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
struct Planted<'a> {
    sandbox: &'a Sandbox,
    /// Files that the test put secrets into, with what it wrote.
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Variables that the user of the commands has set.
    variables: Vec<(&'static str, String)>,
    /// Variables in which what we start may hear of a secret.
    told: &'static [&'static str],
    /// The secret of this place was typed into a command line by the user.
    typed: bool,
    canaries: Canaries,
}

fn canary(place: &str) -> Canary {
    assert!(PLACES.contains(&place), "{place} is looked for");
    Canary::of(place)
}

impl<'a> Planted<'a> {
    fn in_sandbox(sandbox: &'a Sandbox) -> Self {
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
    fn file(&mut self, path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the sandbox is ours");
        fs::write(&path, text).expect("the sandbox is ours");
        self.keep(path);
    }

    /// Says that a file is the user's own as it is now.
    fn keep(&mut self, path: PathBuf) {
        let bytes = fs::read(&path).expect("a file of the user's");
        self.files.insert(path, bytes);
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(program);
        command.args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command, and looks everywhere.
    fn run(&self, case: &str, command: Command) -> Ran {
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
                let own = self.variables.iter().any(|(given, text)| given == variable && text.as_bytes() == value);
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
            let for_cargo = file == self.sandbox.path("cargo/mirror.toml");
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
        let mode = fs::metadata(file).map_or(0o777, |data| data.permissions().mode());
        ours && mode & 0o077 == 0
    }

    fn nothing_in(&self, case: &str, what: &str, bytes: &[u8]) {
        if let Some((place, spelling)) = self.canaries.found_in(bytes) {
            let text = String::from_utf8_lossy(bytes);
            panic!("{case}: the secret of {place}, {spelling}, in {what}:\n{text}");
        }
    }
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
fn mirrors(tool: &str, path: &str, a: &str, b: &str, socks: &str) -> String {
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

#[test]
fn git_gives_no_secret_away() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let socks = SocksProxy::start(&stage.mirror("b").server.url());
    let (a, b) = (stage.mirror("a").server.url(), stage.mirror("b").server.url());
    let base =
        format!("[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{}/{{repo}}.git\"\n", stage.origin.url());
    let config = base + &mirrors("git", "/{repo}.git", &a, &b, &socks.url());
    let sandbox_config = stage.sandbox.path("config/mirror/config.toml");
    let header = format!("Authorization: Bearer {}", canary("header").password);
    stage.sandbox.git_config("http.https://h.example/.extraHeader", &header);
    let upstream = canary("upstream");
    let helper = stage.sandbox.path("bin/credentials");
    let text = format!("#!/bin/sh\necho 'username={}'\necho 'password={}'\n", upstream.user, upstream.password);
    fs::write(&helper, text).expect("the sandbox is ours");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let helper = helper.to_str().expect("plain names").to_owned();
    stage.sandbox.git_config("credential.helper", &helper);
    let gitconfig = stage.sandbox.path("gitconfig");

    for (case, spoil) in [
        ("well", None),
        ("flip", Some(Fault::FlipByteAt(0.5.into()))),
        ("portal", Some(Fault::captive_portal())),
        ("401", Some(Fault::unauthorized())),
        ("redirect", Some(Fault::Redirect(canary("mirror").in_address(&refused_url())))),
        ("private", None),
        ("away", None),
        ("proxy", None),
    ] {
        stage.forget();
        a_fresh_server(&stage, spoil);
        match case {
            "private" => stage.origin.require_auth(&upstream.user, &upstream.password),
            "away" => stage.upstream_goes_away(),
            _ => {}
        }
        let dead = canary("proxy").in_address(&refused_url());
        let more = if case == "proxy" { format!("[proxy]\nurl = \"{dead}\"\n") } else { String::new() };
        if case == "proxy" {
            stage.sandbox.git_config("http.proxy", &canary("git-proxy").in_address(&refused_url()));
        }
        let mut planted = Planted::in_sandbox(&stage.sandbox);
        planted.file(sandbox_config.clone(), &format!("{config}{more}"));
        planted.keep(gitconfig.clone());
        let clone = planted.run(case, planted.command("git", &["clone", "-v", "mirror::owner/small", case]));
        assert_eq!(clone.code == 0, case != "proxy", "{case}: {clone}");
        if clone.code == 0 {
            for arguments in [["fetch", "-v"], ["push", "-v"], ["fetch", "--depth=1"]] {
                let mut command = planted.command("git", &arguments);
                command.current_dir(stage.work(case));
                planted.run(case, command);
            }
        }
        planted.run(case, planted.command("git", &["ls-remote", "mirror::owner/small"]));
        for line in [
            "probe git owner/small",
            "probe git --json",
            "status git",
            "status git --json",
            "list --json",
            "cache verify",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            planted.run(&format!("{case}: {line}"), planted.command("cargo-mirror", &words));
        }
    }
}

fn a_fresh_server(stage: &Stage, spoil: Option<Fault>) {
    for name in ["a", "b"] {
        stage.mirror(name).server.heal();
        if let Some(fault) = &spoil {
            stage.mirror(name).server.set(fault.clone());
        }
    }
}

#[test]
fn a_secret_that_was_typed_is_not_repeated() {
    let stage = Stage::new(&History::small(), &["a"]);
    let mut planted = Planted::in_sandbox(&stage.sandbox);
    planted.typed = true;
    let Canary { user, password } = canary("typed");
    let encoded = canary("typed").userinfo();
    for address in [
        format!("https://{encoded}@github.example/owner/small.git"),
        format!("https://{user}:{password}@h:x/owner/small"),
        format!("{encoded}@github.example:owner/small"),
        format!("ssh://{encoded}@h/owner/small"),
        format!("htps://{user}:{}@h/a", password.replace('/', "")),
        format!("ext::sh -c {password}"),
        canary("typed").in_address(&stage.origin.repo_url("owner/small")),
    ] {
        let words = ["clone".into(), "-v".into(), format!("mirror::{address}")];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // git itself shows what was typed, so its helper is asked.
        let mut command = planted.command("git-remote-mirror", &["origin", &address]);
        command.env("GIT_DIR", stage.sandbox.path("upstream/owner/small.git"));
        let ran = planted.run(&address, command);
        assert!(ran.stderr.contains("mirror: error[E-"), "{words:?}: {ran}");
    }
    let file = stage.sandbox.path("config/mirror/config.toml");
    for text in [
        format!("[mirrors.x]\npypi = \"https://{user}:{}@h:x/\"\n", password.replace('"', "")),
        format!("[mirrors.x]\ngit = {{ github = \"http://{encoded}@h.example/{{repo}}\" }}\n"),
        format!("[mirrors.x]\ngit = {{ github = \"https://{encoded}@h.example/\" }}\n"),
        format!("[mirrors.x]\ncargo = \"https://{encoded}@h.example/\"\n"),
        format!("[mirrors.x]\nproxy = \"gopher://{encoded}@h.example/\"\n"),
        format!("[proxy]\nurl = \"https://{encoded}@h.example:x/\"\n"),
        format!("[upstreams.x]\nurl = \"https://{encoded}@h.example/{{repo}}\"\n"),
        format!("[mirrors.x]\npypi = \"https://{encoded}@h.example/\n"),
        format!("[proxy]\nurl = [\"https://{encoded}@h.example/\"]\n"),
        format!("\"https://{encoded}@h.example/\" = 1\n"),
    ] {
        planted.file(file.clone(), &text);
        for line in ["list", "doctor", "status --json"] {
            let words: Vec<&str> = line.split(' ').collect();
            planted.run(&text, planted.command("cargo-mirror", &words));
        }
    }
}

#[test]
fn cargo_gives_no_secret_away() {
    let stage = CargoStage::new(&["a", "b"]);
    let project = stage.locked_project("project", Needs::Handful);
    let socks = SocksProxy::start(&stage.mirror("b").web.url());
    let bare = |server: &str| server.trim_start_matches("sparse+").trim_end_matches("/").to_owned();
    let (a, b) = (bare(&stage.mirror("a").index()), bare(&stage.mirror("b").index()));
    let base = format!("[catalog]\nbuiltin = false\n[cargo]\nupstream = \"{}\"\n", stage.upstream.index());
    let plain = format!("[mirrors.d]\ncargo = \"{}\"\n", stage.mirror("a").index());
    let config = base + &mirrors("cargo", "/", &a, &b, &socks.url()) + &plain;
    let registry = canary("registry").in_address("https://crates.example/index/");
    let cargo_config = format!(
        "[http]\nproxy = \"\"\n[net]\nretry = 0\n[registries.corp]\nindex = \"sparse+{registry}\"\ntoken = '{}'\n",
        canary("token").password
    );
    let credentials = format!("[registry]\ntoken = '{}'\n", canary("token").password);
    for (case, more) in [
        ("well", String::new()),
        ("proxy", format!("[proxy]\nurl = \"{}\"\n", canary("proxy").in_address(&refused_url()))),
    ] {
        stage.forget();
        stage.fresh_cargo_home();
        let mut planted = Planted::in_sandbox(&stage.sandbox);
        planted.file(stage.sandbox.path("config/mirror/config.toml"), &format!("{config}{more}"));
        planted.file(stage.sandbox.path("cargo/config.toml"), &cargo_config);
        planted.file(stage.sandbox.path("cargo/credentials.toml"), &credentials);
        for line in [
            "list",
            "list --json",
            "run -- fetch --verbose",
            "probe cargo",
            "probe --json",
            "verify",
            "verify --json",
            "setup cargo --dry-run --mirror a",
            "setup cargo --yes --mirror b",
            "setup all --yes --auto",
            "use a",
            "use d",
            "status",
            "status --json",
            "doctor",
            "doctor --json",
            "off -- publish --dry-run",
            "undo",
            "cache",
            "cache --json",
            "cache prune --all",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let mut command = planted.command("cargo-mirror", &words);
            command.current_dir(&project);
            let ran = planted.run(&format!("{case}: {line}"), command);
            assert!(!ran.stderr.contains("panicked"), "{case}: {line}: {ran}");
        }
    }
}

#[test]
fn pip_gives_no_secret_away() {
    let stock = WheelStock::downloaded();
    let (upstream, a, b) = (IndexServer::start(&stock), IndexServer::start(&stock), IndexServer::start(&stock));
    let socks = SocksProxy::start(&b.web.url());
    let sandbox = Sandbox::new();
    let shim = sandbox.path("shim");
    fs::create_dir(&shim).expect("the sandbox is ours");
    symlink(sandbox.path("programs/pip-shim"), shim.join("pip")).expect("the sandbox is ours");
    let bare = |server: &IndexServer| server.index().trim_end_matches('/').to_owned();
    let own = canary("pip-upstream").in_address(&upstream.index());
    let config = format!("[catalog]\nbuiltin = false\n[pip]\nupstream = \"{own}\"\n");
    let config = config + &mirrors("pip", "/", &bare(&a), &bare(&b), &socks.url());
    let dead = canary("proxy").in_address(&refused_url());
    for (case, more, told) in [
        ("relay", String::new(), &[][..]),
        ("direct", "[mirrors.a]\n".to_owned(), &["PIP_INDEX_URL"]),
        ("proxy", format!("[proxy]\nurl = \"{dead}\"\n"), &["HTTP_PROXY", "HTTPS_PROXY"]),
    ] {
        let mut planted = Planted::in_sandbox(&sandbox);
        planted.told = told;
        let config =
            if case == "direct" { config.replace("[pip]\n", "[pip]\nrelay = false\n") } else { config.clone() + &more };
        planted.file(sandbox.path("config/mirror/config.toml"), &config);
        let index = canary("requirements").in_address("https://index.example/simple/");
        planted.file(sandbox.work().join("other.txt"), &format!("--index-url {index}\ncertifi\n"));
        for line in [
            "download -vvv --no-deps --no-cache-dir -d got certifi",
            "index versions -vvv certifi",
            "install --dry-run -vvv --no-deps --no-cache-dir nowhere-to-be-found",
            "config list",
        ] {
            let words: Vec<&str> = ["--disable-pip-version-check"].into_iter().chain(line.split(' ')).collect();
            let mut command = planted.command("pip", &words);
            let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
            let path: OsString = [shim.clone().into_os_string(), path.expect("set").to_owned()].join(":".as_ref());
            command.env("PATH", path);
            let ran = planted.run(&format!("{case}: {line}"), command);
            assert!(!ran.stderr.contains("panicked"), "{case}: {line}: {ran}");
        }
        for line in ["", "--json", "--json -- install x", "-- install -r other.txt", "-- index versions x"] {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            planted.run(&format!("{case}: pip-shim {line}"), planted.command("pip-shim", &words));
        }
        planted.variables.push(("PIP_INDEX_URL", canary("pip-index").in_address(&refused_url())));
        for line in ["", "--json", "-- download x"] {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            planted.run(&format!("{case}: pip-shim {line}"), planted.command("pip-shim", &words));
        }
        planted.run(case, planted.command("cargo-mirror", &["probe", "pip", "--json"]));
    }
}
