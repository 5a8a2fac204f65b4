//! pip through the shim and its relay: real pips, real wheels, and everything that goes wrong at mirrors.
//!
//! Where there is no python3 with pip, these tests say so and see nothing.

use std::fs;

use mirror_tests::{BlackHole, Fault, IndexServer, Kept, Tamper, processes, refused_url};

use super::world::{NAME, World, each_pip, one_pip};

/// What goes wrong, and how that is brought about.
type Kind = (&'static str, fn(&World));

#[test]
fn upstream_speaks_and_mirrors_carry() {
    each_pip(|pip| {
        let world = World::new(pip);
        let ran = world.download(&["requests"]).ok();
        assert!(!ran.stderr.contains("mirror:"), "silence when all is well: {ran}");
        for project in ["requests", "idna", "urllib3", "certifi", "charset-normalizer"] {
            world.assert_right(project, "healthy");
        }
        assert_eq!((world.files_from_mirrors(), World::files(&world.upstream)), (5, 0));
        let reports = world.sandbox.report();
        let report = &reports[0];
        assert_eq!(report["verdict"], "upstream", "{report}");
        assert!(report["sources"].as_array().is_some_and(|sources| !sources.is_empty()), "{report}");
        world.download(&["requests"]).ok();
        assert_eq!(world.files_from_mirrors(), 5, "what was fetched once is kept");
    });
}

#[test]
fn a_dropped_connection_is_no_fault_of_an_index() {
    one_pip(|pip| {
        for kept in [Kept::Closed, Kept::DroppedOnNext, Kept::ResetOnNext] {
            let world = World::new(pip);
            world.upstream.web.kept(kept);
            world.each_mirror(|server| server.web.kept(kept));
            let ran = world.download(&["requests"]).ok();
            assert!(!ran.stderr.contains("mirror:"), "{kept:?}: {ran}");
            let report = &world.sandbox.report()[0];
            let sources = report["sources"].as_array().expect("a list");
            assert!(sources.iter().all(|source| source["outcome"] == "ok"), "{kept:?}: {report}");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pip_that_is_stopped_holds_no_other_up() {
    one_pip(|pip| {
        let world = World::new(pip);
        // In the middle of the file, of whoever is asked.
        world.each_mirror(|server| {
            server.web.set_where(IndexServer::is_file, Fault::Drip(20_000).times(1));
        });
        let download = |folder: &str| {
            let mut command = world.pip();
            command.args(["--disable-pip-version-check", "download", "--no-cache-dir", "-d", folder, NAME]);
            world.sandbox.run(command)
        };
        std::thread::scope(|scope| {
            let first = scope.spawn(|| download("first"));
            while world.files_from_mirrors() == 0 && !first.is_finished() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let all = processes(&world.sandbox);
            assert!(!all.is_empty(), "the first one is over already");
            all.iter().for_each(|process| process.signal("STOP"));
            world.each_mirror(|server| server.web.heal());
            let second = download("second");
            all.iter().for_each(|process| process.signal("CONT"));
            assert!(second.ok().seconds < 10.0);
            first.join().expect("no panic").ok();
        });
    });
}

#[test]
fn pip_goes_on_through_the_others_and_never_gets_a_lie() {
    each_pip(|pip| {
        let kinds: &[Kind] = &[
            ("403 for pip", |world| world.mirror("ash").web.refuse_agent("pip/")),
            ("404", |world| world.mirror("ash").web.set(Fault::status(404))),
            ("429", |world| world.mirror("ash").web.set(Fault::busy(429, 60))),
            ("503", |world| world.mirror("ash").web.set(Fault::status(503))),
            ("captive portal", |world| world.mirror("ash").web.set(Fault::captive_portal())),
            ("cut", |world| world.mirror("ash").web.set_where(IndexServer::is_file, Fault::CutAt(0.5.into()))),
            ("stalled", |world| world.mirror("ash").web.set_where(IndexServer::is_file, Fault::StallAt(0.5.into()))),
            ("flipped", |world| world.mirror("ash").web.set_where(IndexServer::is_file, Fault::FlipByteAt(0.5.into()))),
            ("missing", |world| world.mirror("ash").missing(NAME)),
            ("stale", |world| world.mirror("ash").stale(NAME)),
            ("index only", |world| world.each_mirror(IndexServer::index_only)),
            ("tampered alike", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::Both))),
            ("tampered file", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::File))),
            ("tampered metadata", |world| world.each_mirror(|server| server.tamper(NAME, Tamper::Index))),
            ("html only", |world| world.each_mirror(IndexServer::html_only)),
        ];
        let world = World::new(pip);
        for (kind, spoil) in kinds {
            world.forget();
            spoil(&world);
            let ran = world.download(&[NAME]);
            assert_eq!(ran.code, 0, "{kind}: {ran}");
            world.assert_right(NAME, kind);
            world.each_mirror(|server| {
                server.web.heal();
                server.restore();
            });
        }
    });
}

#[test]
fn a_dead_first_mirror_is_passed_over_and_one_line_says_so() {
    each_pip(|pip| {
        let hole = BlackHole::start();
        for address in [refused_url(), hole.url()] {
            let world = World::new(pip);
            let dead = format!("{address}/simple/");
            let first = "[mirrors.dead]\nweight = 1e12\n";
            world.configure(|name| world.mirror(name).index(), &format!("{first}pypi = \"{dead}\"\n"));
            let ran = world.download(&["requests"]);
            assert_eq!(ran.code, 0, "{ran}");
            for project in ["requests", "idna", "urllib3", "certifi", "charset-normalizer"] {
                world.assert_right(project, &address);
            }
            let said: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("mirror:")).collect();
            let right =
                |line: &&str| line.starts_with("mirror: warning: dead: ") && line.ends_with("; went on without it");
            assert!(said.len() == 1 && said.iter().all(right), "{address}, {:?}: {ran}", world.sandbox.report());
            let report = &world.sandbox.report()[0];
            assert_eq!((&report["error"], &report["verdict"]), (&serde_json::Value::Null, &"upstream".into()));
            assert!(
                report["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds <= ran.seconds),
                "{report}"
            );
        }
    });
}

#[test]
fn without_upstream_two_operators_are_enough_and_one_is_not() {
    each_pip(|pip| {
        let mut world = World::new(pip);
        world.upstream.web.stop();
        let ran = world.download(&[NAME]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(ran.stderr.contains("upstream does not answer"), "{ran}");
        world.assert_right(NAME, "quorum");
        let same = format!("what is believed of {NAME}");
        let said = evidence(&world);
        assert!(said.len() >= 2 && said.iter().all(|(_, said)| *said == same), "{said:?}");

        world.forget();
        world.mirror("ash").tamper(NAME, Tamper::Both);
        world.download(&[NAME]).ok();
        world.assert_right(NAME, "one lies");
        let said = evidence(&world);
        let others = [("birch".to_owned(), same.clone()), ("cedar".to_owned(), same.clone())];
        assert!(others.iter().all(|other| said.contains(other)), "{said:?}");
        // Where the others were quicker, it was not waited for.
        let ash = said.iter().find(|(who, _)| who == "ash").map(|(_, said)| said.as_str());
        assert!(ash.is_none_or(|said| said.ends_with(&format!("something else of {NAME}"))), "{said:?}");

        world.forget();
        for name in ["birch", "cedar"] {
            world.mirror(name).web.set(Fault::status(503));
        }
        let ran = world.download(&[NAME]);
        assert_ne!(ran.code, 0, "{ran}");
        assert!(ran.stderr.contains("E-QUORUM"), "the real cause is told: {ran}");
    });
}

/// Who said what, by the report of the last run.
fn evidence(world: &World) -> Vec<(String, String)> {
    let reports = world.sandbox.report();
    let list = reports.last().and_then(|report| report["evidence"].as_array().cloned()).expect("a list");
    let word = |of: &serde_json::Value, key: &str| of[key].as_str().expect("a word").to_owned();
    list.iter().map(|one| (word(one, "who"), word(one, "said"))).collect()
}

#[test]
fn a_hash_in_the_requirements_is_evidence_where_upstream_is_silent() {
    each_pip(|pip| {
        let mut world = World::new(pip);
        world.upstream.web.stop();
        let wheel = world.stock.wheel(NAME).clone();
        let line = |sum: &str| format!("{NAME}=={} \\\n  --hash=sha256:{sum}\n", wheel.version);
        world.file("r.txt", "-r nested.txt\n");
        world.file("nested.txt", &line(&wheel.checksum));
        for name in ["birch", "cedar"] {
            world.mirror(name).web.set(Fault::status(503));
        }
        let ran = world.download(&["-r", "r.txt"]);
        assert_eq!(ran.code, 0, "one mirror is enough: {ran}");
        assert!(ran.stderr.contains("checksums are as the project has written them down"), "{ran}");
        world.assert_right(NAME, "by its hash");
        assert_eq!(world.sandbox.report()[0]["verdict"], "pinned");

        // What two agree on does not count against it.
        world.forget();
        world.each_mirror(|server| server.web.heal());
        for name in ["birch", "cedar"] {
            world.mirror(name).tamper(NAME, Tamper::Both);
        }
        let ran = world.download(&["-r", "r.txt"]);
        assert_eq!(ran.code, 0, "{ran}");
        world.assert_right(NAME, "two lie");

        // A hash that nobody's file has is no evidence for one.
        world.forget();
        for name in ["birch", "cedar"] {
            world.mirror(name).web.set(Fault::status(503));
        }
        world.file("nested.txt", &line(&"0".repeat(64)));
        world.mirrors.iter().for_each(|(_, server)| server.web.forget_log());
        let ran = world.download(&["-r", "r.txt"]).fails();
        assert!(ran.stderr.contains("E-QUORUM"), "{ran}");
        assert_eq!(world.files_from_mirrors(), 0);
    });
}

#[test]
fn a_large_wheel_comes_from_several_mirrors() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.each_mirror(|server| server.web.rate(10_000_000));
        world.download(&["--no-deps", "numpy"]).ok();
        world.assert_right("numpy", "healthy");
        let parts = |name: &&str| world.mirror(name).web.log().iter().any(|seen| seen.status == 206);
        assert!(["ash", "birch", "cedar"].iter().filter(|name| parts(name)).count() >= 2);

        let size = world.stock.wheel("numpy").bytes().len() as u64;
        let flip = || Fault::FlipByteAt(0.5.into()).times(u32::MAX);
        for (case, liar, fault, known, most) in [
            ("one spoils all it sends", "birch", flip(), false, 1.2),
            ("whoever is asked first does", "ash", flip(), false, 1.7),
            ("one segment is spoiled", "birch", Fault::FlipByteAt(0.5.into()).times(1), true, 1.7),
            ("one that served well before spoils all it sends", "birch", flip(), true, 1.7),
        ] {
            world.each_mirror(|server| {
                server.web.heal();
                server.web.rate(10_000_000);
            });
            world.forget();
            if known {
                world.download(&["--no-deps", "numpy"]).ok();
                // What is remembered of them stays; what was fetched does not.
                let files = world.sandbox.path("cache/mirror/files");
                fs::remove_dir_all(files).expect("it was fetched");
            }
            let sent = || world.mirrors.iter().map(|(_, server)| server.web.sent()).sum::<u64>();
            let before = sent();
            world.mirror(liar).web.set_where(IndexServer::is_file, fault);
            let mut command = world.downloading(&["--no-deps", "numpy"]);
            command.env("MIRROR_LOG", "mirror_config::fetch=debug");
            let ran = world.sandbox.run(command).ok();
            world.assert_right("numpy", case);
            let share = (sent() - before) as f64 / size as f64;
            println!("{case}: {share:.2} times");
            assert!(share < most, "{case}: {share:.2} times: {ran}");
        }
    });
}

#[test]
fn a_file_that_goes_on_and_on_costs_little_of_it() {
    const MOST: u64 = 200 << 20;
    each_pip(|pip| {
        for (case, name, fault) in [
            ("without an end", NAME, Fault::EndlessBody),
            ("of a false length", NAME, Fault::LongBody(2 << 30)),
            ("of a false length, and the true file is large", "numpy", Fault::LongBody(2 << 30)),
        ] {
            let world = World::new(pip);
            let liar = world.mirror("ash");
            liar.web.set_where(IndexServer::is_file, fault);
            world.download(&["--no-deps", name]).ok();
            world.assert_right(name, case);
            println!("{case}: {} MB", liar.web.sent() >> 20);
            assert!(liar.web.sent() < MOST, "{case}: {} bytes from who lies", liar.web.sent());
        }
    });
}

#[test]
fn what_upstream_has_not_got_is_not_invented_and_private_names_are_not_told() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.upstream.missing(NAME);
        world.configure(|name| world.mirror(name).index(), "private = [\"certi*\"]\n");
        world.download(&[NAME]).fails();
        for (name, server) in &world.mirrors {
            let told = server.web.log().iter().any(|seen| seen.path.contains(NAME));
            assert!(!told, "{name} heard of it");
        }
        let ran = world.download(&["no-such-project-here"]);
        assert_ne!(ran.code, 0, "{ran}");
    });
}

#[test]
fn pip_goes_without_us_where_nothing_can_be_kept() {
    each_pip(|pip| {
        let world = World::new(pip);
        let cache = world.sandbox.path("cache");
        fs::remove_dir(&cache).expect("it is empty");
        fs::write(&cache, "no folder").expect("the sandbox is ours");
        let mut command = world.pip();
        command.args(["--disable-pip-version-check", "download", "--no-cache-dir", "--no-index", NAME]);
        let chosen = world.sandbox.run(command).fails();
        assert!(!chosen.stderr.contains("mirror:"), "{chosen}");
        // With a proxy that refuses, so that this pip does not reach anything.
        let mut command = world.pip();
        command.args(["--disable-pip-version-check", "download", "--no-cache-dir", "--retries", "0", NAME]);
        // Nor in the folder for what is kept for a run.
        command.env("HTTPS_PROXY", refused_url()).env("TMPDIR", &cache);
        let ran = world.sandbox.run(command).fails();
        assert!(ran.stderr.contains("pip goes without a mirror") && ran.stderr.contains("cache"), "{ran}");
        assert_eq!(world.files_from_mirrors(), 0);
    });
}

#[test]
fn an_installed_package_names_no_loopback_address() {
    each_pip(|pip| {
        let world = World::new(pip);
        let mut command = world.pip();
        command.args(["--disable-pip-version-check", "install", "--no-cache-dir", "--target", "site", NAME]);
        world.sandbox.run(command).ok();
        let site = world.sandbox.work().join("site");
        let info = fs::read_dir(&site).expect("pip installed it").flatten().map(|entry| entry.path());
        for file in info.filter(|path| path.extension().is_some_and(|e| e == "dist-info")) {
            for entry in fs::read_dir(file).expect("a folder").flatten().filter(|entry| entry.path().is_file()) {
                let text = String::from_utf8_lossy(&fs::read(entry.path()).expect("readable")).into_owned();
                assert!(!text.contains("127.0.0.1"), "{:?}", entry.path());
            }
        }
        assert!(site.join(NAME).is_dir());
    });
}
