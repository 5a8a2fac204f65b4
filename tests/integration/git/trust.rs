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

#[test]
fn a_newer_tip_that_one_alone_has_is_named_and_left_out() {
    let mut stage = Stage::new(&History::small(), &["a", "b", "c"]);
    let newer = stage.mirror("a").repository.add_commit("main", "new.txt", "new");
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "ours").ok();
    let warned = format!("left out, since too few attest it: refs/heads/main at {newer} (a)");
    assert!(ran.stderr.contains(&warned), "{ran}");
    assert!(!ran.stderr.contains("contradict"), "who is ahead contradicts nobody: {ran}");
}

#[test]
fn mirrors_do_not_move_tags_drop_the_branch_that_was_seen_or_mix_old_with_new() {
    type Spoil = fn(&StageMirror);
    let cases: [(&str, Spoil); 4] = [
        ("a tag moved", |mirror| mirror.repository.set_ref("refs/tags/v0.1", "main")),
        ("another branch in its place", |mirror| {
            mirror.repository.set_ref("refs/heads/master", "main~2");
            mirror.repository.git(&["symbolic-ref", "HEAD", "refs/heads/master"]);
            mirror.repository.delete_ref("refs/heads/main");
        }),
        ("one branch is newer, one older", |mirror| {
            mirror.repository.set_ref("refs/heads/topic", "topic~1");
        }),
        ("another history", |mirror| {
            mirror.repository.remove();
            let root = mirror.repository.root().to_owned();
            let other = History::autoglm(Submodule::Absent).write(root, NAME);
            other.git(&["branch", "-m", "main", "trunk"]);
        }),
    ];
    for (case, spoil) in cases {
        let mut stage = Stage::new(&History::small(), &["a", "b"]);
        stage.clone(&["-q"], "before").ok();
        stage.mirrors.iter().for_each(spoil);
        let said: Vec<&str> = vec!["error[E-ROLLBACK]", "cargo mirror ledger forget github:owner/small"];
        stage.upstream_goes_away();
        let ran = stage.clone(&["-q"], "refused").fails();
        assert!(said.iter().all(|part| ran.stderr.contains(part)), "{case}: {ran}");
        assert!(!stage.work("refused").exists(), "{case}");
        // The command of the hint accepts it.
        let mut command = stage.sandbox.command("cargo-mirror");
        command.args(["mirror", "ledger", "forget", "github:owner/small"]);
        stage.sandbox.run(command).ok();
        stage.clone(&["-q"], "accepted").ok();
    }
}

#[test]
fn old_evidence_is_told_and_refused_where_that_is_wanted() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let age = |stage: &Stage, extra: &[(&str, &str)], target: &str| {
        let mut command = stage.sandbox.command("git");
        command.envs(extra.iter().copied()).args(["clone", "-q", "mirror::owner/small", target]);
        stage.sandbox.run(command)
    };
    stage.upstream_goes_away();
    let ran = age(&stage, &[("MIRROR_GIT__MAX_AGE", "1 day")], "warned").ok();
    assert!(
        ran.stderr.contains("warning: github:owner/small: upstream is away, and there is no newer evidence"),
        "{ran}"
    );
    assert!(ran.stderr.contains("days old"), "it says how old: {ran}");
    let ran = age(&stage, &[("MIRROR_GIT__MAX_AGE", "1 day"), ("MIRROR_GIT__STRICT", "true")], "refused");
    assert_refused(&stage, "strict", &ran, "E-EXPIRED");
    let ran = age(&stage, &[("MIRROR_GIT__MAX_AGE", "100 years"), ("MIRROR_GIT__STRICT", "true")], "young").ok();
    assert!(!ran.stderr.contains("newer evidence"), "{ran}");
    // What upstream itself said a moment ago is new evidence, however old the commits are.
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    stage.clone(&["-q"], "before").ok();
    stage.upstream_goes_away();
    let ran = age(&stage, &[("MIRROR_GIT__MAX_AGE", "1 day"), ("MIRROR_GIT__STRICT", "true")], "heard").ok();
    assert!(ran.stderr.contains("upstream last heard"), "{ran}");
}

#[test]
fn contradictions_are_kept_and_can_be_checked_by_anybody() {
    let stage = Stage::new(&History::small(), &["a", "b", "c"]);
    let lie = stage.mirror("c").repository.add_commit("main", "evil", "evil");
    let truth = stage.upstream.add_commit("main", "good", "good");
    for name in ["a", "b"] {
        stage.mirror(name).repository.become_copy_of(&stage.upstream);
    }
    // Upstream is away for the clone, and there again for the audit.
    let config = stage.configuration("");
    let nowhere = mirror_tests::refused_url();
    let away = config.replacen(&stage.origin.url(), &nowhere, 1);
    stage.sandbox.mirror_config(&away);
    let ran = stage.clone(&["-q"], "ours").ok();
    let file = ran.stderr.split("cargo mirror audit ").nth(1).and_then(|rest| rest.lines().next());
    let file = file.unwrap_or_else(|| panic!("a warning names the evidence: {ran}")).to_owned();
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::write(&file, text.replace(&nowhere, &stage.origin.url())).expect("ours");
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["mirror", "audit", "--json", &file]);
    let audited = stage.sandbox.run(command).ok();
    let audited: serde_json::Value = serde_json::from_str(&audited.stdout).expect("--json prints JSON");
    let claims: Vec<(&str, &str, &str)> = audited["claims"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| {
            (c["operator"].as_str().unwrap_or(""), c["said"].as_str().unwrap_or(""), c["check"].as_str().unwrap_or(""))
        })
        .collect();
    assert_eq!(claims, [("a", truth.as_str(), "right"), ("b", truth.as_str(), "right"), ("c", lie.as_str(), "wrong")]);
    let ran = stage.sandbox.run({
        let mut command = stage.sandbox.command("cargo-mirror");
        command.args(["mirror", "audit", &file]);
        command
    });
    assert!(ran.stdout.contains("upstream has no such commit") && ran.stdout.contains("the same"), "{ran}");
}

#[test]
fn the_ledger_shows_what_was_seen_and_whose_history_it_is() {
    let stage = Stage::new(&History::small(), &["a"]);
    stage.clone(&["-q"], "before").ok();
    let ledger = || {
        let mut command = stage.sandbox.command("cargo-mirror");
        command.args(["mirror", "ledger", "--json"]);
        let rows: serde_json::Value = serde_json::from_str(&stage.sandbox.run(command).ok().stdout).expect("JSON");
        rows[0].clone()
    };
    let row = ledger();
    let root = stage.upstream.git(&["rev-list", "--max-parents=0", "HEAD"]).stdout.trim().to_owned();
    assert_eq!((row["repository"].as_str(), row["verdict"].as_str()), (Some("github:owner/small"), Some("upstream")));
    assert_eq!(
        (row["head"].as_str(), row["roots"][0].as_str()),
        (Some(stage.upstream.tip().as_str()), Some(root.as_str()))
    );
    // The name changes hands: upstream may, and it is said.
    stage.upstream.remove();
    let other = History::autoglm(Submodule::Absent).write(stage.upstream.root(), NAME);
    let ran = stage.clone(&["-q"], "after").ok();
    assert!(ran.stderr.contains("upstream has another history under this name"), "{ran}");
    assert_eq!(ledger()["head"].as_str(), Some(other.tip().as_str()));
    assert!(!ledger()["roots"].to_string().contains(&root));
    let ran = stage.clone(&["-q"], "again").ok();
    assert!(!ran.stderr.contains("another history"), "said once: {ran}");
}

#[test]
fn what_mirrors_say_and_cannot_deliver_leaves_no_trace_in_the_ledger() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let tips: Vec<String> = stage.mirrors.iter().map(|m| m.repository.add_commit("main", "evil", "evil")).collect();
    assert_eq!(tips[0], tips[1], "they agree");
    for mirror in &stage.mirrors {
        mirror.repository.deny_parents_of("main");
    }
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "refused").fails();
    assert!(ran.stderr.contains("error[E-"), "{ran}");
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["mirror", "ledger", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&stage.sandbox.run(command).ok().stdout).expect("JSON");
    assert_eq!(rows, serde_json::json!([]), "{ran}");
}
