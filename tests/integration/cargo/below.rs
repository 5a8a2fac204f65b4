//! What `cargo mirror run` gives reaches every cargo below it, whoever starts it and how; cargo's caches, credentials and
//! programs stay the user's, and nothing stays behind.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use mirror_tests::{CargoStage, Fault, Needs, Ran, refused_url};

/// A crate of the small project.
const NAME: &str = "strsim";

struct World {
    stage: CargoStage,
    project: PathBuf,
}

impl World {
    /// Upstream refuses, two mirrors agree; so a cargo without a mirror fails at once.
    fn new() -> Self {
        let mut stage = CargoStage::new(&["ash", "birch"]);
        stage.upstream.web.stop();
        let project = stage.project("project", Needs::Handful);
        Self { stage, project }
    }

    fn home(&self) -> PathBuf {
        self.stage.sandbox.path("cargo")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.stage.sandbox.panel(&["run", "--"]);
        command.current_dir(&self.project).args(arguments);
        // Whoever goes past the relay meets nobody.
        command.env("CARGO_NET_RETRY", "0").env("CARGO_HTTP_PROXY", refused_url()).env("NO_PROXY", "127.0.0.1");
        self.stage.sandbox.run(command)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.stage.sandbox.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("the sandbox is ours");
        fs::write(path, text).expect("the sandbox is ours");
    }

    fn begin(&self) {
        self.stage.fresh_cargo_home();
        self.stage.forget();
        let _ = fs::remove_file(self.project.join("Cargo.lock"));
        self.stage.mirrors.iter().for_each(|mirror| mirror.server.web.forget_log());
    }

    /// What lies in the user's folder.
    fn entries(&self) -> BTreeSet<String> {
        let all = fs::read_dir(self.home()).expect("the sandbox is ours").flatten();
        all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

#[test]
fn subcommands_scripts_and_tools_get_their_crates_through_the_relay() {
    let world = World::new();
    let other = world.stage.project("other", Needs::Handful);
    let fetch = format!("fetch --manifest-path {}", other.join("Cargo.toml").display());
    let script = |line: &str| format!("{line} || exit 1");
    world.stage.sandbox.add_script("cargo-by-variable", &script(&format!("\"$CARGO\" {fetch}")));
    world.stage.sandbox.add_script("cargo-by-name", &script(&format!("cargo {fetch}")));
    world.stage.sandbox.add_script("cargo-by-another", &script("cargo by-variable"));
    world.stage.sandbox.add_script("cargo-elsewhere", &script(&format!("cd / && \"$CARGO\" {fetch}")));
    let build = "fn main() {\n    let cargo = std::env::var(\"CARGO\").unwrap();\n    let status = std::process::Command::new(cargo)\
                 .args([\"fetch\", \"--manifest-path\", \"OTHER\"]).status().unwrap();\n    assert!(status.success());\n}\n";
    world.write("work/project/build.rs", &build.replace("OTHER", &other.join("Cargo.toml").to_string_lossy()));
    for arguments in [&["by-variable"][..], &["by-name"], &["by-another"], &["elsewhere"], &["build"], &["clippy"]] {
        world.begin();
        let _ = fs::remove_file(other.join("Cargo.lock"));
        let ran = world.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran}");
        let lock = fs::read_to_string(other.join("Cargo.lock")).expect("cargo wrote it");
        assert!(lock.contains(NAME) && !lock.contains("127.0.0.1"), "{arguments:?}: {lock}");
        let asked: usize = world.stage.mirrors.iter().map(|mirror| mirror.server.web.log().len()).sum();
        assert!(asked > 0, "{arguments:?}");
    }
}

#[test]
fn vendored_sources_come_through_the_relay() {
    let world = World::new();
    for arguments in [&["vendor", "v"][..], &["vendor", "--respect-source-config", "v"], &["--quiet", "vendor", "v"]] {
        world.begin();
        let _ = fs::remove_dir_all(world.project.join("v"));
        let ran = world.run(arguments).ok();
        assert!(world.project.join("v").join(NAME).is_dir(), "{ran}");
        assert!(!ran.stdout.contains("127.0.0.1"), "what it says to write is of use without the relay: {ran}");
    }
}

#[test]
fn what_the_user_has_configured_counts_below_a_run_as_well() {
    for (case, place, mirrored) in [
        ("in cargo's folder", "cargo/config.toml", false),
        ("in the project", "work/project/.cargo/config.toml", false),
        ("a known mirror in the project, which is dead", "work/project/.cargo/config.toml", true),
    ] {
        let mut world = World::new();
        world.begin();
        let nobody = refused_url();
        let dead = format!(
            "[source.crates-io]\nreplace-with = \"ash\"\n[source.ash]\nregistry = \"sparse+{}/\"\n",
            nobody.trim_end_matches('/')
        );
        let alias = format!("[alias]\nget = \"fetch\"\n{}", if mirrored { dead.as_str() } else { "" });
        world.write(place, &alias);
        if mirrored {
            // One mirror is left: its word has to be enough.
            world.stage.set_address("ash", &nobody);
        }
        world.stage.sandbox.add_script("cargo-outer", "\"$CARGO\" get");
        let mut command = world.stage.sandbox.panel(&["run", "--", "outer"]);
        command.current_dir(&world.project).env("CARGO_NET_RETRY", "0").env("MIRROR_CARGO__TRUST", "tofu");
        let ran = world.stage.sandbox.run(command);
        assert_eq!(ran.code, 0, "{case}: {ran}");
        assert!(world.project.join("Cargo.lock").is_file(), "{case}");
    }
}

#[test]
fn caches_and_programs_stay_the_user_s_and_nothing_is_left_behind() {
    let world = World::new();
    world.begin();
    world.write("work/project/src/main.rs", "fn main() {}\n");
    world.write("cargo/credentials.toml", "[registries.corp]\ntoken = \"secret\"\n");
    world.write("cargo/mine", "kept\n");
    let before = world.entries();
    let ran = world.run(&["install", "--path", "."]).ok();
    assert!(world.home().join("bin/project").is_file(), "{ran}");
    assert!(!ran.stderr.contains("cargo-home"), "no path of ours is shown: {ran}");
    assert!(world.home().join("registry/cache").is_dir());
    world.stage.sandbox.add_script(
        "cargo-writes",
        "echo new > \"$CARGO_HOME/new\"; cat \"$CARGO_HOME/mine\"; cat \"$CARGO_HOME/credentials.toml\"",
    );
    let ran = world.run(&["writes"]).ok();
    assert!(ran.stdout.contains("kept") && ran.stdout.contains("secret"), "{ran}");
    assert_eq!(fs::read_to_string(world.home().join("new")).expect("it was given to the user"), "new\n");
    let after = world.entries();
    let cargos = [
        ".crates.toml",
        ".crates2.json",
        ".global-cache",
        ".package-cache",
        ".package-cache-mutate",
        "bin",
        "new",
        "registry",
    ];
    let more: BTreeSet<String> = after.difference(&before).cloned().collect();
    assert!(more.iter().all(|name| cargos.contains(&name.as_str())), "{more:?}");
    assert!(!world.home().join("config.toml").exists());
    world.run(&["fetch"]).ok();
    let again = world.run(&["fetch", "--offline", "--locked"]).ok();
    assert!(!again.stderr.contains("mirror:"), "{again}");
}

#[test]
fn a_killed_run_leaves_no_cargo_and_nothing_in_the_user_s_folder() {
    let world = World::new();
    world.begin();
    let before = world.entries();
    let pid = world.stage.sandbox.path("pid");
    world
        .stage
        .sandbox
        .add_script("cargo-waits", &format!("echo $$ $PPID > {}.new; mv {0}.new {0}; sleep 60", pid.display()));
    let mut command = world.stage.sandbox.panel(&["run", "--", "waits"]);
    command.current_dir(&world.project);
    world.stage.mirror("ash").web.set(Fault::status(503));
    let mut child = command.spawn().expect("it starts");
    let began = Instant::now();
    while !pid.is_file() {
        assert!(began.elapsed() < Duration::from_secs(20), "the subcommand was not started");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
    let cargo: String =
        fs::read_to_string(&pid).expect("written whole").split_whitespace().nth(1).expect("two").to_owned();
    let began = Instant::now();
    let is_there = || fs::read_to_string(format!("/proc/{cargo}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while is_there() {
        assert!(began.elapsed() < Duration::from_secs(5), "cargo goes on without its relay");
        std::thread::sleep(Duration::from_millis(10));
    }
    let more: Vec<String> = world
        .entries()
        .difference(&before)
        .filter(|name| !["registry", "git", "bin"].contains(&name.as_str()))
        .cloned()
        .collect();
    assert!(more.iter().all(|name| name.starts_with('.')), "{more:?}");
    world.stage.mirror("ash").web.heal();
    world.run(&["fetch"]).ok();
}

#[test]
fn commands_that_ask_the_registry_itself_are_not_refused() {
    let world = World::new();
    world.begin();
    world.run(&["fetch"]).ok();
    let info = world.run(&["info", NAME]).ok();
    assert!(info.stdout.contains(NAME), "{info}");
    for arguments in [
        &["publish", "--dry-run", "--allow-dirty"][..],
        &["search", NAME],
        &["yank", NAME, "--version", "1.0.0", "--token", "x"],
    ] {
        let said = world.run(arguments).fails();
        assert!(!said.stderr.contains("crates-io is replaced with"), "{said}");
    }
}

#[test]
fn a_home_that_cannot_be_written_keeps_nobody_from_mirrors() {
    let world = World::new();
    world.begin();
    for folder in ["cache", "state"] {
        let folder = world.stage.sandbox.path(folder);
        fs::remove_dir_all(&folder).expect("the sandbox is ours");
        // Neither a folder nor one to be made, whoever runs this.
        fs::write(&folder, "").expect("the sandbox is ours");
    }
    let other = world.stage.project("other", Needs::Handful);
    let fetch = format!("\"$CARGO\" fetch --manifest-path {}", other.join("Cargo.toml").display());
    world.stage.sandbox.add_script("cargo-below", &fetch);
    for arguments in [&["fetch"][..], &["below"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran}");
    }
    let left = fs::read_dir(world.stage.sandbox.path("tmp")).expect("it is there").flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("mirror-")));
}

#[test]
fn a_default_registry_that_is_a_known_mirror_and_dead_is_passed_over() {
    let mut world = World::new();
    let nobody = refused_url();
    world.stage.set_address("ash", &nobody);
    world.begin();
    let index = format!("sparse+{}/", nobody.trim_end_matches('/'));
    world
        .write("cargo/config.toml", &format!("[registry]\ndefault = \"ash\"\n[registries.ash]\nindex = \"{index}\"\n"));
    // A library is nothing to install: it has to be found for cargo to say so.
    let mut command = world.stage.sandbox.panel(&["run", "--", "install", NAME]);
    command.current_dir(&world.project).env("MIRROR_CARGO__TRUST", "tofu").env("CARGO_NET_RETRY", "0");
    let ran = world.stage.sandbox.run(command).fails();
    assert!(ran.stderr.contains("no binaries") || ran.stderr.contains("nothing to install"), "{ran}");
    let doctor = world.stage.sandbox.run(world.stage.sandbox.panel(&["doctor"])).ok();
    assert!(
        doctor.stdout.contains("default registry") && doctor.stdout.contains("cargo mirror run -- metadata"),
        "{doctor}"
    );
}
