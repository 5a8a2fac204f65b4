//! Whether the registries on loopback do what they say, seen by real cargo.
//!
//! Uses no program of this workspace, but for reading the configuration of a stage.

use std::{
    collections::BTreeSet,
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use mirror_tests::{CargoStage, CrateServer, Fault, Needs, Ran, Tamper, Template, sha256};

/// A crate of the small project; it needs no other.
const NAME: &str = "strsim";

/// A stage, and a project with a lock on it.
struct World {
    stage: CargoStage,
    project: PathBuf,
}

impl World {
    fn new() -> Self {
        let stage = CargoStage::new(&[]);
        let project = stage.locked_project("project", Needs::Handful);
        Self { stage, project }
    }

    fn server(&self) -> &CrateServer {
        &self.stage.upstream
    }

    /// `cargo fetch` with an empty home.
    fn fetch(&self, options: &[&str]) -> Ran {
        self.stage.fresh_cargo_home();
        self.server().web.forget_log();
        self.stage.cargo_through(&self.server().index(), &self.project, ["fetch"].iter().chain(options))
    }

    fn forget_lock(&self) {
        fs::remove_file(self.project.join("Cargo.lock")).expect("the project has a lock");
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.project.join("Cargo.lock")).expect("the project has a lock")
    }
}

/// One request by hand, and the whole answer.
fn ask(base: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer).into_owned()
}

fn value(answer: &str, header: &str) -> String {
    let line = answer.lines().find_map(|line| line.strip_prefix(&format!("{header}: ")));
    line.unwrap_or_else(|| panic!("no {header} in {answer}")).to_owned()
}

#[test]
fn the_stock_is_what_the_lock_says_to_the_byte() {
    let stage = CargoStage::new(&[]);
    let crates = stage.stock.crates();
    assert!(crates.len() > 100, "{} crates", crates.len());
    for one in crates {
        let digest = sha256(&one.bytes());
        assert_eq!(digest, one.checksum, "{} {}", one.name, one.version);
    }
}

#[test]
fn cargo_fetches_through_the_registry_with_each_way_to_files() {
    let world = World::new();
    for template in [Template::Plain, Template::Names, Template::Checksum] {
        world.server().template(template);
        world.fetch(&["--locked"]).ok();
        let log = world.server().web.log();
        let files: BTreeSet<&str> =
            log.iter().filter(|seen| CrateServer::is_file(seen)).map(|seen| seen.path.as_str()).collect();
        assert_eq!(files.len(), world.lock().matches("checksum = ").count(), "{template:?}: {files:#?}");
        assert!(files.contains(world.server().file_path(NAME).as_str()), "{template:?}: {files:#?}");
        let index = CrateServer::index_path(NAME);
        assert!(log.iter().any(|seen| seen.path == index && seen.status == 200), "{log:#?}");
        assert!(log.iter().all(|seen| seen.user_agent().contains("cargo") && seen.method == "GET"), "{log:#?}");
        assert_eq!(world.server().web.sent(), log.iter().map(|seen| seen.sent).sum::<u64>());
    }
}

#[test]
fn a_lock_made_on_stage_is_one_of_the_official_registry_with_true_checksums() {
    let stage = CargoStage::new(&["campus"]);
    let project = stage.locked_project("large", Needs::Everything);
    let lock = fs::read_to_string(project.join("Cargo.lock")).expect("the project has a lock");
    let checksums: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("checksum = ")).collect();
    assert!(checksums.len() > 100, "{} packages", checksums.len());
    let known: BTreeSet<String> = stage.stock.crates().iter().map(|one| format!("\"{}\"", one.checksum)).collect();
    assert!(checksums.iter().all(|checksum| known.contains(*checksum)), "{lock}");
    assert!(!lock.contains("127.0.0.1"), "{lock}");
    assert!(stage.upstream.web.log().is_empty(), "upstream was not asked for the lock");
    stage.cargo_through(&stage.mirror("campus").index(), &project, ["fetch", "--locked"]).ok();
    assert!(stage.upstream.web.log().is_empty() && stage.mirror("campus").web.log().len() > 200);
}

#[test]
fn an_index_that_is_known_is_not_sent_again() {
    let world = World::new();
    world.forget_lock();
    world.fetch(&[]).ok();
    world.forget_lock();
    world.server().web.forget_log();
    world.stage.cargo_through(&world.server().index(), &world.project, ["generate-lockfile"]).ok();
    let log = world.server().web.log();
    let index = CrateServer::index_path(NAME);
    let again = log.iter().find(|seen| seen.path == index).expect("cargo asks whether it is new");
    assert_eq!((again.status, again.sent), (304, 0), "{again:#?}");
}

#[test]
fn parts_of_a_crate_are_given_to_who_asks() {
    let world = World::new();
    let (url, path) = (world.server().web.url(), world.server().file_path(NAME));
    let whole = ask(&url, &path, "");
    assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
    let length: usize = value(&whole, "Content-Length").parse().expect("a number");
    assert_eq!(length, world.stage.stock.newest(NAME).bytes().len());
    let part = ask(&url, &path, "Range: bytes=10-19\r\n");
    assert!(part.starts_with("HTTP/1.1 206 "), "{part}");
    assert_eq!(value(&part, "Content-Range"), format!("bytes 10-19/{length}"));
    assert_eq!(value(&part, "Content-Length"), "10");
    let tag = value(&whole, "ETag");
    assert!(ask(&url, &path, &format!("If-None-Match: {tag}\r\n")).starts_with("HTTP/1.1 304 "));
    assert!(ask(&url, &path, "Range: bytes=10-19\r\nIf-Range: \"x\"\r\n").starts_with("HTTP/1.1 200 "));
    world.server().web.ranges(false);
    assert!(ask(&url, &path, "Range: bytes=10-19\r\n").starts_with("HTTP/1.1 200 "));
    assert!(ask(&url, "/no/wh/nowhere", "").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_connection_takes_one_request_after_another_each_after_the_latency() {
    let world = World::new();
    let web = &world.server().web;
    web.latency(Duration::from_millis(100));
    let start = Instant::now();
    let path = world.server().file_path(NAME);
    let mut stream = TcpStream::connect(web.url().trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let get = "GET /config.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    write!(stream, "{head}{get}").expect("the server reads");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("a head and a small body are text");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert!(answers.contains(&format!("Content-Length: {}\r\n", world.stage.stock.newest(NAME).bytes().len())));
    assert!(answers.ends_with('}'), "{answers}");
    assert!(start.elapsed() >= Duration::from_millis(200));
    let sent: Vec<u64> = web.log().iter().map(|seen| seen.sent).collect();
    assert!(sent[0] == 0 && sent[1] > 0, "{sent:?}");
}

#[test]
fn an_answer_without_end_goes_on_until_the_client_leaves_or_the_server_stops() {
    let mut stage = CargoStage::new(&[]);
    stage.upstream.web.set(Fault::EndlessBody);
    let mut stream = TcpStream::connect(stage.upstream.web.url().trim_start_matches("http://")).expect("it listens");
    write!(stream, "GET /config.json HTTP/1.1\r\nHost: x\r\n\r\n").expect("the server reads");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    stream.read_exact(&mut vec![0; 8 << 20]).expect("there is no end");
    stage.upstream.web.stop();
    let end = stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert!(!matches!(end, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{end:?}");
}

#[test]
fn an_index_without_files_a_missing_crate_and_a_stale_index_make_cargo_fail() {
    let world = World::new();
    world.server().index_only();
    assert!(world.fetch(&["--locked"]).fails().stderr.contains("404"));
    world.server().restore();
    world.server().missing(NAME);
    let said = world.fetch(&["--locked"]).fails();
    assert!(said.stderr.contains("404") && said.stderr.contains(NAME), "{said}");
    world.server().restore();
    world.server().stale(NAME);
    let said = world.fetch(&["--locked"]).fails();
    assert!(said.stderr.contains(NAME), "{said}");
    world.server().restore();
    world.fetch(&["--locked"]).ok();
}

#[test]
fn lies_that_agree_are_found_by_a_lock_only_and_others_always() {
    let world = World::new();
    let (truth, lie) = (world.stage.stock.newest(NAME).checksum.clone(), world.server().tampered_checksum(NAME));
    world.server().tamper(NAME, Tamper::File);
    assert!(world.fetch(&["--locked"]).fails().stderr.contains("checksum"));
    world.server().tamper(NAME, Tamper::Index);
    world.fetch(&["--locked"]).fails();
    world.server().tamper(NAME, Tamper::Both);
    for template in [Template::Plain, Template::Checksum] {
        world.server().template(template);
        assert!(world.fetch(&["--locked"]).fails().stderr.contains("checksum"));
    }
    assert!(world.lock().contains(&truth));
    world.forget_lock();
    world.fetch(&[]).ok();
    assert!(world.lock().contains(&lie) && !world.lock().contains(&truth), "cargo believes it");
    world.forget_lock();
    world.server().tamper(NAME, Tamper::Index);
    world.fetch(&[]).ok();
    assert!(dependencies_of(&world.lock(), NAME).contains("itoa"), "{}", world.lock());
    world.forget_lock();
    world.server().restore();
    world.fetch(&[]).ok();
    assert!(world.lock().contains(&truth) && dependencies_of(&world.lock(), NAME).is_empty());
}

/// What a package of a lock depends on, as it stands there.
fn dependencies_of(lock: &str, name: &str) -> String {
    let table = lock.split("[[package]]").find(|table| table.contains(&format!("\nname = \"{name}\"\n")));
    let table = table.unwrap_or_else(|| panic!("{name} is not in {lock}"));
    table.split_once("dependencies = [").map_or(String::new(), |(_, list)| list.to_owned())
}

#[test]
fn faults_on_the_way_make_cargo_fail_until_they_are_healed() {
    let world = World::new();
    let file = world.server().file_path(NAME);
    let portal = Fault::captive_portal;
    for fault in [
        Fault::CutAt(0.5.into()),
        Fault::EndAt(0.5.into()),
        Fault::FlipByteAt(0.5.into()),
        Fault::status(403),
        Fault::status(404),
        Fault::busy(429, 1),
        Fault::busy(503, 1),
        portal(),
    ] {
        let path = file.clone();
        world.server().web.set_where(move |seen| seen.path == path, fault.clone());
        let said = world.fetch(&["--locked"]).fails();
        assert!(said.stderr.contains(NAME), "{fault:?}: {said}");
        let log = world.server().web.log();
        let spoiled = log.iter().find(|seen| seen.path == file).expect("cargo asked for it");
        if let Fault::Status { code, .. } = fault {
            assert_eq!(spoiled.status, code);
        }
        world.server().web.heal();
        world.fetch(&["--locked"]).ok();
    }
    world.server().web.set_where(CrateServer::is_index, portal());
    world.fetch(&["--locked"]).fails();
    world.server().web.heal();
    world.server().web.refuse_agent("cargo");
    assert!(world.fetch(&["--locked"]).fails().stderr.contains("403"));
    let by_hand = ask(&world.server().web.url(), "/config.json", "User-Agent: curl/8\r\n");
    assert!(by_hand.starts_with("HTTP/1.1 200 "), "{by_hand}");
}

#[test]
fn a_redirect_leads_to_another_registry() {
    let stage = CargoStage::new(&["campus"]);
    let project = stage.locked_project("project", Needs::Handful);
    stage.upstream.web.set_where(CrateServer::is_file, Fault::Redirect(stage.mirror("campus").web.url()));
    stage.cargo_through(&stage.upstream.index(), &project, ["fetch", "--locked"]).ok();
    let log = stage.mirror("campus").web.log();
    assert!(!log.is_empty() && log.iter().all(CrateServer::is_file), "{log:#?}");
}

#[test]
fn silence_stalls_and_drips_hold_cargo_up() {
    let world = World::new();
    let hangs = || {
        world.stage.fresh_cargo_home();
        let mut command = world.stage.command(&world.project, ["fetch", "--locked"]);
        command.arg("--config").arg(format!("source.stage.registry=\"{}\"", world.server().index()));
        command.args(["--config", "source.crates-io.replace-with=\"stage\""]);
        world.stage.sandbox.run_until(command, |elapsed| elapsed > Duration::from_secs(2)).was_killed()
    };
    for fault in [Fault::BlackHole, Fault::StallAt(0.5.into()), Fault::Drip(16), Fault::Delay(Duration::from_secs(60))]
    {
        world.server().web.set_where(CrateServer::is_file, fault.clone());
        assert!(hangs(), "{fault:?}");
    }
    world.server().web.heal();
    world.server().web.rate(4000);
    assert!(hangs(), "one cap for all");
    world.server().web.rate(0);
    world.server().web.fall_silent();
    assert!(hangs(), "silent");
    world.server().web.heal();
    world.fetch(&["--locked"]).ok();
}

#[test]
fn cargo_on_stage_has_nothing_of_the_machines_cargo() {
    let world = World::new();
    let offline = world.stage.cargo(&world.project, ["fetch", "--locked", "--offline"]).fails();
    assert!(offline.stderr.contains("--offline"), "{offline}");
}

#[test]
fn the_configuration_of_a_stage_is_one_that_the_programs_take() {
    let mut stage = CargoStage::new(&["campus"]);
    stage.set_keys("campus", "weight = 0.5");
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["list", "--json"]);
    let said = stage.sandbox.run(command).ok();
    assert!(said.stdout.contains(&format!("\"{}/\"", stage.mirror("campus").web.url())), "{said}");
    stage.set_address("campus", "https://campus.example/index");
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["list", "--json"]);
    assert!(stage.sandbox.run(command).ok().stdout.contains("\"https://campus.example/index/\""));
}
