//! What real cargo makes of a configuration that was set up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mirror_tests::{CargoStage, Needs, Ran, refused_url};

use super::setup::{INCLUDED, UNDO, contents, fixtures};
use crate::all::Fixture;

/// A stage whose cargo does what is configured, and asks each place once.
fn stage(mirrors: &[&str]) -> (CargoStage, PathBuf) {
    let stage = CargoStage::new(mirrors);
    let project = stage.locked_project("needs", Needs::Handful);
    (stage, project)
}

#[track_caller]
fn mirror(stage: &CargoStage, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.panel(arguments);
    command.current_dir(folder);
    stage.sandbox.run(command)
}

#[test]
fn real_cargo_downloads_from_the_mirror_and_keeps_its_lock() {
    let (stage, project) = stage(&["one", "two"]);
    let lock = fs::read(project.join("Cargo.lock")).expect("it was made");
    for name in ["one", "two"] {
        mirror(&stage, &project, &["use", name]).ok();
        stage.cargo(&project, ["fetch", "--locked"]).ok();
        assert!(!stage.mirror(name).web.log().is_empty(), "{name} was asked");
    }
    mirror(&stage, &project, &["run", "--", "fetch", "--locked"]).ok();
    assert_eq!(fs::read(project.join("Cargo.lock")).expect("it was made"), lock);
    let status = mirror(&stage, &project, &["status", "cargo", "--json"]).ok();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!((status["kind"].as_str(), status["includes"].as_bool()), (Some("cargo-mirror"), Some(true)));
    assert!(status["origin"].as_str().is_some_and(|place| place.ends_with("mirror.toml:4")), "{status}");
    mirror(&stage, &project, UNDO).ok();
    assert_eq!(contents(&stage.sandbox.path("cargo")).get("config.toml"), None);
}

#[test]
fn a_project_of_its_own_wins_over_the_user_and_status_says_so() {
    let (stage, project) = stage(&["one", "two"]);
    mirror(&stage, &project, &["use", "one"]).ok();
    mirror(&stage, &project, &["use", "two", "--scope", "project"]).ok();
    assert!(project.join(".cargo/config.toml").is_file());
    stage.cargo(&project, ["fetch", "--locked"]).ok();
    assert!(stage.mirror("one").web.log().is_empty() && !stage.mirror("two").web.log().is_empty());
    mirror(&stage, &project, UNDO).ok();
    assert!(!project.join(".cargo").exists(), "the folder was made for it");
    fs::create_dir(project.join(".cargo")).expect("the project is ours");
    fs::write(
        project.join(".cargo/config.toml"),
        "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'v'\n",
    )
    .expect("the project is ours");
    let said = mirror(&stage, &project, &["use", "one"]).ok();
    assert!(said.stderr.contains("wins over"), "{said}");
    let doctor = mirror(&stage, &project, &["doctor", "--json"]).ok();
    let found: serde_json::Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let texts: Vec<&str> = found.as_array().expect("a list").iter().filter_map(|one| one["what"].as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("vendored")), "{doctor}");
    assert!(texts.iter().any(|text| text.contains("has no effect here")), "{doctor}");
}

#[test]
fn every_expected_configuration_is_one_that_cargo_understands() {
    let stage = CargoStage::new(&["one"]);
    let project = stage.project("needs", Needs::Handful);
    let home = stage.sandbox.path("cargo");
    for name in ["a.toml", "b.toml", "work.toml"] {
        fs::write(home.join(name), "").expect("the sandbox is ours");
    }
    fs::write(home.join("mirror.toml"), INCLUDED).expect("the sandbox is ours");
    for Fixture { name, out, .. } in fixtures() {
        for expected in ["include.toml", "direct.toml"] {
            fs::copy(out.join(expected), home.join("config.toml")).expect("a fixture has it");
            // Nobody runs that mirror. cargo says where it looked.
            let said = stage.cargo(&project, ["generate-lockfile", "--offline"]).fails();
            assert!(said.stderr.contains("`cargo-mirror` index"), "{name} {expected}: {said}");
        }
    }
}

#[test]
fn off_gets_real_cargo_past_the_replacement() {
    let (stage, project) = stage(&["one"]);
    mirror(&stage, &project, &["use", "one"]).ok();
    let publish = ["publish", "--dry-run", "--no-verify", "--allow-dirty", "--config", "net.retry=0"];
    let refused = "crates-io is replaced with";
    let said = stage.cargo(&project, publish).fails();
    assert!(said.stderr.contains(refused), "{said}");
    let mut command = stage.sandbox.panel(&["off", "--"]);
    // Nothing goes out: the way to the official index leads to a place where nobody is.
    command.current_dir(&project).env("CARGO_HTTP_PROXY", refused_url()).args(publish);
    let said = stage.sandbox.run(command).fails();
    assert!(!said.stderr.contains(refused) && said.stderr.contains("config.json"), "{said}");
    assert_eq!(said.code, 101, "cargo's own: {said}");
}
