//! Older cargos that read the same configuration: no set-up keeps them from working. Seen by a real one, such as a system's
//! own beside rustup's. Where there is none, these tests say so and see nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{CargoStage, Needs, Ran};

use super::setup::{Cargo, SETUP, UNDO, World};

/// Where a system keeps its own.
const SYSTEMS: &str = "/usr/bin/cargo";

/// A cargo that includes no files and knows no sparse index; says so where there is none.
#[expect(clippy::print_stderr, reason = "whoever reads the test's output is to know what it has not seen")]
fn older() -> Option<PathBuf> {
    let said = Command::new(SYSTEMS).arg("--version").output().ok();
    let version = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    let minor: Option<u32> = version.split(['.', ' ']).nth(2).and_then(|minor| minor.parse().ok());
    let found = minor.filter(|minor| *minor < 68).map(|_| PathBuf::from(SYSTEMS));
    if found.is_none() {
        eprintln!("skipped: there is no cargo before 1.68 here: {version}");
    }
    found
}

fn run(stage: &CargoStage, cargo: &Path, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command(cargo);
    command.current_dir(folder).args(arguments);
    stage.sandbox.run(command)
}

/// A project that such a cargo can read.
fn project(stage: &CargoStage) -> PathBuf {
    let project = stage.project("project", Needs::Handful);
    let manifest = "[package]\nname = \"project\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    fs::write(project.join("Cargo.toml"), manifest).expect("the project is ours");
    project
}

#[test]
fn an_older_cargo_works_after_every_set_up_of_a_newer_one() {
    let Some(older) = older() else { return };
    let stage = CargoStage::new(&["one", "two"]);
    let project = project(&stage);
    let home = stage.sandbox.path("cargo");
    let table = "include = [{ path = \"mirror.toml\", optional = true }]\n";
    for (case, before, commands) in [
        ("a new file", None, &[&["use", "one"][..]][..]),
        ("a file with keys", Some("[net]\nretry = 1\n"), &[&["use", "one"], &["use", "two"]]),
        ("others included", Some("include = [\"mine.toml\"]\n[term]\nquiet = false\n"), &[&["use", "one"]]),
        ("of the project", None, &[&["use", "one", "--scope", "project"]]),
    ] {
        fs::write(home.join("mine.toml"), "").expect("the sandbox is ours");
        before.into_iter().for_each(|text| fs::write(home.join("config.toml"), text).expect("the sandbox is ours"));
        for arguments in commands {
            let mut command = stage.sandbox.panel(arguments);
            command.current_dir(&project);
            stage.sandbox.run(command).ok();
        }
        run(&stage, &older, &project, &["metadata", "--format-version", "1", "--offline"]).ok();
        run(&stage, &older, &project, &["generate-lockfile", "--offline"]).ok();
        let found = stage.cargo(&project, ["config", "-Zunstable-options", "get"]);
        assert!(!found.stderr.contains("failed to load"), "{case}: {found}");
        let mut undo = stage.sandbox.panel(UNDO);
        undo.current_dir(&project);
        stage.sandbox.run(undo).ok();
        assert_eq!(fs::read_to_string(home.join("config.toml")).ok().as_deref(), before, "{case}");
        let _ = fs::remove_file(home.join("config.toml"));
    }

    // As it was written before: the next command mends it, and undo still restores every byte.
    fs::write(home.join("config.toml"), "[net]\nretry = 1\n").expect("the sandbox is ours");
    for command in [&["status"][..], &["list"], &["run", "--", "--version"]] {
        stage.sandbox.run(stage.sandbox.panel(&["use", "one"])).ok();
        let text = fs::read_to_string(home.join("config.toml")).expect("it is there");
        let as_before = text.replace("include = [\"mirror.toml\"]\n", table);
        assert_ne!(text, as_before);
        fs::write(home.join("config.toml"), &as_before).expect("the sandbox is ours");
        forge_record(&stage, &text, &as_before);
        run(&stage, &older, &project, &["metadata", "--offline"]).fails();
        let said = stage.sandbox.run(stage.sandbox.panel(command)).ok();
        assert!(said.stderr.contains("older cargos"), "{said}");
        assert_eq!(fs::read_to_string(home.join("config.toml")).expect("it is there"), text);
        run(&stage, &older, &project, &["metadata", "--format-version", "1", "--offline"]).ok();
        stage.sandbox.run(stage.sandbox.panel(UNDO)).ok();
        assert_eq!(fs::read_to_string(home.join("config.toml")).expect("it is there"), "[net]\nretry = 1\n");
    }
}

/// Has the undo record say what an earlier version of the program would have left.
fn forge_record(stage: &CargoStage, text: &str, before: &str) {
    let place = stage.sandbox.path("state/mirror/undo/cargo.json");
    let json = |text: &str| serde_json::to_string(text).expect("a string");
    let record = fs::read_to_string(&place).expect("there is one");
    assert!(record.contains(&json(text)), "{record}");
    fs::write(&place, record.replace(&json(text), &json(before))).expect("the sandbox is ours");
}

#[test]
fn what_an_older_cargo_could_not_read_is_not_written() {
    if older().is_none() {
        return;
    }
    let world = World::new(Cargo::Old, Some(b"[net]\nretry = 1\n"));
    let with_all = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("PATH", format!("{}:/usr/bin:/bin", world.sandbox.path("bin").display()));
        world.sandbox.run(command)
    };
    let refused = with_all(SETUP);
    assert!(refused.code == 78 && refused.stderr.contains(SYSTEMS) && refused.stderr.contains("--force"), "{refused}");
    assert_eq!(world.text(), "[net]\nretry = 1\n");
    with_all(&[SETUP, &["--force"]].concat()).ok();
    assert!(world.text().contains("[source.cargo-mirror]"));
    let doctor = with_all(&["doctor"]).ok();
    assert!(doctor.stdout.contains("no sparse index"), "{doctor}");
}
