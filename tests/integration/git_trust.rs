//! When upstream cannot be reached, mirrors speak for it: what is believed, on whose word, and what is refused.

use mirror_tests::{History, NAME, Ran, Stage, StageMirror, Submodule, assert_fsck_clean, assert_same_repository_but};

/// A clone of this mirror's copy by git alone, under the mirror's name.
fn plain(stage: &Stage, mirror: &str) {
    let url = stage.mirror(mirror).server.repo_url(NAME);
    stage.sandbox.git(["clone", "-q", &url, mirror]).ok();
}

/// The clone is the one git alone would have made of that mirror's copy.
fn assert_same_as(stage: &Stage, mirror: &str, target: &str) {
    assert_same_repository_but(&stage.work(mirror), &stage.work(target), "refs/none");
    assert_fsck_clean(&stage.work(target));
}

/// Refused with this word, and nothing left behind.
fn assert_refused(stage: &Stage, case: &str, ran: &Ran, word: &str) {
    assert_eq!(ran.code, 128, "{case}: {ran}");
    assert!(ran.stderr.contains(&format!("mirror: error[{word}]: ")), "{case}: {ran}");
    assert!(ran.stderr.contains("\nmirror: hint: "), "{case}: {ran}");
    assert!(!stage.work("refused").exists(), "{case}: no target is left");
}

fn verdict(stage: &Stage) -> String {
    let reports = stage.sandbox.report();
    reports.last().expect("a run writes a report")["verdict"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn the_refs_that_enough_operators_attest_are_cloned_when_upstream_is_away() {
    type Spoil = fn(&StageMirror);
    let fresh: Spoil = |_| {};
    let stale: Spoil = |mirror| mirror.repository.truncate_by(2);
    let liar: Spoil = |mirror| {
        mirror.repository.add_commit("main", "evil", "evil");
        mirror.repository.set_ref("refs/heads/evil", "main");
        mirror.repository.set_ref("refs/tags/v0.1", "main");
    };
    let stranger: Spoil = |mirror| {
        std::fs::remove_dir_all(mirror.repository.path()).expect("a copy is ours");
        let root = mirror.repository.path().ancestors().nth(2).expect("owner and name").to_owned();
        History::autoglm(Submodule::Absent).write(root, NAME);
    };
    for (case, spoils, right) in [
        ("two agree", &[("a", fresh), ("b", fresh)][..], "a"),
        ("a liar against two", &[("a", liar), ("b", fresh), ("c", fresh)], "b"),
        ("another history against two", &[("a", fresh), ("b", stranger), ("c", fresh)], "a"),
        ("an honest laggard beside two", &[("a", stale), ("b", fresh), ("c", fresh)], "b"),
        ("one of two is ahead", &[("a", fresh), ("b", stale)], "b"),
    ] {
        let names: Vec<&str> = spoils.iter().map(|(name, _)| *name).collect();
        let mut stage = Stage::new(&History::small(), &names);
        for (name, spoil) in spoils {
            spoil(stage.mirror(name));
        }
        plain(&stage, right);
        stage.upstream_goes_away();
        let ran = stage.clone(&["-q"], "ours");
        assert_eq!(ran.code, 0, "{case}: {ran}");
        assert_same_as(&stage, right, "ours");
        assert_eq!(verdict(&stage), "quorum", "{case}");
        let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("quorum")).collect();
        assert!(matches!(lines[..], [line] if line.contains(" old)")), "{case}, one line with an age: {ran}");
        assert!(names.iter().all(|name| lines[0].contains(name)), "{case}, the voices by name: {ran}");
    }
}

#[test]
fn one_voice_is_not_enough_unless_the_user_says_so() {
    for (case, mirrors, keys) in [("one", &["a"][..], ""), ("two of one operator", &["a", "b"], "operator = \"same\"")]
    {
        let mut stage = Stage::new(&History::small(), mirrors);
        for name in mirrors {
            stage.set_keys(name, keys);
        }
        plain(&stage, "a");
        stage.upstream_goes_away();
        let ran = stage.clone(&["-q"], "refused");
        assert_refused(&stage, case, &ran, "E-QUORUM");
        assert!(ran.stderr.contains("tofu"), "{case}, the hint names the way out: {ran}");
        let mut command = stage.sandbox.command("git");
        command.env("MIRROR_GIT__TRUST", "tofu").args(["clone", "-q", "mirror::owner/small", "tofu"]);
        let ran = stage.sandbox.run(command).ok();
        assert!(ran.stderr.contains("tofu"), "{case}: {ran}");
        assert_same_as(&stage, "a", "tofu");
        assert_eq!(verdict(&stage), "tofu", "{case}");
        stage.forget();
        stage.set_keys("a", "trusted = true");
        let ran = stage.clone(&["-q"], "trusted").ok();
        assert!(ran.stderr.contains("trusted mirror"), "{case}: {ran}");
        assert_same_as(&stage, "a", "trusted");
    }
}

#[test]
fn mirrors_do_not_take_back_what_upstream_said_before() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    stage.clone(&["-q"], "before").ok();
    let newest = stage.upstream.tip();
    for mirror in &stage.mirrors {
        mirror.repository.truncate_by(1);
    }
    let rewound = stage.mirror("a").repository.tip();
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "refused");
    assert_refused(&stage, "rewound", &ran, "E-ROLLBACK");
    assert!(ran.stderr.contains(&newest) && ran.stderr.contains(&rewound), "both commits by name: {ran}");
    let ran = stage.sandbox.git_in(stage.work("before"), ["fetch"]).fails();
    assert!(ran.stderr.contains("error[E-ROLLBACK]"), "{ran}");
}

#[test]
fn upstream_itself_may_take_back_what_it_said() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    stage.clone(&["-q"], "before").ok();
    stage.upstream.set_ref("refs/heads/main", "main~1");
    stage.plain_clone(&["-q"], "plain").ok();
    stage.clone(&["-q"], "after").ok();
    assert_same_as(&stage, "plain", "after");
}

#[test]
fn mirrors_that_contradict_each_other_are_not_believed() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    for mirror in &stage.mirrors {
        mirror.repository.set_ref("refs/heads/main", "v0.1^{commit}");
        mirror.repository.set_ref("refs/heads/topic", "v0.1^{commit}");
        mirror.repository.add_commit("main", "here", &mirror.name);
        mirror.repository.add_commit("topic", "here", &mirror.name);
        mirror.repository.delete_ref("refs/tags/v0.1");
        mirror.repository.delete_ref("refs/tags/v0.2");
    }
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "refused");
    assert_refused(&stage, "contradiction", &ran, "E-QUORUM");
}
