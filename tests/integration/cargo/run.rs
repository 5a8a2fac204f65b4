//! `cargo mirror run`, seen by real cargo: whatever goes wrong at mirrors, the right crates come, or none.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use mirror_tests::{BlackHole, CargoStage, CrateServer, Fault, Kept, Needs, Ran, Tamper, refused_url};

/// A crate of the small project; it needs no other.
const NAME: &str = "strsim";

/// What goes wrong, and how that is brought about.
type Kind = (&'static str, fn(&World));

struct World {
    stage: CargoStage,
    project: PathBuf,
}

impl World {
    /// Three mirrors, and a project without a lock.
    fn new() -> Self {
        let stage = CargoStage::new(&["ash", "birch", "cedar"]);
        let project = stage.project("project", Needs::Handful);
        Self { stage, project }
    }

    fn locked() -> Self {
        let stage = CargoStage::new(&["ash", "birch", "cedar"]);
        let project = stage.locked_project("project", Needs::Handful);
        Self { stage, project }
    }

    /// `cargo mirror run -- fetch` with nothing in cargo's home.
    fn fetch(&self) -> Ran {
        self.stage.fresh_cargo_home();
        self.run(&["fetch"])
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.stage.sandbox.command("cargo-mirror");
        command.current_dir(&self.project).args(["run", "--"]).args(arguments);
        self.stage.sandbox.run(command)
    }

    fn each_mirror(&self, spoil: impl Fn(&CrateServer)) {
        self.stage.mirrors.iter().for_each(|mirror| spoil(&mirror.server));
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.project.join("Cargo.lock")).expect("cargo wrote it")
    }

    /// What a plain cargo locks and fetches from upstream; every test's truth.
    fn assert_right(&self) {
        let lock = self.lock();
        for one in self.stage.stock.crates().iter().filter(|one| lock.contains(&format!("\"{}\"", one.name))) {
            if lock.contains(&format!("name = \"{}\"\nversion = \"{}\"", one.name, one.version)) {
                assert!(lock.contains(&one.checksum), "{} {} has another checksum", one.name, one.version);
            }
        }
        assert!(lock.contains(NAME) && !lock.contains("127.0.0.1"), "{lock}");
        let fetched = self.run(&["fetch", "--locked", "--offline"]);
        assert_eq!(fetched.code, 0, "{fetched}");
    }

    fn files_from(&self, name: &str) -> usize {
        let log = self.stage.mirror(name).web.log();
        log.iter().filter(|seen| CrateServer::is_file(seen) && seen.status == 200).count()
    }

    fn files_from_mirrors(&self) -> usize {
        ["ash", "birch", "cedar"].iter().map(|name| self.files_from(name)).sum()
    }

    fn files_from_upstream(&self) -> usize {
        self.stage.upstream.web.log().iter().filter(|seen| CrateServer::is_file(seen)).count()
    }
}

#[test]
fn upstream_speaks_and_mirrors_carry() {
    let world = World::new();
    let fetched = world.fetch().ok();
    assert!(!fetched.stderr.contains("mirror:"), "silence when all is well: {fetched}");
    world.assert_right();
    assert_eq!(world.files_from_upstream(), 0);
    assert_eq!(world.files_from_mirrors(), world.lock().matches("checksum = ").count());
    for mirror in &world.stage.mirrors {
        let log = mirror.server.web.log();
        assert!(log.iter().all(|seen| seen.user_agent().starts_with("cargo/1.")), "it looks like cargo");
        assert!(!log.iter().any(|seen| seen.path == CrateServer::index_path(NAME)), "upstream's index was enough");
    }
    let reports = world.stage.sandbox.report();
    let report = &reports[0];
    assert_eq!((report["tool"].as_str(), report["verdict"].as_str()), (Some("cargo"), Some("upstream")));
    assert!(report["sources"].as_array().is_some_and(|sources| !sources.is_empty()), "{report}");
}

#[test]
fn a_dropped_connection_is_no_fault_of_a_registry() {
    for kept in [Kept::Closed, Kept::DroppedOnNext, Kept::ResetOnNext] {
        let world = World::new();
        world.stage.upstream.web.kept(kept);
        world.each_mirror(|server| server.web.kept(kept));
        let fetched = world.fetch().ok();
        assert!(!fetched.stderr.contains("mirror:"), "{kept:?}: {fetched}");
        world.assert_right();
        let report = &world.stage.sandbox.report()[0];
        let sources = report["sources"].as_array().expect("a list");
        assert!(sources.iter().all(|source| source["outcome"] == "ok"), "{kept:?}: {report}");
    }
}

#[test]
fn what_was_fetched_once_is_not_fetched_again_and_the_address_stays() {
    let world = World::new();
    world.fetch().ok();
    let folders = |world: &World| {
        let cache = world.stage.sandbox.path("cargo").join("registry/cache");
        fs::read_dir(cache).expect("cargo fetched").flatten().map(|entry| entry.file_name()).collect::<Vec<_>>()
    };
    let first = folders(&world);
    let carried = world.files_from_mirrors();
    world.fetch().ok();
    assert_eq!((folders(&world), world.files_from_mirrors()), (first, carried));
    world.assert_right();
}

#[test]
fn what_the_lock_names_is_asked_for_once_and_before_cargo_gets_there() {
    let world = World::locked();
    let answers = Duration::from_millis(700);
    world.stage.upstream.web.latency(answers);
    world.stage.upstream.web.forget_log();
    world.fetch().ok();
    let log = world.stage.upstream.web.log();
    let asked = |name: &str| {
        let mut asked = log.iter().filter(|seen| seen.path.ends_with(&CrateServer::index_path(name)));
        let first = asked.next().unwrap_or_else(|| panic!("{name} was not asked for")).at;
        assert_eq!(asked.count(), 0, "{name} was asked for twice");
        first
    };
    // Three levels below: cargo asks for it when upstream has answered three times.
    let ahead = asked("unicode-ident").saturating_duration_since(asked("thiserror"));
    assert!(ahead < answers * 2, "{ahead:?}");
    world.assert_right();
}

#[test]
fn the_build_goes_on_through_the_others() {
    let kinds: &[Kind] = &[
        ("silent", |world| world.stage.mirror("ash").web.set(Fault::BlackHole)),
        ("403", |world| world.stage.mirror("ash").web.set(Fault::status(403))),
        ("404", |world| world.stage.mirror("ash").web.set(Fault::status(404))),
        ("429", |world| world.stage.mirror("ash").web.set(Fault::busy(429, 60))),
        ("503", |world| world.stage.mirror("ash").web.set(Fault::status(503))),
        ("captive portal", |world| world.stage.mirror("ash").web.set(Fault::captive_portal())),
        ("cut", |world| world.stage.mirror("ash").web.set_where(CrateServer::is_file, Fault::CutAt(0.5.into()))),
        ("stalled", |world| world.stage.mirror("ash").web.set_where(CrateServer::is_file, Fault::StallAt(0.5.into()))),
        ("flipped", |world| {
            world.stage.mirror("ash").web.set_where(CrateServer::is_file, Fault::FlipByteAt(0.5.into()))
        }),
        ("index only", |world| world.each_mirror(CrateServer::index_only)),
        ("one crate missing", |world| world.stage.mirror("ash").missing(NAME)),
        ("stale", |world| world.stage.mirror("ash").stale(NAME)),
        ("tampered alike", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::Both))),
        ("tampered crate", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::File))),
        ("tampered index", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::Index))),
    ];
    let world = World::new();
    for (kind, spoil) in kinds {
        world.stage.forget();
        let _ = fs::remove_file(world.project.join("Cargo.lock"));
        spoil(&world);
        let fetched = world.fetch();
        assert_eq!(fetched.code, 0, "{kind}: {fetched}");
        world.assert_right();
        world.each_mirror(|server| {
            server.web.heal();
            server.restore();
        });
    }
}

#[test]
fn a_dead_first_mirror_does_not_hold_anything_up() {
    let hole = BlackHole::start();
    for address in [refused_url(), hole.url()] {
        let mut world = World::new();
        world.stage.set_address("ash", &address);
        world.fetch().ok();
        world.assert_right();
        assert_eq!(world.files_from_upstream(), 0);
    }
}

#[test]
fn a_cut_crate_goes_on_where_it_ended() {
    let world = World::new();
    for name in ["ash", "birch", "cedar"] {
        world.stage.mirror(name).web.set_where(CrateServer::is_file, Fault::CutAt(0.5.into()).times(1));
    }
    world.fetch().ok();
    world.assert_right();
    let logs = world.stage.mirrors.iter().flat_map(|mirror| mirror.server.web.log());
    assert!(logs.into_iter().any(|seen| seen.status == 206), "a part was asked for");
}

#[test]
fn a_large_crate_comes_from_several_mirrors_whatever_goes_wrong_at_one() {
    const LARGE: &str = "linux-raw-sys";
    let world = World::new();
    let large = world.stage.stock.newest(LARGE).clone();
    let manifest = format!(
        "[package]\nname = \"project\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n{LARGE} = \"={}\"\n",
        large.version
    );
    fs::write(world.project.join("Cargo.toml"), manifest).expect("the project is ours");
    world.each_mirror(|server| server.web.rate(3_000_000));
    let kinds: &[(&str, Option<Fault>)] = &[
        ("healthy", None),
        ("flipped", Some(Fault::FlipByteAt(0.5.into()))),
        ("cut", Some(Fault::CutAt(0.5.into()))),
        ("stalled", Some(Fault::StallAt(0.5.into()))),
        ("slow", Some(Fault::Drip(20_000))),
        ("no files", Some(Fault::status(404))),
    ];
    for (kind, fault) in kinds {
        world.stage.forget();
        let _ = fs::remove_file(world.project.join("Cargo.lock"));
        world.each_mirror(|server| server.web.forget_log());
        if let Some(fault) = fault {
            world.stage.mirror("birch").web.set_where(CrateServer::is_file, fault.clone());
        }
        let fetched = world.fetch();
        assert_eq!(fetched.code, 0, "{kind}: {fetched}");
        assert!(world.lock().contains(&large.checksum), "{kind}: {}", world.lock());
        let parts = |name: &str| world.stage.mirror(name).web.log().iter().filter(|seen| seen.status == 206).count();
        if *kind == "healthy" {
            let helped = ["ash", "birch", "cedar"].iter().filter(|name| parts(name) > 0).count();
            assert!(helped >= 2, "{helped} mirrors gave parts");
        }
        world.each_mirror(|server| server.web.heal());
    }
    assert_eq!(world.files_from_upstream(), 0);
}

#[test]
fn more_than_a_hundred_crates_come_over_narrow_lines() {
    let stage = CargoStage::new(&["ash", "birch", "cedar"]);
    let project = stage.locked_project("project", Needs::Everything);
    let world = World { stage, project };
    world.each_mirror(|server| server.web.rate(2_500_000));
    world.fetch().ok();
    world.assert_right();
    assert_eq!(world.files_from_upstream(), 0);
}

#[test]
fn a_crate_that_crawls_from_everybody_ends_and_the_only_source_is_waited_for() {
    let world = World::locked();
    world.stage.configure("[net]\nlow-speed-time = \"2 s\"\n");
    let crawls = |server: &CrateServer| server.web.set_where(|seen| seen.path.contains(NAME), Fault::Drip(16));
    world.each_mirror(crawls);
    world.stage.upstream.web.set_where(|seen| seen.path.contains(NAME) && CrateServer::is_file(seen), Fault::Drip(16));
    let fetched = world.fetch();
    assert_eq!(fetched.code, 101, "{fetched}");
    assert!(fetched.stderr.contains("E-SLOW") && fetched.stderr.contains("upstream: sends only "), "{fetched}");

    world.stage.forget();
    world.each_mirror(|server| server.web.set_where(CrateServer::is_file, Fault::status(404)));
    world.stage.mirror("ash").web.set_where(CrateServer::is_file, Fault::Delay(Duration::from_secs(4)));
    world.stage.upstream.web.set_where(CrateServer::is_file, Fault::status(404));
    world.stage.configure("");
    world.fetch().ok();
    world.assert_right();
}

#[test]
fn without_upstream_two_operators_are_enough_and_one_is_not() {
    let mut world = World::new();
    world.stage.upstream.web.stop();
    let fetched = world.fetch();
    assert_eq!(fetched.code, 0, "{fetched}");
    assert!(fetched.stderr.contains("upstream does not answer"), "{fetched}");
    world.assert_right();
    let reports = world.stage.sandbox.report();
    assert_eq!(reports[0]["verdict"], "quorum");
    let said = evidence(&reports[0]);
    assert!(["ash", "birch", "cedar"].iter().filter(|name| said.contains_key(**name)).count() >= 2, "{said:?}");
    assert!(said.values().all(|said| said.starts_with("what is believed of ")), "{said:?}");

    world.stage.forget();
    fs::remove_file(world.project.join("Cargo.lock")).expect("cargo wrote it");
    for name in ["birch", "cedar"] {
        world.stage.mirror(name).web.set(Fault::status(503));
    }
    let fetched = world.fetch();
    assert_eq!(fetched.code, 101, "{fetched}");
    assert!(fetched.stderr.contains("E-QUORUM"), "{fetched}");
    let said = evidence(&world.stage.sandbox.report()[0]);
    assert!(said.len() == 1 && said["ash"].starts_with("what too few attest of "), "{said:?}");
}

/// Who said what, by a report.
fn evidence(report: &serde_json::Value) -> BTreeMap<String, String> {
    let list = report["evidence"].as_array().expect("a list");
    let word = |of: &serde_json::Value, key: &str| of[key].as_str().expect("a word").to_owned();
    list.iter().map(|one| (word(one, "who"), word(one, "said"))).collect()
}

#[test]
fn a_lock_is_evidence_when_only_one_mirror_is_left() {
    let mut world = World::locked();
    world.stage.upstream.web.stop();
    for name in ["birch", "cedar"] {
        world.stage.mirror(name).web.set(Fault::status(503));
    }
    let fetched = world.fetch();
    assert_eq!(fetched.code, 0, "{fetched}");
    world.assert_right();
    let said = evidence(&world.stage.sandbox.report()[0]);
    assert!(["ash", "the project"].iter().all(|who| said[*who].starts_with("what is believed of ")), "{said:?}");

    world.stage.forget();
    world.stage.mirror("ash").tamper(NAME, Tamper::Both);
    let fetched = world.fetch();
    assert_ne!(fetched.code, 0, "{fetched}");
    let lie = world.stage.mirror("ash").tampered_checksum(NAME);
    let kept = world.stage.sandbox.path(format!("cache/mirror/files/{}/{}", &lie[..2], &lie[2..]));
    assert!(!kept.exists(), "a lie is not kept");
}

#[test]
fn a_colluding_minority_does_not_win_without_upstream() {
    let mut world = World::new();
    world.stage.upstream.web.stop();
    world.stage.mirror("ash").tamper(NAME, Tamper::Both);
    let fetched = world.fetch();
    assert_eq!(fetched.code, 0, "{fetched}");
    world.assert_right();
    let lie = world.stage.mirror("ash").tampered_checksum(NAME);
    assert!(!world.lock().contains(&lie), "{}", world.lock());
}

#[test]
fn no_configuration_changes_and_the_exit_code_is_cargos() {
    let world = World::new();
    let failed = world.run(&["fetch", "--manifest-path", "nowhere/Cargo.toml"]);
    assert_eq!(failed.code, 101, "{failed}");
    assert!(!world.stage.sandbox.path("cargo").join("config.toml").exists());
    let nothing = world.run(&["--version"]);
    assert!(nothing.stdout.starts_with("cargo 1."), "{nothing}");
}

#[test]
fn several_at_once_do_not_share_a_port_and_all_end_right() {
    let world = World::locked();
    let commands: Vec<_> = (0..4)
        .map(|number| {
            let mut command = world.stage.sandbox.command("cargo-mirror");
            command.current_dir(&world.project).args(["run", "--", "fetch", "--locked"]);
            command.env("CARGO_HOME", world.stage.sandbox.path(format!("cargo-{number}")));
            command.spawn().expect("it starts")
        })
        .collect();
    for mut child in commands {
        assert!(child.wait().expect("it ends").success());
    }
    let ports: std::collections::BTreeSet<String> = (0..4)
        .flat_map(|number| fs::read_dir(world.stage.sandbox.path(format!("cargo-{number}/registry/index"))))
        .flat_map(|folders| folders.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect();
    assert!(ports.len() > 1, "cargo names its folders by the address: {ports:?}");
}
