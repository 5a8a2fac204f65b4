//! `cargo mirror setup cargo`, `use`, `off` and `undo`: what the built program makes of a configuration. What goes wrong on the
//! way is in `setup_faults`, what real cargo makes of the result in `setup_real`.
//!
//! `tests/fixtures/cargo-config/NAME` has a configuration before (`in`) and after (`out`) a set-up, by either way: with
//! one line that includes a file of ours, and directly, for a cargo that cannot include.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{Ran, Sandbox};

use crate::all::Fixture;

const CAMPUS: &str = "[mirrors.campus]\ncargo = \"sparse+https://crates.campus.example/index/\"\n";
const OTHER: &str = "[mirrors.other]\ncargo = \"sparse+https://crates.other.example/index/\"\n";
pub(crate) const SETUP: &[&str] = &["setup", "cargo", "--mirror", "campus", "--yes"];
pub(crate) const UNDO: &[&str] = &["undo", "cargo"];
/// What the included file of a new set-up says.
pub(crate) const INCLUDED: &str = "\
# Written by `cargo mirror setup cargo`; `cargo mirror undo cargo` takes it back.

[source.crates-io]
replace-with = \"cargo-mirror\"

[source.cargo-mirror]
registry = \"sparse+https://crates.campus.example/index/\"

[registries.cargo-mirror]
index = \"sparse+https://crates.campus.example/index/\"
";

/// Which cargo there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cargo {
    /// One that includes files.
    New,
    /// One that does not.
    Old,
}

/// A sandbox, and cargo's folder in it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

impl World {
    pub(crate) fn new(cargo: Cargo, contents: Option<&[u8]>) -> Self {
        let world = Self { sandbox: Sandbox::new() };
        world.sandbox.mirror_config(&format!("{CAMPUS}{OTHER}"));
        let version = if cargo == Cargo::New { "1.95.0" } else { "1.85.1" };
        world.sandbox.add_script("cargo", &format!("echo \"cargo {version} (0000000 2026-01-01)\""));
        if let Some(contents) = contents {
            fs::write(world.file(), contents).expect("the sandbox is ours");
        }
        world
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.sandbox.path("cargo")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.home().join("config.toml")
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("it is there, and text")
    }

    /// With this sandbox's cargo and no other: the machine may have one that is older.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.panel(arguments);
        command.env("PATH", self.sandbox.path_without("cargo"));
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(self.command(arguments))
    }
}

/// Every file of a folder with its bytes.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let entries = fs::read_dir(folder).expect("the sandbox is ours").map(|entry| entry.expect("readable").path());
    entries.filter(|path| path.is_file()).map(|path| (name(&path), fs::read(&path).expect("readable"))).collect()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    Fixture::all("cargo-config", "config.toml", 20)
}

#[test]
fn every_configuration_is_set_up_as_expected_and_undone_byte_for_byte() {
    for fixture in fixtures() {
        let name = &fixture.name;
        for (cargo, expected) in [(Cargo::New, "include.toml"), (Cargo::Old, "direct.toml")] {
            let world = World::new(cargo, Some(&fixture.before));
            let untouched = contents(&world.home());
            world.run(SETUP).ok();
            let after = fs::read(world.file()).expect("it is there");
            fixture.assert_became(expected, &after);
            let said = world.run(SETUP).ok();
            assert!(said.stdout.contains("nothing to do"), "{name}: {said}");
            world.run(&["use", "other"]).ok();
            world.run(SETUP).ok();
            world.run(UNDO).ok();
            assert_eq!(contents(&world.home()), untouched, "{name}, {cargo:?}");
            assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists(), "{name}: the record is gone");
        }
    }
}

#[test]
fn without_a_configuration_there_is_none_afterwards() {
    for cargo in [Cargo::New, Cargo::Old] {
        let world = World::new(cargo, None);
        fs::remove_dir(world.home()).expect("a new sandbox has an empty one");
        let said = world.run(SETUP).ok();
        assert!(said.stdout.contains("+++ ") && said.stdout.contains("cargo-mirror"), "{said}");
        if cargo == Cargo::New {
            assert_eq!(world.text(), "include = [\"mirror.toml\"]\n");
            assert_eq!(fs::read_to_string(world.home().join("mirror.toml")).expect("it is there"), INCLUDED);
        }
        world.run(UNDO).ok();
        assert!(!world.home().exists(), "the folder was made for it");
        let said = world.run(UNDO).ok();
        assert!(said.stdout.contains("nothing to undo"), "{said}");
    }
}

#[test]
fn a_file_edited_since_loses_only_what_was_added() {
    for cargo in [Cargo::New, Cargo::Old] {
        let before = "[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"sparse+https://mirrors.tuna.tsinghua.edu.cn/crates.io-index/\"\n";
        let world = World::new(cargo, Some(before.as_bytes()));
        world.run(SETUP).ok();
        world.run(&["use", "other"]).ok();
        fs::write(world.file(), format!("{}\n[build]\njobs = 3\n", world.text())).expect("the sandbox is ours");
        let said = world.run(UNDO).ok();
        assert!(said.stdout.contains("edited since") && said.stdout.contains("replace-with"), "{said}");
        assert_eq!(world.text(), format!("{before}\n[build]\njobs = 3\n"), "{cargo:?}");
        assert!(!world.home().join("mirror.toml").exists());
    }
}

#[test]
fn vendored_sources_and_a_company_registry_are_left_alone_unless_forced() {
    for (source, words) in [
        ("directory = \"vendor\"", "on this disk"),
        ("local-registry = \"/srv/crates\"", "on this disk"),
        ("registry = \"sparse+https://u:hunter2@crates.corp.example/index/\"", "no known mirror"),
    ] {
        let before = format!("[source.crates-io]\nreplace-with = \"theirs\"\n[source.theirs]\n{source}\n");
        let world = World::new(Cargo::New, Some(before.as_bytes()));
        let said = world.run(SETUP);
        assert_eq!(said.code, 78, "{said}");
        assert!(said.stderr.contains(words) && said.stderr.contains("config.toml:2"), "{said}");
        assert!(said.stderr.contains("--force") && !said.stderr.contains("hunter2"), "{said}");
        assert_eq!(world.text(), before);
        assert_eq!(contents(&world.home()).len(), 1);
        let forced = world.run(&["setup", "cargo", "--mirror", "campus", "--yes", "--force"]).ok();
        assert!(forced.stderr.contains("takes over") && !forced.to_string().contains("hunter2"), "{forced}");
        world.run(UNDO).ok();
        assert_eq!(world.text(), before);
    }
}

#[test]
fn a_disabled_mirror_is_no_company_registry() {
    let before = "[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"https://mirrors.tuna.tsinghua.edu.cn/git/crates.io-index.git\"\n";
    let world = World::new(Cargo::New, Some(before.as_bytes()));
    world.sandbox.mirror_config(&format!("{CAMPUS}[mirrors.tuna]\nenabled = false\n"));
    world.run(SETUP).ok();
    let said = world.run(&["use", "tuna"]);
    assert!(said.code == 64 && said.stderr.contains("cargo mirror list"), "{said}");
}

#[test]
fn the_older_name_of_the_file_wins_and_is_the_one_that_changes() {
    let world = World::new(Cargo::New, Some(b"[build]\njobs = 2\n"));
    let old = world.home().join("config");
    fs::write(&old, "[term]\nquiet = true\n").expect("the sandbox is ours");
    world.run(SETUP).ok();
    assert!(fs::read_to_string(&old).is_ok_and(|text| text.contains("mirror.toml")));
    assert_eq!(world.text(), "[build]\njobs = 2\n");
    let said = world.run(&["doctor"]).ok();
    assert!(said.stdout.contains("config.toml is not read"), "{said}");
    world.run(UNDO).ok();
    assert_eq!(fs::read_to_string(&old).expect("it is there"), "[term]\nquiet = true\n");
}

#[test]
fn a_file_of_the_same_name_that_is_not_ours_stays() {
    let world = World::new(Cargo::New, Some(b""));
    let own = world.home().join("mirror.toml");
    fs::write(&own, "# mine\n").expect("the sandbox is ours");
    world.run(SETUP).ok();
    assert!(world.text().contains("[source.cargo-mirror]"));
    assert_eq!(fs::read_to_string(&own).expect("it is there"), "# mine\n");
}

#[test]
fn what_is_broken_is_named_with_its_line_and_nothing_changes() {
    for (before, line) in [
        ("[build]\njobs = \n", "config.toml:2"),
        ("[source]\ncrates-io = 3\n", "config.toml:2"),
        ("\n\ninclude = \"a.toml\"\n", "config.toml:3"),
        ("[registry]\ntoken = \"hunter2\n", "config.toml:2"),
    ] {
        let world = World::new(Cargo::New, Some(before.as_bytes()));
        let said = world.run(SETUP);
        assert_eq!(said.code, 78, "{said}");
        assert!(said.stderr.contains(line) && !said.stderr.contains("hunter2"), "{said}");
        assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), before.as_bytes().to_vec())]));
        assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists());
        let doctor = world.run(&["doctor", "--json"]).ok();
        assert!(!doctor.stdout.contains("hunter2"), "{doctor}");
    }
}

#[test]
fn without_a_terminal_the_answer_must_be_given_and_a_dry_run_changes_nothing() {
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    let said = world.run(&["setup", "cargo", "--mirror", "campus"]);
    assert!(said.code == 64 && said.stderr.contains("--yes"), "{said}");
    let said = world.run(&["setup", "--dry-run"]).ok();
    assert!(said.stdout.contains("dry run") && said.stdout.contains("mirror.toml"), "{said}");
    assert!(said.stdout.contains("gitconfig"), "git is shown as well: {said}");
    assert_eq!(contents(&world.home()).len(), 1);
    let said = world.run(&["setup", "cargo", "--mirror", "nobody", "--yes"]);
    assert!(said.code == 64 && said.stderr.contains("nobody"), "{said}");
}

#[test]
fn all_tools_are_set_up_and_undone_together() {
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    fs::write(world.sandbox.path("gitconfig"), "").expect("the sandbox is ours");
    world.run(&["setup", "all", "--mirror", "campus", "--yes"]).ok();
    assert!(world.text().contains("mirror.toml"));
    assert!(fs::read_to_string(world.sandbox.path("gitconfig")).is_ok_and(|text| text.contains("allow")));
    world.run(&["undo"]).ok();
    assert_eq!(world.text(), "# mine\n");
    assert_eq!(fs::read(world.sandbox.path("gitconfig")).expect("it is there"), b"");
}

#[test]
fn git_dependencies_go_through_git_when_its_rules_lead_to_the_helper() {
    let world = World::new(Cargo::New, Some(b""));
    world.run(&["setup", "git", "--transparent", "--yes"]).ok();
    let doctor = world.run(&["doctor"]).ok();
    assert!(doctor.stdout.contains("net.git-fetch-with-cli"), "{doctor}");
    world.run(SETUP).ok();
    let own = fs::read_to_string(world.home().join("mirror.toml")).expect("it is there");
    assert!(own.contains("[net]\ngit-fetch-with-cli = true"), "{own}");
    let doctor = world.run(&["doctor"]).ok();
    assert!(!doctor.stdout.contains("net.git-fetch-with-cli"), "{doctor}");
}

#[test]
fn no_password_is_shown_anywhere() {
    let world = World::new(Cargo::New, Some(b"[http]\nproxy = \"ada:hunter2@proxy.example:3128\"\n"));
    world
        .sandbox
        .mirror_config("[mirrors.campus]\ncargo = \"sparse+https://ada:hunter2@crates.campus.example/index/\"\n");
    for arguments in [
        SETUP,
        SETUP,
        &["status"],
        &["status", "--json"],
        &["status", "cargo", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["use", "campus", "--dry-run"],
        UNDO,
    ] {
        let mut command = world.command(arguments);
        command.env("HTTPS_PROXY", "http://ada:hunter2@proxy.example").env("CARGO_REGISTRIES_CORP_TOKEN", "hunter2");
        let said = world.sandbox.run(command).ok();
        assert!(!said.stdout.contains("hunter2") && !said.stderr.contains("hunter2"), "{said}");
        assert!(!said.stdout.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn rustup_lines_are_printed_for_the_shell_in_use() {
    let world = World::new(Cargo::New, None);
    world.sandbox.mirror_config(&format!("{CAMPUS}rustup = \"https://campus.example/rustup\"\n"));
    let mut command = world.command(SETUP);
    command.env("SHELL", "/usr/bin/fish");
    let said = world.sandbox.run(command).ok();
    assert!(said.stdout.contains("set -gx RUSTUP_UPDATE_ROOT 'https://campus.example/rustup/rustup'"), "{said}");
}

#[test]
fn off_runs_one_command_past_our_mirror_and_passes_its_exit_code() {
    let world = World::new(Cargo::New, None);
    let echo = "if [ \"$1\" = --version ]; then echo 'cargo 1.95.0'; else printf '%s|' \"$@\"; exit 42; fi";
    world.sandbox.add_script("cargo", echo);
    let said = world.run(&["off", "--", "publish", "--dry-run"]);
    assert_eq!((said.code, said.stdout.as_str()), (42, "publish|--dry-run|"), "nothing to pass by: {said}");
    world.run(SETUP).ok();
    let before = contents(&world.home());
    let said = world.run(&["off", "--", "+nightly", "publish"]);
    assert_eq!(said.code, 42, "{said}");
    assert!(said.stdout.starts_with("+nightly|--config|source.cargo-mirror.registry=\"sparse+https://"), "{said}");
    assert!(said.stdout.ends_with(":443/\"|publish|--registry|crates-io|"), "{said}");
    assert_eq!(contents(&world.home()), before);
    world.run(UNDO).ok();
    fs::write(world.file(), "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'v'\n").expect("ours");
    let said = world.run(&["off", "--", "publish"]);
    assert!(said.code == 42 && said.stderr.contains("is not ours"), "{said}");
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let world = World::new(Cargo::New, None);
    for arguments in [&["completions", "bash"][..], &["completions", "fish"], &["man"]] {
        let said = world.run(arguments).ok();
        assert!(said.stdout.contains("doctor") && !said.stdout.contains('\u{1b}'), "{said}");
    }
}
