//! What upstream or a quorum said before is evidence: with one mirror that says the same, or with the store alone. It is
//! believed as of then, and nothing newer ever is.

use std::{fs, path::PathBuf};

use mirror_tests::{Fault, History, NAME, Ran, Stage, assert_fsck_clean, assert_same_repository_but, plain_git};
use serde_json::Value;

/// Seconds of a day.
const DAY: u64 = 86_400;

fn clone_with(stage: &Stage, variables: &[(&str, &str)], options: &[&str], target: &str) -> Ran {
    let mut command = stage.sandbox.command("git");
    command.envs(variables.iter().copied()).arg("clone").args(options).args(["mirror::owner/small", target]);
    stage.sandbox.run(command)
}

fn report(stage: &Stage) -> Value {
    stage.sandbox.report().pop().expect("a run writes a report")
}

/// What one voice said, by the last report.
fn said(stage: &Stage, who: &str) -> String {
    let report = report(stage);
    let evidence = report["evidence"].as_array().expect("a list");
    let said =
        evidence.iter().find(|one| one["who"] == who).map(|one| one["said"].as_str().expect("a text").to_owned());
    said.unwrap_or_else(|| panic!("{who} said nothing: {report}"))
}

/// The clone is what git alone makes of this repository.
fn assert_same_as(stage: &Stage, plain: &str, target: &str) {
    assert_same_repository_but(&stage.work(plain), &stage.work(target), "refs/none");
    assert_fsck_clean(&stage.work(target));
}

fn page(stage: &Stage) -> PathBuf {
    stage.sandbox.path("state/mirror/ledger/github/owner/small.json")
}

/// All that was seen was seen so many days earlier.
fn let_days_pass(stage: &Stage, days: u64) {
    let text = fs::read_to_string(page(stage)).expect("something was seen");
    // Without its seal it is read as well: so was it written once.
    let mut page_of = serde_json::from_str::<Value>(&text).expect("it is JSON")["facts"].take();
    for entry in page_of["refs"].as_object_mut().expect("refs").values_mut() {
        for key in ["seen", "heard"] {
            if let Some(then) = entry[key].as_u64() {
                entry[key] = (then - days * DAY).into();
            }
        }
    }
    fs::write(page(stage), page_of.to_string()).expect("it is ours");
}

/// Upstream and all mirrors are gone.
fn nobody_is_there(stage: &mut Stage) {
    stage.upstream_goes_away();
    stage.mirrors.iter_mut().for_each(|mirror| mirror.server.stop());
}

/// Only what is in the cache is gone.
fn forget_the_store(stage: &Stage) {
    fs::remove_dir_all(stage.sandbox.path("cache/mirror/store")).expect("a clone made it");
}

#[test]
fn one_mirror_that_says_what_upstream_said_is_believed_as_of_then() {
    let mut stage = Stage::new(&History::small(), &["a"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.clone(&["-q"], "before").ok();
    stage.upstream_goes_away();
    let_days_pass(&stage, 3);
    let remembered = || -> Value {
        let page: Value = serde_json::from_slice(&fs::read(page(&stage)).expect("it is there")).expect("JSON");
        page.get("facts").cloned().unwrap_or(page)
    };
    let seen = remembered();
    for (case, store) in [("all of it is here", true), ("the mirror carries it", false)] {
        if !store {
            forget_the_store(&stage);
        }
        let ran = stage.clone(&["-q"], case).ok();
        let line = "; github:owner/small as of 3 days ago (seen, attested by a)";
        assert_eq!(ran.stderr.lines().filter(|words| words.ends_with(line)).count(), 1, "{case}: {ran}");
        assert!(!ran.stderr.contains("warning"), "{case}: {ran}");
        assert_same_as(&stage, "plain", case);
        assert_eq!(report(&stage)["verdict"], "seen", "{case}");
        let (tip, ledger) = (stage.upstream.tip(), said(&stage, "ledger"));
        assert!(ledger.starts_with(&format!("HEAD is {tip} as of 2")), "{case}, with a day: {ledger}");
        assert!(ledger.ends_with(", by upstream; attested by a"), "{case}: {ledger}");
        assert_eq!(said(&stage, "a"), format!("HEAD is {tip}"), "{case}");
        assert_eq!(remembered(), seen, "{case}: repeating makes nothing newer");
    }
    let ran = clone_with(&stage, &[("MIRROR_GIT__TRUST", "upstream")], &["-q"], "refused").fails();
    assert!(ran.stderr.contains("error[E-QUORUM]"), "who demands upstream gets nobody else's word: {ran}");
}

#[test]
fn what_a_quorum_said_is_evidence_and_what_one_mirror_said_is_none() {
    for (case, mirrors, trust, expected) in [
        ("a quorum", &["a", "b"][..], "quorum", Ok("by quorum; attested by a")),
        ("one mirror", &["a"], "tofu", Err("E-QUORUM")),
    ] {
        let mut stage = Stage::new(&History::small(), mirrors);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.upstream_goes_away();
        clone_with(&stage, &[("MIRROR_GIT__TRUST", trust)], &["-q"], "before").ok();
        assert_eq!(report(&stage)["verdict"], trust, "{case}");
        stage.configure_only(&["a"]);
        let ran = stage.clone(&["-q"], "after");
        match expected {
            Ok(words) => {
                assert_eq!((ran.code, report(&stage)["verdict"].as_str()), (0, Some("seen")), "{case}: {ran}");
                assert!(said(&stage, "ledger").ends_with(words), "{case}: {}", said(&stage, "ledger"));
                assert_same_as(&stage, "plain", "after");
            }
            Err(kind) => {
                assert!(ran.code == 128 && ran.stderr.contains(&format!("error[{kind}]")), "{case}: {ran}");
                assert!(!stage.work("after").exists(), "{case}");
            }
        }
        // The store alone follows the same rule.
        stage.mirrors[0].server.stop();
        assert_eq!(stage.clone(&["-q"], "alone").code == 0, expected.is_ok(), "{case}");
    }
}

#[test]
fn nothing_newer_is_believed_and_what_was_seen_is_delivered() {
    let mut stage = Stage::new(&History::small(), &["a"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.clone(&["-q"], "before").ok();
    let newer = stage.mirror("a").repository.add_commit("main", "evil", "evil");
    stage.mirror("a").repository.set_ref("refs/heads/extra", "main");
    stage.upstream_goes_away();
    forget_the_store(&stage);
    let ran = stage.clone(&["-q"], "ours").ok();
    let told =
        format!("left out, since too few attest it: refs/heads/extra at {newer} (a), refs/heads/main at {newer} (a)");
    assert!(ran.stderr.contains(&told) && ran.stderr.contains("MIRROR_GIT__TRUST=tofu"), "{ran}");
    assert_same_as(&stage, "plain", "ours");
    for place in [stage.work("ours/.git"), stage.stores().remove(0)] {
        let mut command = plain_git(&place);
        command.args(["cat-file", "-e", &newer]);
        assert_ne!(mirror_tests::run(command, mirror_tests::PATIENCE).code, 0, "{}", place.display());
    }
    let ran = stage.sandbox.git_in(stage.work("before"), ["fetch"]).ok();
    assert!(ran.stderr.contains("(seen, attested by a)") && ran.stderr.contains(&newer), "{ran}");
    assert!(!stage.sandbox.git_in(stage.work("before"), ["branch", "-r"]).stdout.contains("extra"));
    let ran = stage.sandbox.git_in(stage.work("before"), ["fetch", "origin", "extra"]).fails();
    assert!(ran.stderr.contains("refs/heads/extra at"), "what it alone has is named: {ran}");
}

#[test]
fn of_what_is_neither_branch_nor_tag_nothing_is_remembered() {
    let mut stage = Stage::new(&History::small(), &["a"]);
    let known = stage.upstream.git(&["ls-remote", "."]).stdout;
    for repository in [&stage.upstream, &stage.mirror("a").repository] {
        repository.set_ref("refs/pull/1/head", "topic");
    }
    stage.clone(&["-q", "--mirror"], "before").ok();
    stage.upstream_goes_away();
    for mirror_is_there in [true, false] {
        let ran = stage.sandbox.git(["ls-remote", "mirror::owner/small"]).ok();
        assert_eq!(ran.stdout, known, "{ran}");
        assert_eq!(ran.stderr.contains("too few attest it: refs/pull/1/head at "), mirror_is_there, "{ran}");
        // git would take what it is not told of for gone.
        let ran = stage.sandbox.git_in(stage.work("before"), ["fetch", "--prune"]).fails();
        let kind = if mirror_is_there { "E-QUORUM" } else { "E-EXHAUSTED" };
        assert!(ran.stderr.contains(&format!("error[{kind}]")), "{ran}");
        stage.mirrors[0].server.stop();
    }
}

#[test]
fn one_that_says_what_was_seen_is_enough_against_others() {
    let mut stage = Stage::new(&History::small(), &["a", "b", "c"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.clone(&["-q"], "before").ok();
    for name in ["b", "c"] {
        stage.mirror(name).repository.set_ref("refs/heads/main", "main~2");
        stage.mirror(name).repository.set_ref("refs/tags/v0.1", "main");
    }
    stage.upstream_goes_away();
    forget_the_store(&stage);
    let ran = stage.clone(&["-q"], "ours").ok();
    assert_same_as(&stage, "plain", "ours");
    assert_eq!(report(&stage)["verdict"], "seen", "{ran}");
    // The other branch is as all have it, and what all have is no news of one.
    assert!(ran.stderr.contains("; refs by quorum of a, b, c (") && ran.stderr.contains(" of them as of "), "{ran}");
    assert!(said(&stage, "ledger").ends_with("attested by a"), "{}", said(&stage, "ledger"));
}

#[test]
fn the_store_alone_is_enough_where_it_has_all_that_was_seen() {
    let mut stage = Stage::new(&History::small(), &["a"]);
    let tip = stage.upstream.tip();
    stage.plain_clone(&["-q"], "plain").ok();
    stage.plain_clone(&["-q", "--depth=2", "--no-local"], "plain-shallow").ok();
    stage.clone(&["-q"], "before").ok();
    stage.sandbox.git_in(stage.work("before"), ["branch", "-q", "-D", "-r", "origin/topic"]).ok();
    nobody_is_there(&mut stage);
    let_days_pass(&stage, 2);
    for (case, mirrors) in [("mirrors are away", &["a"][..]), ("there is none", &[])] {
        stage.configure_only(mirrors);
        let ran = stage.clone(&["-q"], case).ok();
        let line = "; github:owner/small as of 2 days ago (seen, all of it is here)";
        assert_eq!(ran.stderr.lines().filter(|words| words.ends_with(line)).count(), 1, "{case}: {ran}");
        assert_same_as(&stage, "plain", case);
        assert_eq!(report(&stage)["verdict"], "seen", "{case}");
        assert_eq!(said(&stage, "store"), "has all of it", "{case}");
        assert_eq!(said(&stage, "ledger").split(" as of ").next(), Some(&*format!("HEAD is {tip}")), "{case}");
    }
    stage.clone(&["-q", "--depth=2"], "shallow").ok();
    assert_same_as(&stage, "plain-shallow", "shallow");
    stage.clone(&["-q", "--filter=blob:none"], "partial").ok();
    assert_eq!(stage.sandbox.git_in(stage.work("partial"), ["status", "--porcelain"]).ok().stdout, "");
    let kept = stage.sandbox.git_in(stage.work("partial"), ["rev-list", "--objects", "--missing=print", "--all"]).ok();
    assert!(kept.stdout.contains("\n?"), "files of the history were left out: {kept}");
    stage.clone(&["-q", "--single-branch", "--branch=topic"], "topic").ok();
    stage.sandbox.git_in(stage.work("before"), ["fetch", "-q"]).ok();
    assert_same_as(&stage, "plain", "before");
    stage.sandbox.git_in(stage.work("shallow"), ["fetch", "-q", "--unshallow"]).ok();
    assert_fsck_clean(&stage.work("shallow"));
    let ran = clone_with(&stage, &[("MIRROR_GIT__TRUST", "upstream")], &["-q"], "refused").fails();
    assert!(ran.stderr.contains("error[E-EXHAUSTED]"), "{ran}");
    // Upstream may have had more than branches and tags, which nobody remembers.
    let ran = stage.clone(&["-q", "--mirror"], "refused").fails();
    assert!(ran.stderr.contains("error[E-EXHAUSTED]"), "{ran}");
}

#[test]
fn a_part_of_what_was_seen_is_not_taken_for_all_of_it() {
    type Spoil = fn(&Stage);
    let cases: [(&str, Spoil); 4] = [
        ("no store", forget_the_store),
        ("no ledger", |stage| fs::remove_file(page(stage)).expect("it was written")),
        ("a branch that never came", |stage| {
            stage.upstream.add_commit("topic", "new", "new");
            stage.sandbox.git(["ls-remote", "mirror::owner/small"]).ok();
        }),
        ("branches that were never listed", |stage| {
            fs::remove_file(page(stage)).expect("it was written");
            stage.sandbox.git_in(stage.work("before"), ["fetch", "-q", "origin", "main"]).ok();
        }),
    ];
    for (case, spoil) in cases {
        let mut stage = Stage::new(&History::small(), &["a"]);
        stage.clone(&["-q"], "before").ok();
        spoil(&stage);
        nobody_is_there(&mut stage);
        let ran = stage.clone(&["-q"], "refused").fails();
        assert!(ran.stderr.contains("error[E-EXHAUSTED]"), "{case}: {ran}");
        assert!(!stage.work("refused").exists(), "{case}");
    }
}

#[test]
fn mirrors_that_say_nothing_to_believe_do_not_stand_in_the_stores_way() {
    type Spoil = fn(&Stage);
    let cases: [(&str, Spoil); 3] = [
        ("no answer", |stage| stage.mirror("a").server.set(Fault::status(503))),
        ("an empty list", |stage| {
            let refs = stage.upstream.refs("refs");
            refs.iter().for_each(|name| stage.mirror("a").repository.delete_ref(name));
        }),
        ("the main branch hidden", |stage| stage.mirror("a").repository.delete_ref("refs/heads/main")),
    ];
    for (case, spoil) in cases {
        let mut stage = Stage::new(&History::small(), &["a"]);
        stage.plain_clone(&["-q"], "plain").ok();
        stage.clone(&["-q"], "before").ok();
        stage.upstream_goes_away();
        spoil(&stage);
        let ran = stage.clone(&["-q"], "after").ok();
        assert_same_as(&stage, "plain", "after");
        assert_eq!(report(&stage)["verdict"], "seen", "{case}: {ran}");
        assert!(ran.stderr.contains("(seen, all of it is here)"), "{case}: {ran}");
    }
}

#[test]
fn what_was_seen_grows_old() {
    let strict = |age: &'static str| [("MIRROR_GIT__MAX_AGE", age), ("MIRROR_GIT__STRICT", "true")];
    let mut stage = Stage::new(&History::small(), &["a"]);
    stage.clone(&["-q"], "before").ok();
    stage.upstream_goes_away();
    let_days_pass(&stage, 40);
    for (who, by) in [("one mirror", "attested by a"), ("the store", "all of it is here")] {
        let ran = clone_with(&stage, &strict("30 days"), &["-q"], "refused").fails();
        assert!(ran.stderr.contains("error[E-EXPIRED]"), "{who}: {ran}");
        assert!(ran.stderr.contains("upstream last heard 40 days ago"), "{who}: {ran}");
        assert!(!stage.work("refused").exists(), "{who}");
        let ran = clone_with(&stage, &strict("50 days"), &["-q"], &format!("{who}, young")).ok();
        assert!(ran.stderr.contains(&format!("as of 40 days ago (seen, {by})")), "{who}: {ran}");
        let ran = clone_with(&stage, &[("MIRROR_GIT__MAX_AGE", "30 days")], &["-q"], &format!("{who}, told")).ok();
        assert!(
            ran.stderr.contains("warning: github:owner/small: upstream is away, and there is no newer"),
            "{who}: {ran}"
        );
        stage.mirrors[0].server.stop();
    }
    // A quorum's word is as old as its newest commit, whoever repeats it: they may have been held back together.
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    stage.upstream_goes_away();
    stage.clone(&["-q"], "before").ok();
    stage.configure_only(&["a"]);
    let ran = clone_with(&stage, &strict("30 days"), &["-q"], "refused").fails();
    assert!(ran.stderr.contains("error[E-EXPIRED]") && ran.stderr.contains("newest commit"), "{ran}");
}

#[test]
fn a_pin_needs_nobody_where_the_store_has_all_of_it() {
    let mut stage = Stage::new(&History::small(), &["a"]);
    let project = stage.work("project");
    fs::create_dir_all(&project).expect("a sandbox takes folders");
    let mut command = stage.sandbox.command("cargo-mirror");
    command.current_dir(&project).args(["mirror", "pin", NAME]);
    stage.sandbox.run(command).ok();
    fs::remove_file(page(&stage)).expect("a pin was seen");
    nobody_is_there(&mut stage);
    let ran = stage.sandbox.git_in(&project, ["clone", "-q", "mirror::owner/small", "copy"]).ok();
    assert_fsck_clean(&project.join("copy"));
    assert_eq!(report(&stage)["verdict"], "pinned", "{ran}");
    forget_the_store(&stage);
    let ran = stage.sandbox.git_in(&project, ["clone", "-q", "mirror::owner/small", "none"]).fails();
    assert!(ran.stderr.contains("error[E-EXHAUSTED]"), "{ran}");
}
