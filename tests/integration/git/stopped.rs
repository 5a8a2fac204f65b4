//! A process that is stopped holds nobody up, and one that is slow is waited for.
#![cfg(target_os = "linux")]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Fault, History, Plan, Process, Ran, Scope, Stage, assert_fsck_clean, assert_same_repository_but,
    assert_whole_store, processes,
};

/// Seconds after which nobody waits any more for one that is stopped, with some for the clone itself.
const SOON: f64 = 20.0;

/// Whatever of the first clone is there, stopped; the second one ends; then the first one goes on and ends as well.
fn stopped(case: &str, stage: &Stage, is_ready: impl Fn() -> bool, faster: impl Fn()) {
    thread::scope(|scope| {
        let first = scope.spawn(|| stage.clone(&["-q"], "first"));
        while !is_ready() && !first.is_finished() {
            thread::sleep(Duration::from_millis(2));
        }
        let all = processes(&stage.sandbox);
        assert!(all.iter().any(Process::is_helper), "{case}: the first one is over already");
        all.iter().for_each(|process| process.signal("STOP"));
        faster();
        let others: Vec<Ran> = ["second", "third"]
            .map(|target| scope.spawn(move || stage.clone(&[], target)))
            .map(|clone| clone.join().expect("no panic"))
            .into();
        let mut looks = Vec::new();
        for command in [&["cache"][..], &["cache", "prune"], &["status"]] {
            let ran = stage.sandbox.run(stage.sandbox.panel(command));
            looks.push(ran);
        }
        all.iter().for_each(|process| process.signal("CONT"));
        for ran in looks {
            assert!(ran.code == 0 && ran.seconds < 5.0, "{case}: {ran}");
        }
        for ran in others {
            let ran = ran.ok();
            assert!(ran.seconds < SOON, "{case}: {ran}");
            assert!(ran.stderr.contains("mirror: that clone does not get on; downloading beside it"), "{case}: {ran}");
        }
        let first = first.join().expect("no panic").ok();
        assert_eq!(first.stderr, "", "{case}");
    });
    for target in ["first", "second", "third"] {
        assert_same_repository_but(&stage.work("plain"), &stage.work(target), "refs/none");
        assert_fsck_clean(&stage.work(target));
    }
    for store in stage.stores() {
        assert_whole_store(&store);
    }
    stage.clone(&["-q"], "next").ok();
    assert_eq!(stage.stores().len(), 1, "{case}: what lay beside is gone: {:?}", stage.stores());
}

#[test]
fn a_clone_that_is_stopped_holds_nobody_up() {
    let slow = |megabytes, mirrors: &[&str], rate| {
        let stage = Stage::new(&History::bulky(megabytes), mirrors);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.origin.rate(rate);
        stage.mirrors.iter().for_each(|mirror| mirror.server.rate(rate));
        stage.origin.forget_log();
        stage
    };
    let fetched =
        |stage: &Stage| stage.origin.fetched() + stage.mirrors.iter().map(|m| m.server.fetched()).sum::<u64>();
    let heal = |stage: &Stage| {
        stage.origin.rate(0);
        stage.mirrors.iter().for_each(|mirror| mirror.server.rate(0));
    };
    thread::scope(|scope| {
        for (case, megabytes, mirrors, rate, part) in [
            ("in one piece, alone", 2, &[][..], 1 << 20, 0.3),
            ("in one piece", 2, &["near"], 1 << 20, 0.5),
            ("in slices", 2, &["a", "b"], 60_000, 0.3),
            ("while it lands", 8, &["near"], 0, 0.8),
        ] {
            scope.spawn(move || {
                let stage = slow(megabytes, mirrors, rate);
                let bytes = (stage.upstream.pack_bytes() as f64 * part) as u64;
                stopped(case, &stage, || fetched(&stage) >= bytes, || heal(&stage));
            });
        }
    });
}

#[test]
fn what_the_store_has_already_is_not_fetched_beside_it() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.clone(&["-q"], "before").ok();
    stage.upstream.add_commit("main", "more.txt", "1");
    stage.mirror("near").repository.become_copy_of(&stage.upstream);
    stage.plain_clone(&["-q"], "plain").ok();
    for server in [&stage.origin, &stage.mirror("near").server] {
        server.set(Fault::Delay(Duration::from_secs(2)).only(Scope::Fetch).times(1));
        server.forget_log();
    }
    let asked = || stage.mirror("near").server.log().iter().any(|seen| seen.is_fetch());
    stopped("an update", &stage, asked, || ());
    let fetched = stage.origin.fetched() + stage.mirror("near").server.fetched();
    assert!(fetched < stage.upstream.pack_bytes() / 2, "{fetched} bytes");
}

#[test]
fn a_clone_on_a_slow_line_is_waited_for() {
    for (case, megabytes, plan) in [
        ("drop by drop", 1, Plan::from(Fault::Drip(80_000))),
        ("with a long silence", 0, Fault::PauseAt(0.5.into(), Duration::from_secs(6)).times(1)),
        ("still counting", 0, Fault::KeepAlive(Duration::from_secs(12)).times(1)),
    ] {
        let history = if megabytes > 0 { History::bulky(megabytes) } else { History::small() };
        let stage = Stage::new(&history, &[]);
        stage.origin.set(plan);
        thread::scope(|scope| {
            let first = scope.spawn(|| stage.clone(&["-q"], "first").ok());
            let since = Instant::now();
            while stage.origin.fetched() == 0 && since.elapsed() < Duration::from_secs(5) {
                thread::sleep(Duration::from_millis(5));
            }
            let second = stage.clone(&[], "second").ok();
            assert!(second.stderr.contains("; waiting for it\n"), "{case}: {second}");
            assert!(!second.stderr.contains("beside"), "{case}: {second}");
            first.join().expect("no panic");
        });
        let fetched = stage.origin.fetched();
        assert!(fetched < stage.upstream.pack_bytes() * 8 / 5 + 2_000, "{case}: it was downloaded once: {fetched}");
    }
}

#[test]
fn who_is_killed_while_stopped_leaves_nothing() {
    let stage = Stage::new(&History::bulky(2), &["near"]);
    stage.mirror("near").server.rate(1 << 20);
    thread::scope(|scope| {
        let first = scope.spawn(|| stage.clone(&["-q"], "first"));
        while stage.mirror("near").server.fetched() < 300_000 {
            thread::sleep(Duration::from_millis(2));
        }
        let all = processes(&stage.sandbox);
        all.iter().for_each(|process| process.signal("STOP"));
        stage.mirror("near").server.rate(0);
        let second = scope.spawn(|| stage.clone(&[], "second").ok());
        thread::sleep(Duration::from_secs(2));
        all.iter().for_each(Process::kill);
        let second = second.join().expect("no panic");
        assert!(!second.stderr.contains("beside"), "{second}");
        first.join().expect("no panic").fails();
    });
    let stores = stage.stores();
    assert_eq!(stores.len(), 1, "{stores:?}");
    assert_eq!(fs::read_dir(stores[0].join("incoming")).expect("a store has it").count(), 0);
    assert_whole_store(&stores[0]);
}
