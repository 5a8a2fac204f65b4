//! Everything ends: what crawls is told of and given up, and whoever is the only one left is waited for until then.

use std::{thread, time::Duration};

use mirror_tests::{
    Fault, History, Plan, Ran, Scope, Seen, Stage, TlsFront, assert_fsck_clean, assert_same_repository,
};

/// Bytes a second that nobody can wait for.
const CRAWL: u64 = 16;

/// A stage that gives up soon.
fn stage(history: &History, mirrors: &[&str], time: &str) -> Stage {
    let stage = Stage::new(history, mirrors);
    stage.configure(&format!("[net]\nlow-speed-time = \"{time}\"\n"));
    stage
}

/// It ended as too slow, everybody is named, and a line said so before.
#[track_caller]
fn assert_too_slow(case: &str, ran: &Ran, names: &[&str]) {
    assert_eq!(ran.code, 128, "{case}: {ran}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let error = lines.iter().position(|line| line.starts_with("mirror: error[E-SLOW]: github:owner/small: "));
    let error = error.unwrap_or_else(|| panic!("{case}: {ran}"));
    let said = |line: &&str| line.starts_with("mirror: only ") || line.starts_with("mirror: nothing comes from ");
    assert_eq!(lines[..error].iter().filter(|line| said(line)).count(), 1, "{case}, once: {ran}");
    for name in names {
        let about = lines[error..].iter().filter(|line| line.starts_with(&format!("  {name}: "))).count();
        assert_eq!(about, 1, "{case}: {name} in {ran}");
    }
    assert!(lines.iter().any(|line| line.starts_with("mirror: hint: ")), "{case}: {ran}");
}

#[test]
fn when_all_crawl_it_ends_and_each_is_named() {
    type Spoil = fn(&mut Stage);
    let cases: &[(&str, &[&str], Spoil, &[&str])] = &[
        (
            "from the first word",
            &[],
            |stage| {
                stage.origin.rate(CRAWL);
                stage.mirrors.iter().for_each(|mirror| mirror.server.rate(CRAWL));
            },
            &["a", "b", "upstream:github"],
        ),
        ("the objects", &[], |stage| all_drip(stage), &["a", "b", "upstream:github"]),
        ("a part of them", &["--filter=blob:none"], |stage| all_drip(stage), &["a", "b", "upstream:github"]),
        (
            "upstream away",
            &[],
            |stage| {
                all_drip(stage);
                stage.upstream_goes_away();
            },
            &["a", "b", "upstream:github"],
        ),
    ];
    thread::scope(|scope| {
        for (case, options, spoil, names) in cases {
            scope.spawn(move || {
                let mut stage = stage(&History::small(), &["a", "b"], "3 s");
                spoil(&mut stage);
                let options = [&["-q"], *options].concat();
                let ran = stage.clone(&options, "ours");
                assert_too_slow(case, &ran, names);
                assert!(ran.seconds < 30.0, "{case}: {ran}");
                let outcomes = stage.outcomes();
                assert!(outcomes.iter().any(|outcome| outcome.ends_with(" slow")), "{case}: {outcomes:?}");
                let report = stage.sandbox.report();
                assert_eq!(report.last().expect("a report")["error"], "E-SLOW", "{case}");
            });
        }
    });
}

fn all_drip(stage: &Stage) {
    let drip = || Fault::Drip(CRAWL).only(Scope::Fetch);
    stage.origin.set(drip());
    stage.mirrors.iter().for_each(|mirror| mirror.server.set(drip()));
}

#[test]
fn an_upstream_that_crawls_alone_is_given_up_wherever_it_does_and_mirrors_step_in() {
    thread::scope(|scope| {
        for (case, scope_of, options) in [
            ("the first answer", Scope::InfoRefs, &[][..]),
            ("refs", Scope::UploadPack, &[]),
            ("one piece", Scope::Fetch, &[]),
            ("its answer alone", Scope::Fetch, &["--shallow-since=2000-01-01"]),
        ] {
            scope.spawn(move || {
                let alone = stage(&History::small(), &[], "2 s");
                alone.origin.set(Fault::Drip(CRAWL).only(scope_of));
                let ran = alone.clone(&[&["-q"], options].concat(), "ours");
                assert_too_slow(case, &ran, &[]);
                assert!(ran.stderr.contains(&format!("upstream {}", alone.origin.url())), "{case}: {ran}");
                assert!(ran.seconds < 15.0, "{case}: {ran}");
            });
        }
        scope.spawn(|| {
            let beside = stage(&History::small(), &["a", "b"], "2 s");
            beside.plain_clone(&["-q"], "plain").ok();
            beside.origin.set(Fault::Drip(CRAWL).only(Scope::UploadPack));
            let ran = beside.clone(&[], "ours").ok();
            assert!(ran.stderr.contains("; refs by quorum of "), "{ran}");
            assert_same_repository(&beside.work("plain"), &beside.work("ours"));
        });
    });
}

#[test]
fn a_limit_of_nothing_holds_nobody_to_anything() {
    for (key, value, ends) in [("low-speed-time", "1 s", false), ("low-speed-time", "0", true)] {
        let stage = Stage::new(&History::small(), &[]);
        stage.configure(&format!("[net]\n{key} = \"{value}\"\n"));
        stage.origin.set(Fault::Delay(Duration::from_secs(3)).only(Scope::Fetch));
        let ran = stage.clone(&["-q"], "ours");
        assert_eq!(ran.code == 0, ends, "{ran}");
        assert_eq!(ran.stderr.is_empty(), ends, "{ran}");
    }
}

#[test]
fn the_only_source_is_waited_for() {
    let late = |scope| Fault::Delay(Duration::from_secs(8)).only(scope).times(1);
    let pause = |share: f64| Fault::PauseAt(share.into(), Duration::from_millis(2500)).times(1);
    let since = &["--shallow-since=2000-01-01"][..];
    let cases: [(&str, Plan, &[&str]); 6] = [
        ("a late first word", late(Scope::InfoRefs), &[]),
        ("late refs", late(Scope::UploadPack), &[]),
        ("a late pack", late(Scope::Fetch), &[]),
        ("a late answer of its own", late(Scope::Fetch), since),
        ("a pause in one piece", pause(0.5), &[]),
        ("a pause in its own answer", pause(0.5), since),
    ];
    thread::scope(|scope| {
        for (case, plan, options) in cases {
            scope.spawn(move || {
                let stage = Stage::new(&History::small(), &[]);
                stage.origin.set(plan);
                let ran = stage.clone(&[&["-q"], options].concat(), "ours").ok();
                assert_eq!(ran.stderr, "", "{case}: nothing is said");
                assert_fsck_clean(&stage.work("ours"));
            });
        }
        scope.spawn(|| {
            let stage = Stage::new(&History::small(), &[]);
            // Longer than any limit of a client's own, and then once more; each request has a connection.
            let front = TlsFront::slow(&stage.origin.url(), &[20_500, 11_000].map(Duration::from_millis));
            stage.configure_behind(&front);
            let ran = stage.clone(&[], "late-tls").ok();
            assert!(ran.stderr.contains("mirror: nothing comes from upstream:github; giving up in 20 s"), "{ran}");
        });
        scope.spawn(|| {
            let mut stage = Stage::new(&History::small(), &["own"]);
            stage.set_keys("own", "trusted = true");
            stage.upstream_goes_away();
            stage.mirror("own").server.set(Fault::Delay(Duration::from_secs(6)).only(Scope::InfoRefs));
            stage.clone(&["-q"], "ours").ok();
        });
    });
}

#[test]
fn so_is_whoever_is_left_when_mirrors_are_there_and_cannot_carry_it() {
    let late = |seconds, scope| Fault::Delay(Duration::from_secs(seconds)).only(scope);
    type Spoil = fn(&mut Stage, &dyn Fn(u64, Scope) -> Plan);
    let cases: &[(&str, &[&str], Spoil, &[&str])] = &[
        ("one mirror is no quorum", &["a"], |stage, late| stage.origin.set(late(8, Scope::InfoRefs).times(1)), &[]),
        (
            "mirrors have not got it",
            &["a", "b"],
            |stage, late| {
                stage.origin.set(late(8, Scope::InfoRefs).times(1));
                stage.mirrors.iter().for_each(|mirror| mirror.repository.remove());
            },
            &[],
        ),
        (
            "mirrors take their time, and upstream is away",
            &["a", "b"],
            |stage, late| {
                stage.mirrors.iter().for_each(|mirror| mirror.server.set(late(5, Scope::InfoRefs)));
                stage.upstream_goes_away();
            },
            &[],
        ),
        (
            "one counts for long, the other one cannot, and upstream is away",
            &["a", "b"],
            |stage, late| {
                stage.mirror("a").server.set(late(7, Scope::Fetch));
                stage.mirror("b").server.set(Fault::status(500).only(Scope::Fetch));
                stage.upstream_goes_away();
            },
            &[],
        ),
        (
            "the same, where its answer is handed on",
            &["a", "b"],
            |stage, late| {
                stage.mirror("a").server.set(late(7, Scope::Fetch));
                stage.mirror("b").server.set(Fault::status(500).only(Scope::Fetch));
                stage.upstream_goes_away();
            },
            &["--filter=blob:none", "--no-checkout"],
        ),
    ];
    thread::scope(|scope| {
        for (case, mirrors, spoil, options) in cases {
            scope.spawn(move || {
                let mut stage = Stage::new(&History::small(), mirrors);
                spoil(&mut stage, &late);
                let ran = stage.clone(&[&["-q"], *options].concat(), "ours");
                assert_eq!(ran.code, 0, "{case}: {ran}");
                let head = stage.sandbox.git_in(stage.work("ours"), ["rev-parse", "HEAD"]).ok();
                assert_eq!(head.stdout.trim(), stage.upstream.tip(), "{case}");
            });
        }
    });
}

#[test]
fn no_slice_of_the_only_source_is_asked_for_twice_because_it_is_late() {
    let stage = Stage::new(&History::lively(4), &[]);
    // Slow at first, so that it comes in slices.
    stage.origin.rate(100_000);
    stage.origin.set(Fault::Delay(Duration::from_secs(4)).only(Scope::Fetch).times(3));
    stage.origin.also(Fault::PauseAt(0.5.into(), Duration::from_millis(2500)).times(2));
    let fetches = || stage.origin.log().into_iter().filter(Seen::is_fetch).map(|seen| seen.body);
    thread::scope(|scope| {
        let clone = scope.spawn(|| stage.clone(&["-q"], "ours").ok());
        while fetches().count() < 2 && !clone.is_finished() {
            thread::sleep(Duration::from_millis(5));
        }
        stage.origin.rate(0);
        clone.join().expect("no panic");
    });
    assert_fsck_clean(&stage.work("ours"));
    let mut asked: Vec<Vec<u8>> = fetches().collect();
    assert!(asked.len() > 3, "it came in {} pieces", asked.len());
    asked.sort();
    assert!(asked.windows(2).all(|two| two[0] != two[1]), "one was asked for twice");
}

#[test]
fn after_a_blip_upstream_is_waited_for_when_nobody_else_answers() {
    for mirrors in [&[][..], &["a", "b"]] {
        let mut stage = Stage::new(&History::small(), mirrors);
        stage.mirrors.iter_mut().for_each(|mirror| mirror.server.stop());
        // For our client, and for git's own helper.
        stage.origin.set(Fault::status(500));
        stage.clone(&["-q"], "blip").fails();
        stage.origin.set(Fault::Delay(Duration::from_millis(2500)).only(Scope::InfoRefs));
        let ran = stage.clone(&["-q"], "ours").ok();
        assert!(ran.seconds > 2.5, "{ran}");
    }
}

#[test]
fn who_says_that_it_is_alive_is_believed_for_a_while() {
    let keeps_alive = Fault::KeepAlive(Duration::from_secs(5));
    thread::scope(|scope| {
        for (case, plan, options, ends) in [
            ("a sign now and then", Plan::from(keeps_alive.clone()), &[][..], true),
            ("while upstream alone answers", keeps_alive.clone().into(), &["--shallow-since=2000-01-01"], true),
            ("none", Fault::Delay(Duration::from_secs(5)).only(Scope::Fetch), &[], false),
        ] {
            scope.spawn(move || {
                let stage = stage(&History::small(), &[], "2 s");
                stage.origin.set(plan);
                let ran = stage.clone(&[&["-q"], options].concat(), "ours");
                assert_eq!(ran.code == 0, ends, "{case}: {ran}");
                assert_eq!(ran.stderr.is_empty(), ends, "{case}: {ran}");
            });
        }
        scope.spawn(|| {
            let mut stage = stage(&History::small(), &["near"], "2 s");
            stage.set_keys("near", "trusted = true");
            stage.configure("[net]\nlow-speed-time = \"2 s\"\n");
            stage.upstream_goes_away();
            stage.mirror("near").server.set(keeps_alive.clone());
            stage.clone(&["-q", "--filter=blob:none"], "ours").ok();
        });
    });
}
