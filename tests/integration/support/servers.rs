//! Whether the test support does what it says: servers serve, faults hurt plain git, histories are what they claim.
//!
//! Uses no program of this workspace.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use mirror_tests::{
    AUTOGLM, AUTOGLM_ASSETS, BlackHole, Fault, GitServer, History, Ran, Repository, Sandbox, Scope, SilentServer,
    Submodule, assert_fsck_clean, assert_same_reachable, assert_same_repository, assert_same_repository_but,
    assert_same_stored, refused_url,
};

const NAME: &str = "owner/small";

/// A sandbox with the small history behind a server.
struct World {
    sandbox: Sandbox,
    upstream: Repository,
    server: GitServer,
}

impl World {
    fn new() -> Self {
        Self::with(&History::small())
    }

    fn with(history: &History) -> Self {
        let sandbox = Sandbox::new();
        let upstream = history.write(sandbox.path("served"), NAME);
        let server = GitServer::start(sandbox.path("served"));
        Self { sandbox, upstream, server }
    }

    fn clone(&self, options: &[&str], target: &str) -> Ran {
        let url = self.server.repo_url(NAME);
        self.sandbox.git(options.iter().chain(&["clone", "-q", "--mirror", url.as_str(), target]))
    }

    /// Whether a clone still runs after a while, in which case it is killed.
    fn clone_hangs(&self, url: &str) -> bool {
        // A killed clone leaves its folder behind.
        let _ = std::fs::remove_dir_all(self.work("hung"));
        let mut command = self.sandbox.command("git");
        command.args(["clone", "-q", url, "hung"]);
        self.sandbox.run_until(command, |elapsed| elapsed > Duration::from_millis(500)).was_killed()
    }

    fn work(&self, below: &str) -> PathBuf {
        self.sandbox.work().join(below)
    }
}

#[test]
fn clone_through_the_server_is_the_same_with_protocol_v2_and_v0() {
    let world = World::new();
    for version in ["2", "0"] {
        world.clone(&["-c", &format!("protocol.version={version}")], version).ok();
        assert_same_repository(&world.upstream.path(), &world.work(version));
        assert_same_stored(&world.upstream.path(), &world.work(version));
        assert_fsck_clean(&world.work(version));
    }
    let log = world.server.log();
    assert_eq!(log.iter().filter(|seen| seen.is_fetch()).count(), 2, "{log:#?}");
    assert!(log.iter().any(|seen| seen.header("git-protocol") == Some("version=2")));
    assert!(log.iter().any(|seen| seen.says(&format!("want {}", world.upstream.tip()))));
    assert_eq!(world.server.sent(), log.iter().map(|seen| seen.sent).sum::<u64>());
    assert_eq!(world.server.complaints(), "");
}

#[test]
fn a_prefix_relay_a_partial_clone_and_a_sha256_repository_are_served() {
    let world = World::with(&History::small().sha256());
    let relay = format!("{}/https://github.com/{NAME}.git", world.server.url());
    world.sandbox.git(["clone", "-q", "--filter=blob:none", &relay, "relayed"]).ok();
    assert_eq!(world.upstream.tip().len(), 64);
    assert_fsck_clean(&world.work("relayed"));
}

#[test]
fn the_log_shows_a_compressed_request_as_it_was_meant() {
    let world = World::new();
    (1..=15).for_each(|n| world.upstream.set_ref(&format!("refs/heads/back-{n}"), &format!("main~{n}")));
    world.clone(&[], "many").ok();
    let log = world.server.log();
    let fetch = log.iter().find(|seen| seen.is_fetch()).expect("a fetch was seen");
    assert_eq!(fetch.header("content-encoding"), Some("gzip"), "git compresses requests beyond 1 KiB");
    assert!(fetch.says(&format!("want {}", world.upstream.id("main~15"))));
}

#[test]
fn latency_rate_and_drip_take_their_time() {
    let world = World::with(&History::bulky(1));
    let seconds = |target| world.clone(&[], target).ok().seconds;
    let plain = seconds("plain");
    world.server.latency(Duration::from_millis(200));
    assert!(seconds("late") > plain.min(0.3) + 0.4, "advertisement, ls-refs and fetch wait 200 ms each");
    world.server.latency(Duration::ZERO);
    world.server.rate(2_000_000);
    let (start, sent) = (Instant::now(), world.server.sent());
    std::thread::scope(|scope| {
        for target in ["together-1", "together-2"] {
            let world = &world;
            scope.spawn(move || world.clone(&[], target).ok());
        }
    });
    let seconds_together = start.elapsed().as_secs_f64();
    let least = (world.server.sent() - sent) as f64 / 2_000_000.0 - 0.05;
    assert!((least..least + 1.5).contains(&seconds_together), "{seconds_together} s, one cap allows {least} s");
    world.server.rate(0);
    world.server.set(Fault::Drip(2_000_000).only(Scope::Fetch));
    assert!(seconds("dripping") > 0.45);
}

#[test]
fn a_line_fades_after_so_many_bytes() {
    let world = World::with(&History::bulky(4));
    world.server.fading_rate(100_000_000, 3_500_000, 1_000_000);
    let seconds = world.clone(&[], "fading").ok().seconds;
    // All of it would take more than four seconds at the slow rate, and hardly any time at the fast one.
    assert!((0.5..3.5).contains(&seconds), "{seconds} s");
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_knows_what_its_git_has_cost() {
    let world = World::with(&History::bulky(4));
    assert_eq!(world.server.cpu(), Duration::ZERO);
    let seconds: f64 = (0..4).map(|number| world.clone(&[], &format!("copy-{number}")).ok().seconds).sum();
    let cost = world.server.cpu().as_secs_f64();
    assert!(cost >= 0.02 && cost < seconds * 4.0, "{cost} s of CPU in {seconds} s");
    world.server.forget_log();
    assert_eq!(world.server.cpu(), Duration::ZERO);
}

#[test]
fn a_stalled_pack_and_a_black_hole_hang_plain_git() {
    let world = World::with(&History::bulky(1));
    let url = world.server.repo_url(NAME);
    world.server.set(Fault::StallAt(0.5.into()));
    assert!(world.clone_hangs(&url));
    let sent = world.server.log().iter().find(|seen| seen.is_fetch()).expect("a fetch was seen").sent;
    let pack = world.upstream.pack_bytes();
    assert!((pack * 4 / 10..pack * 6 / 10).contains(&sent), "{sent} of {pack}");
    world.server.set(Fault::BlackHole);
    assert!(world.clone_hangs(&url));
    let (silent, unreachable) = (SilentServer::start(), BlackHole::start());
    assert!(world.clone_hangs(&silent.url()) && world.clone_hangs(&unreachable.url()));
    assert!(world.sandbox.git(["clone", &refused_url(), "refused"]).fails().stderr.contains("onnect"));
}

#[test]
fn spoiled_packs_are_refused_by_plain_git_until_the_fault_is_used_up() {
    let world = World::new();
    for version in ["2", "0"] {
        let option = format!("protocol.version={version}");
        let places = [0.5.into(), 200.into()];
        let faults = places.into_iter().flat_map(|at| [Fault::CutAt(at), Fault::EndAt(at), Fault::FlipByteAt(at)]);
        for fault in faults {
            world.server.set(fault.clone().times(1));
            let said = world.clone(&["-c", &option], "spoiled").fails();
            assert!(!said.stderr.contains("bad line length"), "the framing is broken by {fault:?}: {said}");
            world.clone(&["-c", &option], "spoiled").ok();
            std::fs::remove_dir_all(world.work("spoiled")).expect("git made it");
        }
    }
}

#[test]
fn escapes_reach_the_terminal_of_plain_git() {
    let world = World::new();
    world.server.set(Fault::SidebandEscapes);
    let url = world.server.repo_url(NAME);
    let said = world.sandbox.git(["clone", "--progress", &url, "red"]).ok();
    assert!(said.stderr.contains("\u{1b}[2J"), "{said:?}");
}

#[test]
fn answers_without_end_go_on_until_the_client_leaves() {
    let world = World::new();
    for fault in [Fault::EndlessBody, Fault::EndlessPack] {
        world.server.forget_log();
        world.server.set(fault.clone());
        assert!(world.clone_hangs(&world.server.repo_url(NAME)), "{fault:?}");
        let quiet = || {
            let before = world.server.sent();
            std::thread::sleep(Duration::from_millis(50));
            (before > 1 << 20) && world.server.sent() == before
        };
        assert!((0..20).any(|_| quiet()), "{fault:?} goes on: {}", world.server.sent());
    }
}

#[test]
fn other_answers_than_git_are_errors() {
    let world = World::new();
    for (fault, word) in [
        (Fault::status(404), "not found"),
        (Fault::status(403), "403"),
        (Fault::busy(429, 1), "429"),
        (Fault::busy(503, 1), "503"),
        (Fault::unauthorized(), "could not read Username"),
    ] {
        world.server.set(fault.only(Scope::InfoRefs));
        let said = world.clone(&[], "none").fails();
        assert!(said.stderr.contains(word), "{word}: {said}");
    }
    world.server.set(Fault::captive_portal());
    let portal = world.clone(&[], "portal");
    assert!(portal.code != 0 || world.sandbox.git_in(world.work("portal"), ["rev-parse", "HEAD"]).code != 0);
}

#[test]
fn a_redirect_is_followed_to_the_other_server() {
    let world = World::new();
    let mut other = GitServer::start(world.sandbox.path("served"));
    world.server.set(Fault::Redirect(other.url()));
    world.clone(&[], "led").ok();
    assert!(other.log().iter().any(mirror_tests::Seen::is_fetch));
    other.stop();
    world.clone(&[], "misled").fails();
}

#[test]
fn credentials_are_asked_for_and_pushes_need_them_or_leave() {
    let world = World::new();
    world.clone(&[], "open").ok();
    let push = ["push", "-q", "origin", "main~1:refs/heads/pushed"];
    world.sandbox.git_in(world.work("open"), ["config", "--unset", "remote.origin.mirror"]).ok();
    world.sandbox.git_in(world.work("open"), push).fails();
    world.server.require_auth("me", "secret");
    world.clone(&[], "shut").fails();
    let address = world.server.repo_url(NAME).replace("://", "://me:secret@");
    world.sandbox.git_in(world.work("open"), ["config", "remote.origin.url", &address]).ok();
    world.sandbox.git_in(world.work("open"), push).ok();
    assert_eq!(world.upstream.id("pushed"), world.upstream.id("main~1"));
}

#[test]
fn a_stale_copy_has_neither_the_newer_refs_nor_their_objects() {
    let world = World::new();
    let stale = world.upstream.copy_to(world.sandbox.path("stale"));
    assert_same_repository(&world.upstream.path(), &stale.path());
    stale.truncate_by(4);
    assert_eq!(stale.tip(), world.upstream.id("main~4"));
    assert_eq!(refs(&stale), ["refs/heads/main", "refs/heads/topic", "refs/tags/v0.1"]);
    assert_ne!(world.sandbox.git_in(stale.path(), ["cat-file", "-e", &world.upstream.tip()]).code, 0);
    assert_fsck_clean(&stale.path());
    let forged = stale.add_commit("main", "README.md", "forged\n");
    assert_eq!(stale.tip(), forged);
    assert_ne!(world.upstream.add_commit("main", "README.md", "true\n"), forged);
}

#[test]
fn a_repository_goes_back_to_what_it_was_so_many_days_ago() {
    let sandbox = Sandbox::new();
    let lively = History::lively(2).write(sandbox.path("lively"), NAME);
    assert!((42..56).contains(&refs(&lively).len()), "{:?}", refs(&lively));
    let kinds = lively.git(&["for-each-ref", "--format=%(objecttype)", "refs/tags"]).stdout;
    assert!(kinds.contains("commit") && kinds.contains("tag"), "{kinds}");
    // A commit or an annotated tag an hour: 400 and some 32 of them are 18 days.
    let now = lively.copy_to(sandbox.path("now"));
    now.go_back(0);
    assert_eq!((now.tip(), refs(&now)), (lively.tip(), refs(&lively)));
    let then = lively.copy_to(sandbox.path("then"));
    then.go_back(9);
    let count = then.git(&["rev-list", "--count", "main"]).stdout;
    assert!((180..220).contains(&count.trim().parse::<u32>().expect("git counts in digits")), "{count}");
    assert!(refs(&then).len() > 15 && refs(&then).len() < 35, "{:?}", refs(&then));
    assert!(then.pack_bytes() < lively.pack_bytes() * 7 / 10, "newer objects are gone");
    assert_fsck_clean(&then.path());
}

#[test]
fn a_server_falls_silent_on_all_connections_until_it_is_healed() {
    let world = World::with(&History::bulky(1));
    world.server.rate(1_000_000);
    let mut command = world.sandbox.command("git");
    command.args(["clone", "-q", &world.server.repo_url(NAME), "silenced"]);
    let (half, mut since) = (world.upstream.pack_bytes() / 2, None);
    let ended = world.sandbox.run_until(command, |elapsed| {
        if world.server.fetched() >= half && since.is_none() {
            world.server.fall_silent();
            since = Some(elapsed);
        }
        since.is_some_and(|since| elapsed > since + Duration::from_millis(500))
    });
    assert!(ended.was_killed(), "{ended:?}");
    assert!(world.server.fetched() < half + (100 << 10), "{} of {half}", world.server.fetched());
    assert!(world.clone_hangs(&world.server.repo_url(NAME)), "new connections hear nothing either");
    world.server.heal();
    world.server.rate(0);
    world.clone(&[], "healed").ok();
}

#[test]
fn a_server_hangs_up_in_the_middle_and_serves_whoever_comes_again() {
    let world = World::with(&History::bulky(1));
    world.server.rate(1_000_000);
    let mut command = world.sandbox.command("git");
    command.args(["clone", "-q", &world.server.repo_url(NAME), "cut"]);
    let half = world.upstream.pack_bytes() / 2;
    let ended = world.sandbox.run_until(command, |elapsed| {
        if world.server.fetched() >= half {
            world.server.hang_up();
        }
        elapsed > Duration::from_secs(20)
    });
    assert!(!ended.was_killed() && ended.ran().code != 0, "git notices");
    assert!(world.server.fetched() < half + (100 << 10), "{} of {half}", world.server.fetched());
    world.server.rate(0);
    world.clone(&[], "whole").ok();
}

#[test]
fn histories_are_the_same_in_every_run() {
    let sandbox = Sandbox::new();
    let ids = ["a", "b"].map(|root| History::small().write(sandbox.path(root), NAME).tip());
    assert_eq!(ids[0], ids[1]);
    let small = Repository::at(sandbox.path("a"), NAME);
    assert_eq!(small.git(&["rev-list", "--count", "--all"]).stdout.trim(), "20");
    assert_eq!(refs(&small), ["refs/heads/main", "refs/heads/topic", "refs/tags/v0.1", "refs/tags/v0.2"]);
    let bulky = History::bulky(2).untagged().write(sandbox.path("a"), "owner/bulky");
    assert!((2 << 20..3 << 20).contains(&bulky.pack_bytes()), "{}", bulky.pack_bytes());
    assert_eq!(refs(&bulky), ["refs/heads/main"]);
}

#[test]
fn autoglm_is_cloned_with_its_submodule() {
    let sandbox = Sandbox::new();
    let upstream = History::autoglm(Submodule::Relative).write(sandbox.path("served"), AUTOGLM);
    let server = GitServer::start(sandbox.path("served"));
    sandbox.git(["clone", "-q", "--recursive", &server.repo_url(AUTOGLM), "project"]).ok();
    let project = sandbox.work().join("project");
    assert!(project.join("assets/icons/5.png").is_file() && project.join("phone_agent/agent.py").is_file());
    assert_same_reachable(&upstream.path(), &project);
    sandbox.git_in(&project, ["branch", "extra", "HEAD~1"]).ok();
    sandbox.git(["clone", "-q", &server.repo_url(AUTOGLM), "twin"]).ok();
    assert_same_repository_but(&project, &sandbox.work().join("twin"), "refs/heads");
    let absolute = History::autoglm(Submodule::Absolute).write(sandbox.path("absolute"), AUTOGLM);
    let modules = absolute.git(&["show", "HEAD:.gitmodules"]).stdout;
    assert!(modules.contains(&format!("https://github.com/{AUTOGLM_ASSETS}.git")), "{modules}");
}

fn refs(repository: &Repository) -> Vec<String> {
    let list = repository.git(&["for-each-ref", "--format=%(refname)"]);
    list.stdout.lines().map(str::to_owned).collect()
}
