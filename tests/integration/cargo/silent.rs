//! An upstream that swallows packets, as filtered networks do: it costs once, and what it says late still counts.

use std::{fs, path::PathBuf, time::Duration};

use mirror_tests::{CargoStage, CrateServer, Fault, Needs, Ran, Tamper};

/// A crate of the small project.
const NAME: &str = "strsim";

struct World {
    stage: CargoStage,
    project: PathBuf,
}

impl World {
    fn new() -> Self {
        let stage = CargoStage::new(&["ash", "birch"]);
        let project = stage.project("project", Needs::Handful);
        Self { stage, project }
    }

    fn fetch(&self) -> Ran {
        self.stage.fresh_cargo_home();
        let _ = fs::remove_file(self.project.join("Cargo.lock"));
        let mut command = self.stage.sandbox.panel(&["run", "--", "fetch"]);
        command.current_dir(&self.project);
        self.stage.sandbox.run(command)
    }

    /// Failures that are remembered of upstream since it was heard.
    fn faults(&self) -> u64 {
        let health = fs::read_to_string(self.stage.sandbox.path("state/mirror/health.json")).expect("it was written");
        let behind =
            health.split("\"upstream:cargo ").find_map(|rest| rest.split_once("index\":{")).expect("it was asked");
        let record = behind.1.split('}').next().expect("the rest of it");
        let faults = record.split("\"faults\":").nth(1).expect("a record has them").split(',').next();
        faults.and_then(|number| number.trim().parse().ok()).expect("a number")
    }
}

#[test]
fn a_black_hole_is_learned_and_forgotten_when_upstream_is_heard() {
    let world = World::new();
    world.stage.upstream.web.set(Fault::BlackHole);
    for _ in 0..2 {
        let fetched = world.fetch().ok();
        assert!(fetched.stderr.contains("upstream does not answer"), "{fetched}");
        assert!(world.faults() > 0, "it is remembered");
    }
    // Four questions at a time are asked of it, not one for each of a dozen crates.
    assert!(world.stage.upstream.web.log().len() < 40, "{}", world.stage.upstream.web.log().len());
    world.stage.upstream.web.heal();
    world.fetch().ok();
    assert_eq!(world.faults(), 0, "it was heard");
    world.stage.sandbox.forget_reports();
    world.fetch().ok();
    assert_eq!(world.stage.sandbox.report()[0]["verdict"], "upstream");
}

#[test]
fn upstream_that_contradicts_late_stops_the_command_before_a_file_is_handed_on() {
    for how in [Tamper::Both, Tamper::Index] {
        let world = World::new();
        world.stage.upstream.web.set_where(CrateServer::is_index, Fault::Delay(Duration::from_millis(2200)));
        for mirror in &world.stage.mirrors {
            mirror.server.tamper(NAME, how);
            mirror.server.web.set_where(CrateServer::is_file, Fault::Delay(Duration::from_secs(5)));
        }
        let fetched = world.fetch();
        assert_eq!(fetched.code, 101, "{how:?}: {fetched}");
        assert!(fetched.stderr.contains("E-DIGEST") && fetched.stderr.contains("answers now"), "{how:?}: {fetched}");
        let cache = world.stage.sandbox.path("cargo/registry/cache");
        let kept = fs::read_dir(&cache).into_iter().flatten().flatten().flat_map(|folder| fs::read_dir(folder.path()));
        assert_eq!(kept.flatten().count(), 0, "{how:?}: cargo has files");
    }
}

#[test]
fn a_slow_upstream_that_agrees_late_is_no_trouble() {
    let world = World::new();
    world.stage.upstream.web.set_where(CrateServer::is_index, Fault::Delay(Duration::from_millis(1800)));
    for mirror in &world.stage.mirrors {
        mirror.server.web.set_where(CrateServer::is_file, Fault::Delay(Duration::from_millis(2500)));
    }
    let fetched = world.fetch().ok();
    assert!(!fetched.stderr.contains("E-"), "{fetched}");
    assert_eq!(world.faults(), 0, "it was heard");
}
