//! Mirrors that speak otherwise than the machine's git carry what they can, and are done without where they cannot: silently,
//! without being accused of anything, and they are asked again the next time.

use std::fs;

use mirror_tests::{
    Dialect, GIT_2_25, GitServer, History, Ran, Seen, Stage, assert_fsck_clean, assert_same_repository,
};

/// Bytes a second at which a few megabytes are worth cutting.
const SLOW: u64 = 400_000;
/// Requests that one server may refuse in vain: a few at once, before it is known to give only tips.
const MOST_REFUSED: usize = 4;

const TIPS: [&str; 3] = ["want {} not valid", "upload-pack: not our ref {}", "want {} not valid, not advertised"];

fn only_tips(said: &'static str) -> Dialect {
    Dialect { only_tips: Some(said), ..Dialect::default() }
}

fn assert_right(stage: &Stage, case: &str, ran: &Ran) {
    assert_eq!(ran.stderr, "", "{case}");
    assert_same_repository(&stage.work("plain"), &stage.work(case));
    assert_fsck_clean(&stage.work(case));
}

/// The outcome of the first mirror in the last report.
fn outcome(stage: &Stage) -> String {
    let name = format!("{} ", stage.mirrors[0].name);
    stage.outcomes().into_iter().find_map(|line| line.strip_prefix(&name).map(str::to_owned)).expect("it was asked")
}

#[test]
fn a_mirror_carries_what_its_dialect_allows() {
    let lines = ["version 2", "ls-refs", "fetch"];
    type Set = Box<dyn Fn(&Stage)>;
    let speaks = |dialect: Dialect| -> Set { Box::new(move |stage| stage.mirrors[0].server.speak(dialect.clone())) };
    let cases: Vec<(&str, Set, &str)> = vec![
        ("git-2.25", speaks(Dialect::advertising(GIT_2_25)), "ok"),
        ("few-words", speaks(Dialect::advertising(&lines)), "ok"),
        ("tips", speaks(only_tips(TIPS[0])), "ok"),
        ("service-line", speaks(Dialect { service_line: Some(true), ..Dialect::default() }), "ok"),
        (
            "sideband-all",
            Box::new(|stage| drop(stage.mirrors[0].repository.git(&["config", "uploadpack.allowSidebandAll", "true"]))),
            "ok",
        ),
        ("v0", speaks(Dialect { protocol: Some(""), ..Dialect::default() }), "dialect"),
        ("v1", speaks(Dialect { protocol: Some("version=1"), ..Dialect::default() }), "dialect"),
        (
            "files",
            Box::new(|stage| {
                stage.mirrors[0].repository.git(&["update-server-info"]);
                stage.mirrors[0].server.speak(Dialect { files: true, ..Dialect::default() });
            }),
            "dialect",
        ),
        ("shallow", Box::new(|stage| stage.mirrors[0].repository.become_shallow(2)), "not-a-mirror"),
    ];
    for (case, set, expected) in cases {
        let stage = Stage::new(&History::small(), &["odd"]);
        stage.plain_clone(&["-q"], "plain").ok();
        set(&stage);
        for round in ["first", "again"] {
            let target = format!("{case}-{round}");
            assert_right(&stage, &target, &stage.clone(&["-q"], &target).ok());
            assert_eq!(outcome(&stage), expected, "{target}");
            let _ = fs::remove_dir_all(stage.sandbox.path("cache/mirror"));
            stage.sandbox.forget_reports();
        }
    }
}

#[test]
fn mirrors_that_give_only_tips_send_a_large_history_whole() {
    for (case, history, upstream) in [
        ("tagless", History::tagless(5), true),
        ("tagless, upstream away", History::tagless(5), false),
        ("deltas", History::lively(4).untagged(), true),
        ("tagged", History::lively(4), true),
        ("snapshot", History::snapshot(5), true),
    ] {
        let mut stage = Stage::new(&history, &["a", "b", "c"]);
        for (mirror, said) in stage.mirrors.iter().zip(TIPS) {
            mirror.server.rate(SLOW);
            mirror.server.speak(only_tips(said));
        }
        stage.plain_clone(&["-q"], "plain").ok();
        stage.origin.forget_log();
        if !upstream {
            stage.upstream_goes_away();
        }
        let ran = stage.clone(&["-q"], "ours").ok();
        assert!(!ran.stderr.contains("without it"), "{case}: nobody is accused: {ran}");
        assert_same_repository(&stage.work("plain"), &stage.work("ours"));
        assert_fsck_clean(&stage.work("ours"));
        assert_eq!(stage.origin.fetched(), 0, "{case}: upstream sends no pack");
        for mirror in &stage.mirrors {
            let refused = mirror.server.log().iter().filter(|seen| seen.is_fetch() && seen.sent < 200).count();
            assert!(refused <= MOST_REFUSED, "{case}: {} refused {refused} times", mirror.name);
        }
        let pack = stage.upstream.pack_bytes();
        let sent: u64 = stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum();
        assert!(sent < pack * 2, "{case}: {sent} of {pack}");
    }
}

#[test]
fn an_upstream_that_gives_only_tips_is_cloned_on_a_slow_line_too() {
    for mirrors in [&[][..], &["stale"]] {
        let stage = Stage::new(&History::tagless(5), mirrors);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.origin.speak(only_tips(TIPS[0]));
        stage.origin.rate(SLOW);
        stage.mirrors.iter().for_each(|mirror| mirror.repository.truncate_by(10));
        let ran = stage.clone(&["-q"], "ours").ok();
        assert_right(&stage, "ours", &ran);
    }
}

#[test]
fn one_that_gives_the_middle_goes_on_where_others_give_only_tips() {
    let stage = Stage::new(&History::lively(4).untagged(), &["a", "b", "c"]);
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(SLOW));
    stage.mirror("a").server.speak(only_tips(TIPS[0]));
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    assert_right(&stage, "ours", &stage.clone(&["-q"], "ours").ok());
    assert_eq!(stage.origin.fetched(), 0);
    let carried = |name: &str| stage.mirror(name).server.fetched();
    assert!(carried("b") > SLOW && carried("c") > SLOW, "{} {}", carried("b"), carried("c"));
}

#[test]
fn old_mirrors_speak_for_an_upstream_that_is_away() {
    for (case, dialect) in [("git-2.25", Dialect::advertising(GIT_2_25)), ("tips", only_tips(TIPS[1]))] {
        let mut stage = Stage::new(&History::small(), &["one", "two"]);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.mirrors.iter().for_each(|mirror| mirror.server.speak(dialect.clone()));
        stage.upstream_goes_away();
        for (kind, options) in
            [("whole", &["-q"][..]), ("depth", &["-q", "--depth=1"]), ("branch", &["-q", "-b", "topic"])]
        {
            let target = format!("{case}-{kind}");
            let _ = stage.clone(options, &target).ok();
            assert_fsck_clean(&stage.work(&target));
        }
        assert_same_repository(&stage.work("plain"), &stage.work(&format!("{case}-whole")));
    }
}

#[test]
fn a_mirror_hears_nothing_that_is_meant_for_upstream() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.upstream.git(&["config", "transfer.advertiseSID", "true"]);
    stage.sandbox.git_config("transfer.advertiseSID", "true");
    let asked = |server: &GitServer, words: &str| server.log().iter().any(|seen: &Seen| seen.says(words));
    let _ = stage.clone(&["-q", "--filter=blob:none", "--no-checkout"], "partial").ok();
    let near = &stage.mirror("near").server;
    assert!(near.log().iter().any(Seen::is_fetch) && !asked(near, "session-id="), "a session's name is upstream's");
    let _ = stage.clone(&["-q", "--server-option=tenant=secret"], "optioned").ok();
    assert!(asked(&stage.origin, "server-option=tenant=secret") && !asked(near, "server-option="));
    assert!(!stage.work("optioned").join(".git/shallow").exists());
    assert_fsck_clean(&stage.work("optioned"));
}
