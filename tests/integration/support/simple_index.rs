//! Whether the simple indexes on loopback do what they say, seen by real pip.
//!
//! Uses no program of this workspace.

use std::{fs, path::PathBuf};

use mirror_tests::{Fault, IndexServer, Ran, Sandbox, Tamper, WheelStock, sha256};

/// A project of the stock that needs no other.
const NAME: &str = "certifi";

/// What makes an index lack something.
type Spoil = fn(&IndexServer);

/// An index, and a sandbox that knows nothing of the machine's pip.
struct World {
    sandbox: Sandbox,
    stock: WheelStock,
    server: IndexServer,
}

impl World {
    fn new() -> Self {
        let stock = WheelStock::downloaded();
        Self { sandbox: Sandbox::new(), server: IndexServer::start(&stock), stock }
    }

    /// `pip download` into an empty folder.
    fn download(&self, arguments: &[&str]) -> Ran {
        // An error means that there is none.
        let _ = fs::remove_dir_all(self.folder());
        self.server.web.forget_log();
        let mut command = self.sandbox.command("python3");
        command.args(["-m", "pip", "--isolated", "--disable-pip-version-check", "download", "--no-cache-dir"]);
        command.args(["--retries", "0", "-d", "got", "-i", &self.server.index()]).args(arguments);
        self.sandbox.run(command)
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.work().join("got")
    }

    fn got(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).expect("pip downloaded it")
    }

    /// How many requests pip made of a sort.
    fn count(&self, sort: fn(&mirror_tests::Seen) -> bool) -> usize {
        self.server.web.log().iter().filter(|seen| sort(seen)).count()
    }
}

#[test]
fn pip_downloads_through_the_index_in_both_its_forms() {
    let world = World::new();
    for form in ["JSON", "HTML"] {
        if form == "HTML" {
            world.server.html_only();
        }
        world.download(&["requests"]).ok();
        for project in ["requests", "idna", "urllib3", "certifi", "charset-normalizer"] {
            let wheel = world.stock.wheel(project);
            assert_eq!(sha256(&world.got(&wheel.name)), wheel.checksum, "{form} {project}");
        }
        assert_eq!(world.count(IndexServer::is_file), 5, "{form}");
        assert_eq!(world.count(IndexServer::is_page), 5, "{form}");
        assert!(world.server.web.log().iter().all(|seen| seen.user_agent().starts_with("pip/")), "{form}");
    }
    world.download(&["--no-deps", "--no-binary", ":none:", "numpy"]).ok();
    assert!(world.got(&world.stock.wheel("numpy").name).len() > 15_000_000);
}

#[test]
fn metadata_is_read_where_the_index_has_it() {
    let world = World::new();
    world.download(&["requests"]).ok();
    assert_eq!(world.count(IndexServer::is_metadata), 5, "pip 23.2 and later ask for it");
    world.server.tamper(NAME, Tamper::Index);
    world.download(&[NAME]).ok();
    assert!(world.server.web.log().iter().any(|seen| seen.path == "/simple/numpy/"), "pip believes a dependency");
    world.server.restore();
    world.server.without_metadata();
    world.download(&["requests"]).ok();
    assert_eq!(world.count(IndexServer::is_metadata), 0);
}

#[test]
fn an_index_without_files_a_missing_file_and_a_stale_page_make_pip_fail() {
    let world = World::new();
    let spoil: [(&str, Spoil); 3] = [
        ("index only", IndexServer::index_only),
        ("missing", |server| server.missing(NAME)),
        ("stale", |server| server.stale(NAME)),
    ];
    for (what, spoil) in spoil {
        spoil(&world.server);
        let said = world.download(&[NAME]).fails();
        assert!(said.stderr.contains(if what == "stale" { "No matching" } else { "404" }), "{what}: {said}");
        world.server.restore();
        world.download(&[NAME]).ok();
    }
    world.server.yank(NAME, "a \"bad\" day");
    world.download(&[NAME]).fails();
    let version = format!("{NAME}=={}", world.stock.wheel(NAME).version);
    assert!(world.download(&[&version]).ok().stderr.contains("bad"), "a pin takes what is yanked, with a word");
}

#[test]
fn lies_that_agree_are_believed_and_others_are_not() {
    let world = World::new();
    let wheel = world.stock.wheel(NAME);
    world.server.tamper(NAME, Tamper::File);
    assert!(world.download(&[NAME]).fails().stderr.contains("HASHES"));
    world.server.tamper(NAME, Tamper::Both);
    world.download(&[NAME]).ok();
    let lie = world.got(&wheel.name);
    assert!(lie.len() == wheel.bytes().len() && sha256(&lie) != wheel.checksum, "pip believes it");
    world.server.restore();
    world.download(&[NAME]).ok();
    assert_eq!(sha256(&world.got(&wheel.name)), wheel.checksum);
}

#[test]
fn faults_on_the_way_make_pip_fail_until_they_are_healed() {
    let world = World::new();
    for fault in [
        Fault::CutAt(0.5.into()),
        Fault::FlipByteAt(0.5.into()),
        Fault::status(403),
        Fault::busy(429, 1),
        Fault::busy(503, 1),
        Fault::captive_portal(),
    ] {
        world.server.web.set_where(IndexServer::is_file, fault.clone());
        assert_ne!(world.download(&[NAME]).code, 0, "{fault:?}");
        assert!(world.count(IndexServer::is_file) > 0, "{fault:?}");
        world.server.web.heal();
        world.download(&[NAME]).ok();
    }
    world.server.web.refuse_agent("pip/");
    world.download(&[NAME]).fails();
    world.server.web.heal();
    world.server.web.set_where(IndexServer::is_page, Fault::captive_portal());
    world.download(&[NAME]).fails();
}
