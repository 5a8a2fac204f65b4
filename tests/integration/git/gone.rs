//! When git goes away in the middle of something, so do the helper and all that it has started, at once and without a word.
//! What had arrived is kept.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Ended, Fault, History, Process, Ran, Scope, Seen, Stage, assert_fsck_clean, assert_same_repository,
    assert_whole_store, processes_with,
};

/// How long anybody may stay behind.
const SOON: Duration = Duration::from_secs(1);
/// How a git is known among others of its sandbox.
const MARK: &str = "MIRROR_TEST_GIT";
/// Bytes a second at which 4 MB are worth cutting, and 2 MB take a while in one piece.
const SLOW: u64 = 200_000;

/// Starts git, and when it is `ready` sends a signal to that one of its processes whose command this is, and to nobody else.
/// Says what is left after a second, and what was said.
fn end_git(
    stage: &Stage,
    mark: &str,
    arguments: &[&str],
    (command_word, signal): (&str, &str),
    ready: impl Fn(&[Process]) -> bool,
) -> (Vec<Process>, Ran) {
    // Whoever runs the tests in the background may have had signals ignored, and what is ignored is inherited: a git that takes
    // its repository away and lives on is nobody's case.
    let mut command = stage.sandbox.command("env");
    command.args(["--default-signal=INT,HUP", "git"]).args(arguments).env(MARK, mark);
    let mark = format!("{MARK}={mark}");
    let mut ended: Option<Instant> = None;
    let outcome = stage.sandbox.run_until(command, |elapsed| {
        if ended.is_none() {
            let all = processes_with(&mark);
            if all.iter().any(Process::is_helper) && ready(&all) {
                let is_git = |process: &&Process| process.arguments().get(1).map(String::as_str) == Some(command_word);
                let git = all.iter().find(is_git).expect("git waits for its helper");
                git.signal(signal);
                ended = Some(Instant::now());
            }
        }
        elapsed > Duration::from_secs(30)
    });
    let Ended::Itself(ran) = outcome else { panic!("{mark} was never ready, or git did not end: {outcome:?}") };
    let ended = ended.unwrap_or_else(|| panic!("{mark} was over before it was ready: {ran}"));
    loop {
        let left = processes_with(&mark);
        if left.is_empty() || ended.elapsed() > SOON {
            return (left, ran);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The same, and nobody may be left.
#[track_caller]
fn assert_ends(stage: &Stage, case: &str, arguments: &[&str], signal: &str, ready: impl Fn(&[Process]) -> bool) {
    let (left, ran) = end_git(stage, case, arguments, (arguments[0], signal), ready);
    let left: Vec<Vec<String>> = left.iter().map(Process::arguments).collect();
    assert!(left.is_empty(), "{case}: left behind after {SOON:?}: {left:?}");
    assert!(!ran.stderr.contains("mirror: ") && !ran.stderr.contains("panic"), "{case}: {ran}");
}

fn clone_of(target: &str) -> [&str; 4] {
    ["clone", "-q", "mirror::owner/small", target]
}

fn fetched(stage: &Stage) -> u64 {
    stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum()
}

#[test]
fn bytes_on_their_way_in_one_piece_keep_nobody() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.mirror("near").server.rate(SLOW * 2);
    for signal in ["KILL", "TERM", "INT", "HUP"] {
        stage.mirror("near").server.forget_log();
        let target = format!("piece-{signal}");
        assert_ends(&stage, &target, &clone_of(&target), signal, |_| fetched(&stage) > 300_000);
        stage.stores().iter().for_each(|store| assert_whole_store(store));
    }
}

#[test]
fn the_git_between_may_be_the_one_that_is_killed() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.mirror("near").server.rate(SLOW * 2);
    let between = ("remote-mirror", "KILL");
    let (left, ran) = end_git(&stage, "between", &clone_of("between"), between, |_| fetched(&stage) > 300_000);
    assert!(left.is_empty(), "left behind: {left:?}");
    assert_eq!(ran.code, 128, "git itself is told: {ran}");
}

#[test]
fn slices_on_their_way_keep_nobody_and_those_that_are_here_are_kept() {
    let stage = Stage::new(&History::lively(4), &["a", "b"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    let pack = stage.upstream.pack_bytes();
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(SLOW));
    for (signal, share) in [("TERM", 3), ("INT", 4), ("HUP", 5), ("KILL", 6)] {
        stage.forget();
        stage.mirrors.iter().for_each(|mirror| mirror.server.forget_log());
        let target = format!("slices-{signal}");
        assert_ends(&stage, &target, &clone_of(&target), signal, |_| fetched(&stage) > pack * share / 10);
        stage.stores().iter().for_each(|store| assert_whole_store(store));
    }
    let before = fetched(&stage);
    stage.clone(&["-q"], "ours").ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
    // What told how to cut is lost, and slices that were on their way.
    let again = fetched(&stage) - before;
    assert!(again < pack * 8 / 10, "{again} of {pack} bytes after {before}");
    assert_eq!(stage.origin.fetched(), 0);
}

#[test]
fn who_waits_for_another_clone_does_not_wait_on() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.mirror("near").server.rate(SLOW);
    thread::scope(|scope| {
        let first = scope.spawn(|| stage.clone(&["-q"], "first"));
        while fetched(&stage) == 0 {
            assert!(!first.is_finished(), "it takes a while");
            thread::sleep(Duration::from_millis(5));
        }
        // Nothing is to be seen of its waiting, so it gets some time for the way there.
        let since = Instant::now();
        assert_ends(&stage, "second", &clone_of("second"), "KILL", |_| since.elapsed() > Duration::from_secs(2));
        assert!(!first.is_finished(), "it was waited for");
        stage.mirror("near").server.rate(0);
        first.join().expect("no panic").ok();
    });
}

#[test]
fn an_upstream_that_does_not_answer_keeps_nobody() {
    let stage = Stage::new(&History::small(), &[]);
    for scope in [Scope::InfoRefs, Scope::UploadPack, Scope::Fetch] {
        stage.origin.forget_log();
        stage.origin.set(Fault::BlackHole.only(scope));
        let case = format!("{scope:?}");
        let asks = |seen: &Seen| match scope {
            Scope::InfoRefs => true,
            Scope::UploadPack => seen.method == "POST",
            _ => seen.is_fetch(),
        };
        assert_ends(&stage, &case, &clone_of(&case), "KILL", |_| stage.origin.log().iter().any(asks));
    }
}

#[test]
fn an_answer_that_is_passed_on_keeps_nobody() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.mirror("near").server.rate(SLOW);
    stage.origin.rate(SLOW);
    let partial = ["clone", "-q", "--filter=blob:limit=900k", "mirror::owner/small", "partial"];
    assert_ends(&stage, "spooled", &partial, "KILL", |_| fetched(&stage) > 100_000);
    let since = ["clone", "-q", "--shallow-since=2000-01-01", "mirror::owner/small", "since"];
    assert_ends(&stage, "upstream", &since, "KILL", |_| stage.origin.fetched() > 100_000);
}

/// Whether git's own helper is among them, and not only on its way.
fn has_git_remote_https(all: &[Process]) -> bool {
    all.iter().any(|process| process.name.starts_with("git-remote-http"))
}

#[test]
fn gits_own_helper_ends_too_whatever_it_is_doing() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.upstream.allow_push();
    stage.plain_clone(&["-q"], "clone").ok();
    let git = |arguments: &[&str]| drop(stage.sandbox.git_in(stage.work("clone"), arguments).ok());
    git(&["remote", "set-url", "origin", "mirror::owner/small"]);
    git(&["commit", "-q", "--allow-empty", "-m", "More"]);
    stage.origin.require_auth("someone", "sekrit");
    stage.sandbox.git_config("credential.helper", "!f() { echo username=someone; echo password=sekrit; }; f");
    let push = ["-C", "clone", "push", "-q", "origin", "HEAD:refs/heads/more"];
    let old = ["-c", "protocol.version=0", "clone", "-q", "mirror::owner/small", "old"];
    // Who is killed takes nothing away.
    let tidy = || ["old", "private"].iter().for_each(|target| drop(fs::remove_dir_all(stage.work(target))));
    let posts =
        |service: &str| stage.origin.log().iter().any(|seen| seen.method == "POST" && seen.path.ends_with(service));
    for signal in ["KILL", "TERM"] {
        stage.origin.rate(0);
        stage.origin.set(Fault::BlackHole);
        for (case, arguments) in [("push-silent", &push[..]), ("old-silent", &old)] {
            stage.origin.forget_log();
            tidy();
            let case = format!("{case}-{signal}");
            assert_ends(&stage, &case, arguments, signal, |all| {
                has_git_remote_https(all) && !stage.origin.log().is_empty()
            });
        }
        stage.origin.set(Fault::BlackHole.only(Scope::InfoRefs).times(0));
        stage.origin.rate(SLOW);
        for (case, arguments) in [("private-slow", &clone_of("private")[..]), ("old-slow", &old)] {
            stage.origin.forget_log();
            tidy();
            let case = format!("{case}-{signal}");
            assert_ends(&stage, &case, arguments, signal, |all| {
                has_git_remote_https(all) && stage.origin.fetched() > 100_000
            });
        }
        stage.origin.forget_log();
        stage.origin.latency(Duration::from_secs(2));
        let case = format!("push-late-{signal}");
        assert_ends(&stage, &case, &push, signal, |all| has_git_remote_https(all) && posts("/git-receive-pack"));
        stage.origin.latency(Duration::ZERO);
    }
    assert!(stage.mirror("near").server.log().is_empty(), "nobody else heard of it");
}

#[test]
fn a_helper_whose_pipes_are_closed_ends_and_one_that_is_still_read_answers() {
    let stage = Stage::new(&History::small(), &[]);
    let start = || {
        let mut command = stage.sandbox.command("git-remote-mirror");
        command.args(["origin", "owner/small"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut helper = command.stderr(Stdio::piped()).spawn().expect("it is built");
        let (stdin, stdout) = (helper.stdin.take().expect("a pipe"), helper.stdout.take().expect("a pipe"));
        (helper, stdin, BufReader::new(stdout))
    };
    // As a person does who tries it in a shell; in protocol v2 there would be no list.
    stage.sandbox.git_config("protocol.version", "0");
    let (mut helper, mut stdin, mut stdout) = start();
    stage.origin.latency(Duration::from_millis(500));
    stdin.write_all(b"capabilities\nlist\n\n").expect("it listens");
    drop(stdin);
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).expect("it answers");
    let mut said = String::new();
    helper.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(answer.contains(" refs/heads/main\n"), "{answer}{said}");
    assert!(helper.wait().expect("a child of ours").success());

    stage.origin.set(Fault::BlackHole);
    let (mut helper, mut stdin, mut stdout) = start();
    stdin.write_all(b"capabilities\nstateless-connect git-upload-pack\n").expect("it listens");
    let mut line = String::new();
    while line != "\n" {
        line.clear();
        stdout.read_line(&mut line).expect("it answers");
    }
    stage.origin.forget_log();
    while stage.origin.log().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    drop((stdin, stdout));
    let closed = Instant::now();
    while helper.try_wait().expect("a child of ours").is_none() {
        assert!(closed.elapsed() < SOON, "it goes on");
        thread::sleep(Duration::from_millis(5));
    }
    let mut said = String::new();
    helper.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "");
}

#[test]
fn signatures_under_examination_keep_nobody() {
    let stage = Stage::new(&History::small(), &["near"]);
    let keyring = stage.sandbox.path("keys.gpg");
    fs::write(&keyring, b"").expect("the sandbox is ours");
    // A GPG that takes its time.
    stage.sandbox.add_script("gpg", "exec sleep 20");
    let text = stage.configuration("").replace(
        "[upstreams.github]\n",
        &format!("[upstreams.github]\nsigners = [\"{}\"]\nkeyring = \"{}\"\n", "8F7A".repeat(10), keyring.display()),
    );
    stage.sandbox.mirror_config(&text);
    // It sees nothing of the sandbox's environment but PATH, so it is looked for by its name.
    let asleep = || {
        fs::read_dir("/proc").into_iter().flatten().flatten().any(|process| {
            let read = |file: &str| fs::read(process.path().join(file)).unwrap_or_default();
            let path = stage.sandbox.path("bin").display().to_string();
            read("comm") == b"sleep\n" && String::from_utf8_lossy(&read("environ")).contains(&path)
        })
    };
    assert_ends(&stage, "signed", &clone_of("signed"), "KILL", |_| asleep());
    let since = Instant::now();
    while asleep() {
        assert!(since.elapsed() < SOON, "GPG goes on");
        thread::sleep(Duration::from_millis(5));
    }
}
