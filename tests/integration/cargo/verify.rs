//! `cargo mirror verify` finds what is not the authority's in a lock, and accuses no honest one.

use std::{fs, path::PathBuf, time::Duration};

use mirror_tests::{CargoStage, History, Needs, Ran, Repository, Stage, Tamper};
use serde_json::Value;

struct World {
    stage: CargoStage,
    project: PathBuf,
}

impl World {
    fn new(needs: Needs) -> Self {
        let stage = CargoStage::new(&["ash", "birch", "cedar"]);
        let project = stage.locked_project("project", needs);
        Self { stage, project }
    }

    fn verify(&self, arguments: &[&str]) -> Ran {
        let mut command = self.stage.sandbox.command("cargo-mirror");
        command.current_dir(&self.project).args(["mirror", "verify"]).args(arguments);
        self.stage.sandbox.run(command)
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.project.join("Cargo.lock")).expect("there is a lock")
    }

    fn change(&self, change: impl FnOnce(String) -> String) {
        fs::write(self.project.join("Cargo.lock"), change(self.lock())).expect("the project is ours");
    }

    fn checksum(&self, name: &str) -> String {
        self.stage.stock.newest(name).checksum.clone()
    }
}

fn packages(ran: &Ran) -> Vec<Value> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("no JSON: {error} in {ran}"));
    report["packages"].as_array().expect("a list").clone()
}

fn package(ran: &Ran, name: &str) -> Value {
    let found = packages(ran).into_iter().find(|package| package["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {ran}"))
}

#[test]
fn an_honest_lock_of_a_real_workspace_is_right_in_every_line() {
    let world = World::new(Needs::Everything);
    let ran = world.verify(&["--json"]).ok();
    let packages = packages(&ran);
    assert!(packages.len() > 100, "{} packages", packages.len());
    for package in &packages {
        let own = package["name"] == "project";
        let right = matches!(package["check"].as_str(), Some("ok" | "yanked"));
        assert!(right || own && package["check"] == "not-checked", "{package}");
        assert_eq!(package["verdict"] == "upstream", !own, "{package}");
    }
    let report = world.stage.sandbox.report();
    assert_eq!(report.last().map(|line| (&line["operation"], &line["error"])), Some((&"verify".into(), &Value::Null)));
    let table = world.verify(&[]).ok().stdout;
    assert!(table.contains(" ok, ") && table.contains("1 not checked") && !table.contains('\u{1b}'), "{table}");
}

#[test]
fn what_an_attacker_changes_in_a_lock_is_named_with_both_checksums() {
    let world = World::new(Needs::Handful);
    let honest = world.lock();
    let (own, other) = (world.checksum("strsim"), world.checksum("httparse"));
    let flipped = format!("{}{}", if own.starts_with('0') { '1' } else { '0' }, &own[1..]);
    let version = world.stage.stock.newest("strsim").version.clone();
    let named = |version: &str| format!("name = \"strsim\"\nversion = \"{version}\"");
    for (how, lock, said) in [
        ("one digit", honest.replace(&own, &flipped), vec![own.clone(), flipped.clone()]),
        (
            "two swapped",
            honest.replace(&own, "SWAP").replace(&other, &own).replace("SWAP", &other),
            vec![own.clone(), other.clone()],
        ),
        ("another version", honest.replace(&named(&version), &named("99.0.0")), vec!["strsim 99.0.0".to_owned()]),
    ] {
        assert_ne!(lock, honest, "{how}");
        world.change(|_| lock);
        let ran = world.verify(&["--json"]);
        assert_eq!(ran.code, 65, "{how}: {ran}");
        assert!(ran.stderr.contains("error[E-LOCK-POISON]") && ran.stderr.contains("hint: "), "{how}: {ran}");
        for word in said {
            assert!(ran.stderr.contains(&word), "{how}: {word} in {ran}");
        }
        let expected = if how == "another version" { "unknown" } else { "poisoned" };
        assert_eq!(package(&ran, "strsim")["check"], expected, "{how}: {ran}");
        assert_eq!(package(&ran, "bytes")["check"], "ok", "{how}: {ran}");
    }
}

#[test]
fn a_lock_that_was_made_from_a_lying_mirror_is_found() {
    let world = World::new(Needs::Handful);
    let lying = world.stage.mirror("ash");
    lying.tamper("strsim", Tamper::Both);
    fs::remove_file(world.project.join("Cargo.lock")).expect("there is a lock");
    world.stage.cargo_through(&lying.index(), &world.project, ["generate-lockfile"]).ok();
    let ran = world.verify(&[]);
    assert_eq!(ran.code, 65, "{ran}");
    assert!(ran.stderr.contains(&lying.tampered_checksum("strsim")), "{ran}");
}

#[test]
fn without_upstream_two_operators_have_to_agree() {
    let mut world = World::new(Needs::Handful);
    world.stage.upstream.web.stop();
    let ran = world.verify(&["--json"]).ok();
    assert_eq!(package(&ran, "strsim")["verdict"], "quorum", "{ran}");

    world.stage.mirror("ash").tamper("strsim", Tamper::Both);
    world.stage.forget();
    world.verify(&[]).ok();

    let own = world.checksum("strsim");
    let honest = world.lock();
    world.change(|lock| lock.replace(&own, &"0".repeat(64)));
    let ran = world.verify(&[]);
    assert_eq!(ran.code, 65, "{ran}");
    world.change(|_| honest);

    for name in ["ash", "birch"] {
        world.stage.mirror(name).web.fall_silent();
    }
    world.stage.forget();
    let ran = world.verify(&[]);
    assert_eq!(ran.code, 77, "{ran}");
    assert!(ran.stderr.contains("error[E-QUORUM]"), "{ran}");
}

#[test]
fn a_hundred_crates_at_a_tenth_of_a_second_do_not_wait_for_each_other() {
    let world = World::new(Needs::Everything);
    let count = world.lock().matches("checksum = ").count();
    world.stage.upstream.web.latency(Duration::from_millis(100));
    world.stage.upstream.web.forget_log();
    let ran = world.verify(&[]).ok();
    let one_by_one = 0.1 * count as f64;
    assert!(ran.seconds < one_by_one / 2.0, "{count} crates in {} s", ran.seconds);
    let mut asked: Vec<String> = world.stage.upstream.web.log().iter().map(|seen| seen.path.clone()).collect();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "an entry was asked for twice");
}

#[test]
fn other_sources_are_listed_and_not_checked_and_commits_are_looked_for() {
    let world = World::new(Needs::Handful);
    let git = Stage::new(&History::small(), &[]);
    let (tip, inner) = (git.upstream.tip(), commit_before(&git.upstream));
    let url = git.origin.repo_url("owner/small");
    let package_of = |name: &str, source: &str| {
        format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n")
    };
    world.change(|lock| {
        lock + &package_of("at-tip", &format!("git+{url}#{tip}"))
            + &package_of("inside", &format!("git+{url}?rev={inner}#{inner}"))
            + &package_of("lost", &format!("git+{url}#{}", "12".repeat(20)))
            + &package_of("hidden", &format!("git+ssh://git.example/owner/name#{tip}"))
            + &package_of("foreign", "sparse+https://other.example/index/")
    });
    let ran = world.verify(&["--json"]).ok();
    for (name, source, check, note) in [
        ("at-tip", "git", "ok", "is a tip: refs/heads/main"),
        ("inside", "git", "ok", "exists there"),
        ("lost", "git", "unknown", "not found there"),
        ("hidden", "git", "unasked", "could not be asked"),
        ("foreign", "https://other.example/index/", "not-checked", "another registry"),
        ("project", "path", "not-checked", ""),
    ] {
        let package = package(&ran, name);
        assert_eq!((package["source"].as_str(), package["check"].as_str()), (Some(source), Some(check)), "{package}");
        assert!(package["note"].as_str().is_some_and(|said| said.contains(note)), "{package}");
    }
    assert!(["ash", "birch", "cedar"].contains(&package(&ran, "strsim")["mirror"].as_str().expect("a mirror")));
}

#[test]
fn what_cannot_be_verified_says_what_to_do() {
    let world = World::new(Needs::Handful);
    let manifest = world.project.join("Cargo.toml").display().to_string();
    let elsewhere = |arguments: &[&str]| {
        let mut command = world.stage.sandbox.command("cargo-mirror");
        command.args(["verify"]).args(arguments);
        world.stage.sandbox.run(command)
    };
    elsewhere(&["--manifest-path", &manifest]).ok();
    let nowhere = elsewhere(&[]);
    assert_eq!(nowhere.code, 78, "{nowhere}");
    assert!(nowhere.stderr.contains("--manifest-path"), "{nowhere}");
    fs::remove_file(world.project.join("Cargo.lock")).expect("there is a lock");
    let unlocked = world.verify(&[]);
    assert_eq!(unlocked.code, 78, "{unlocked}");
    assert!(unlocked.stderr.contains("hint: cargo generate-lockfile"), "{unlocked}");
}

fn commit_before(repository: &Repository) -> String {
    repository.git(&["rev-parse", "HEAD~1"]).ok().stdout.trim().to_owned()
}
