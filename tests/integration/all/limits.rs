//! Whatever is sent without end or out of proportion: our programs stay within their memory and their time.
//!
//! Memory is the most that a program of ours ever had, as Linux tells it.

use std::{
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use mirror_tests::{Bomb, Fault, History, IndexServer, Ran, Sandbox, Stage, WheelStock, mark};

/// What is promised.
const MEMORY: u64 = 256 << 20;
/// Refs of a repository that has a great many.
const REFS: u32 = 500_000;

/// The most memory that one of our programs was seen with, while a command ran.
pub(crate) fn measured(sandbox: &Sandbox, command: Command) -> (Ran, u64) {
    let (peak, running) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(true)));
    let (seen, stop, mark) = (Arc::clone(&peak), Arc::clone(&running), mark(sandbox));
    let watcher = thread::spawn(move || {
        while *stop.lock().expect("nobody panics while holding it") {
            for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                if !["git-remote-mirr", "cargo-mirror", "pip-shim", "pip"].contains(&name.trim()) {
                    continue;
                }
                let environment = fs::read(process.path().join("environ")).unwrap_or_default();
                if environment.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes()) {
                    let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
                    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
                    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
                    seen.fetch_max(kilobytes << 10, Ordering::Relaxed);
                }
            }
            thread::sleep(Duration::from_millis(4));
        }
    });
    let ran = sandbox.run(command);
    *running.lock().expect("nobody panics while holding it") = false;
    watcher.join().expect("the watcher does not panic");
    (ran, peak.load(Ordering::Relaxed))
}

/// Holds a run against what is promised, and says how it was.
#[track_caller]
pub(crate) fn assert_modest(case: &str, ran: &Ran, peak: u64) -> String {
    assert!(peak > 0, "{case}: nobody was seen: {ran}");
    assert!(peak <= MEMORY, "{case}: {} MiB: {ran}", peak >> 20);
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("E-INTERNAL"), "{case}: {ran}");
    format!("{case}: {} MiB, {:.1} s", peak >> 20, ran.seconds)
}

#[test]
fn bombs_in_packs_are_passed_over() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    for (case, bomb) in [
        ("zeros", Bomb::Zeros(1 << 30)),
        ("deltas", Bomb::Deltas { size: 32 << 20, count: 40 }),
        ("count", Bomb::Count),
    ] {
        stage.forget();
        for name in ["a", "b"] {
            stage.mirror(name).server.heal();
        }
        stage.mirror("a").server.set(Fault::Bomb(bomb));
        stage.mirror("b").server.set(Fault::Bomb(bomb));
        let mut command = stage.sandbox.command("git");
        command.args(["clone", "-q", "mirror::owner/small", case]);
        let (ran, peak) = measured(&stage.sandbox, command);
        assert_eq!(ran.code, 0, "{case}: upstream serves: {ran}");
        eprintln!("{}", assert_modest(case, &ran, peak));
        let outcomes = stage.mirror_outcomes();
        let wanted = if bomb == Bomb::Count { "corrupt" } else { "too-large" };
        assert!(outcomes.iter().any(|outcome| outcome == wanted), "{case}: {outcomes:?}");
        for store in stage.stores() {
            let incoming = fs::read_dir(store.join("incoming")).expect("a store");
            assert_eq!(incoming.count(), 0, "{case}: a trace in {}", store.display());
        }
    }
}

#[test]
fn a_bomb_of_upstream_itself_is_gits_affair() {
    let stage = Stage::new(&History::small(), &[]);
    stage.origin.set(Fault::Bomb(Bomb::Zeros(300 << 20)));
    let mut command = stage.sandbox.command("git");
    command.args(["clone", "-q", "mirror::owner/small", "copy"]);
    let (ran, peak) = measured(&stage.sandbox, command);
    eprintln!("{}", assert_modest("upstream", &ran, peak));
    assert_eq!(ran.code, 0, "git itself takes it: {ran}");
}

#[test]
fn half_a_million_refs_fit() {
    let mut stage = Stage::new(&History::small(), &["a", "b", "c"]);
    let main = stage.sandbox.git_in(stage.upstream.path(), ["rev-parse", "refs/heads/main"]).ok();
    let oid = main.stdout.trim();
    let packed: String = "# pack-refs with: peeled fully-peeled sorted \n".to_owned()
        + &(0..REFS).map(|number| format!("{oid} refs/heads/topic/of-somebody/{number:08}\n")).collect::<String>();
    for root in ["upstream", "a", "b", "c"] {
        let repository = stage.sandbox.path(root).join("owner/small.git");
        let old = fs::read_to_string(repository.join("packed-refs")).unwrap_or_default();
        let old: String = old.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        // What was packed before is of main and of tags, which sort around the others.
        let mut lines: Vec<&str> =
            packed.lines().skip(1).chain(old.lines().filter(|line| !line.starts_with('^'))).collect();
        lines.sort_by_key(|line| line.split_once(' ').map(|(_, name)| name));
        let text = format!("# pack-refs with: sorted \n{}\n", lines.join("\n"));
        fs::write(repository.join("packed-refs"), text).expect("the repository is ours");
    }
    for (case, away) in [("upstream speaks", false), ("mirrors speak", true)] {
        if away {
            stage.upstream_goes_away();
        }
        stage.forget();
        let mut command = stage.sandbox.command("git");
        command.args(["ls-remote", "mirror::owner/small"]);
        let (ran, peak) = measured(&stage.sandbox, command);
        match away {
            false => assert!(ran.stdout.lines().count() > REFS as usize, "{case}: all are there: {}", ran.stderr),
            // Three lists of this length are more than memory should hold.
            true => assert!(ran.stderr.contains("mirror: error[E-LIMIT]"), "{case}: {}", ran.stderr),
        }
        let told = Ran { stdout: String::new(), ..ran };
        eprintln!("{}", assert_modest(case, &told, peak));
    }
}

#[test]
fn endless_and_huge_pages_end_soon() {
    let stock = WheelStock::downloaded();
    let (upstream, a, b) = (IndexServer::start(&stock), IndexServer::start(&stock), IndexServer::start(&stock));
    let sandbox = Sandbox::new();
    let shim = sandbox.path("shim");
    fs::create_dir(&shim).expect("the sandbox is ours");
    std::os::unix::fs::symlink(sandbox.path("programs/pip-shim"), shim.join("pip")).expect("the sandbox is ours");
    sandbox.mirror_config(&format!(
        "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{}\"\n[mirrors.a]\npypi = \"{}\"\n[mirrors.b]\npypi = \"{}\"\n",
        upstream.index(),
        a.index(),
        b.index()
    ));
    // JSON that is read to its end, if anybody does.
    let filler = "x".repeat(200 << 20);
    let page =
        format!("{{\"meta\":{{\"api-version\":\"1.0\"}},\"name\":\"certifi\",\"note\":\"{filler}\",\"files\":[]}}");
    let kind = ("Content-Type".to_owned(), "application/vnd.pypi.simple.v1+json".to_owned());
    let huge = Fault::Status { code: 200, headers: vec![kind], body: page.into_bytes() };
    for (case, fault, everywhere) in [
        ("200 MB at mirrors", huge.clone(), false),
        ("200 MB everywhere", huge, true),
        ("endless at mirrors", Fault::EndlessBody, false),
        ("endless everywhere", Fault::EndlessBody, true),
    ] {
        for server in [&upstream, &a, &b] {
            server.web.heal();
        }
        for server in [&a, &b] {
            server.web.set_where(|seen| !IndexServer::is_file(seen), fault.clone());
        }
        if everywhere {
            upstream.web.set_where(|seen| !IndexServer::is_file(seen), fault.clone());
        }
        // An error means that there is none.
        let _ = fs::remove_dir_all(sandbox.path("cache/mirror"));
        let mut command = sandbox.command(shim.join("pip"));
        command.args(["--disable-pip-version-check", "download", "--no-deps", "--no-cache-dir", "--retries", "0"]);
        command.args(["-d", "got", "certifi"]);
        let (ran, peak) = measured(&sandbox, command);
        eprintln!("{}", assert_modest(case, &ran, peak));
        assert_eq!(ran.code == 0, !everywhere, "{case}: {ran}");
        assert!(ran.seconds < 60.0, "{case}: {ran}");
    }
}
