//! Crates that `mirror.lock` fixes, and mirrors of crates that contradict each other, seen by real cargo.

use std::{fs, path::Path, time::Duration};

use mirror_tests::{CargoStage, Fault, Needs, Ran, Tamper, refused_url};
use serde_json::Value;

/// A crate of the small project; it needs no other.
const NAME: &str = "strsim";

fn run(stage: &CargoStage, project: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("cargo-mirror");
    command.current_dir(project).envs(environment.iter().copied()).arg("mirror").args(arguments);
    stage.sandbox.run(command)
}

#[test]
fn crates_that_are_pinned_come_as_pinned_or_not_at_all() {
    let stage = CargoStage::new(&["ash", "birch"]);
    let project = stage.locked_project("project", Needs::Handful);
    let only_pins = [("MIRROR_CARGO__TRUST", "pinned")];
    let lock = fs::read_to_string(project.join("Cargo.lock")).expect("it is locked");
    run(&stage, &project, &[], &["pin", "--crates"]).ok();
    let pins = fs::read_to_string(project.join("mirror.lock")).expect("it was written");
    let sums = lock.lines().filter_map(|line| line.strip_prefix("checksum = "));
    assert!(sums.clone().count() > 5 && sums.clone().all(|sum| pins.contains(sum)), "{pins}");

    // Without Cargo.lock the pins are what is fixed, upstream's own word notwithstanding.
    fs::remove_file(project.join("Cargo.lock")).expect("it is there");
    run(&stage, &project, &only_pins, &["run", "--", "fetch"]).ok();
    for server in std::iter::once(&stage.upstream).chain(stage.mirrors.iter().map(|mirror| &mirror.server)) {
        server.tamper(NAME, Tamper::Both);
    }
    fs::remove_file(project.join("Cargo.lock")).expect("cargo wrote it");
    stage.fresh_cargo_home();
    let ran = run(&stage, &project, &[], &["run", "--", "fetch"]).fails();
    assert!(ran.stderr.contains("E-DIGEST") && ran.stderr.contains("the project has fixed"), "{ran}");

    // Two files of the project that disagree are found before cargo is started.
    let broken = lock.lines().find_map(|line| line.strip_prefix("checksum = \"")).expect("a checksum");
    fs::write(project.join("Cargo.lock"), lock.replacen(&broken[..4], "0000", 1)).expect("ours");
    let ran = run(&stage, &project, &[], &["run", "--", "fetch"]).fails();
    assert!(ran.code == 65 && ran.stderr.contains("E-LOCK-POISON"), "{ran}");
}

#[test]
fn where_only_pins_count_nothing_else_comes() {
    let stage = CargoStage::new(&["ash"]);
    let project = stage.project("project", Needs::Handful);
    let ran = run(&stage, &project, &[("MIRROR_CARGO__TRUST", "pinned")], &["run", "--", "fetch"]).fails();
    assert!(ran.stderr.contains("E-UNPINNED") && ran.stderr.contains("cargo mirror pin --crates"), "{ran}");
    let project = stage.locked_project("locked", Needs::Handful);
    run(&stage, &project, &[("MIRROR_CARGO__TRUST", "pinned")], &["run", "--", "fetch", "--locked"]).ok();
}

#[test]
fn a_poisoned_lock_is_not_pinned() {
    let stage = CargoStage::new(&["ash"]);
    let project = stage.locked_project("project", Needs::Handful);
    stage.upstream.tamper(NAME, Tamper::Both);
    let ran = run(&stage, &project, &[], &["pin", "--crates"]).fails();
    assert!(ran.code == 65 && ran.stderr.contains("E-LOCK-POISON") && ran.stderr.contains(NAME), "{ran}");
    assert!(!project.join("mirror.lock").exists());
}

#[test]
fn mirrors_of_crates_that_contradict_each_other_leave_evidence() {
    let stage = CargoStage::new(&["ash", "birch", "cedar"]);
    let project = stage.project("project", Needs::Handful);
    stage.mirror("cedar").tamper(NAME, Tamper::Both);
    // Whoever is heard after two have agreed is not needed, and not heard: the liar is to be among the first.
    stage.mirror("birch").web.set(Fault::Delay(Duration::from_millis(400)));
    let upstream = stage.upstream.index();
    let nowhere = format!("sparse+{}/", refused_url());
    stage.sandbox.mirror_config(&stage.configuration("").replacen(&upstream, &nowhere, 1));
    let ran = run(&stage, &project, &[], &["run", "--", "fetch"]).ok();
    let file = ran.stderr.split("cargo mirror audit ").nth(1).and_then(|rest| rest.lines().next());
    let file = file.unwrap_or_else(|| panic!("a warning names the evidence: {ran}")).to_owned();
    // Upstream is there again, at another port.
    stage.configure("");
    let bare = |index: &str| index.trim_start_matches("sparse+").to_owned();
    let text = fs::read_to_string(&file).expect("it was written");
    fs::write(&file, text.replace(&bare(&nowhere), &bare(&upstream))).expect("ours");
    let audited = run(&stage, &project, &[], &["audit", "--json", &file]).ok();
    let audited: Value = serde_json::from_str(&audited.stdout).expect("--json prints JSON");
    assert_eq!((audited["tool"].as_str(), audited["subject"].as_str()), (Some("cargo"), Some(NAME)));
    let claims = audited["claims"].as_array().expect("a list");
    let checks: Vec<String> = claims
        .iter()
        .map(|claim| ["operator", "now", "check"].map(|key| claim[key].as_str().unwrap_or("").to_owned()).join(" "))
        .collect();
    let distinct: std::collections::BTreeSet<&String> = checks.iter().collect();
    assert_eq!(
        distinct.into_iter().collect::<Vec<_>>(),
        ["ash the same right", "birch the same right", "cedar the same wrong"]
    );
}
