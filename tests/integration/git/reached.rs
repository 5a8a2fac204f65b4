//! What arrives is what the refs reach and no more, whatever the store has: what upstream has taken out does not come back.

use std::fs;

use mirror_tests::{History, Stage, assert_fsck_clean, assert_same_repository};

use super::arrives::assert_left_alike;

/// Who knows what after upstream has taken a secret out of its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mirror {
    Follows,
    Lags,
}

/// A stage on which a secret was cloned, in the way of each case, and upstream has rewritten its history then; and the secret.
fn rewritten(mirror: Mirror, place: &str) -> (Stage, String) {
    let stage = Stage::new(&History::small(), &["near"]);
    let near = &stage.mirror("near").repository;
    for repository in [&stage.upstream, near] {
        match place {
            "on main" => drop(repository.add_commit("main", "secret", "the password is swordfish\n")),
            "on a branch" => {
                repository.set_ref("refs/heads/topic", "main~1");
                repository.add_commit("topic", "secret", "the password is swordfish\n");
            }
            _ => {
                let before = repository.tip();
                repository.add_commit("main", "secret", "the password is swordfish\n");
                repository.set_ref("refs/tags/leak", "main");
                repository.set_ref("refs/heads/main", &before);
            }
        }
    }
    let at = match place {
        "on main" => "main:secret",
        "on a branch" => "topic:secret",
        _ => "leak:secret",
    };
    let secret = stage.upstream.id(at);
    stage.clone(&["-q"], "before").ok();
    let found = stage.sandbox.git_in(stage.work("before"), ["cat-file", "-e", &secret]);
    assert_eq!(found.code, 0, "it was cloned");
    for repository in [&stage.upstream, near].into_iter().take(if mirror == Mirror::Lags { 1 } else { 2 }) {
        match place {
            "on main" => {
                repository.set_ref("refs/heads/main", "main~1");
                repository.add_commit("main", "secret", "the password is not here\n");
            }
            "on a branch" => repository.delete_ref("refs/heads/topic"),
            _ => repository.delete_ref("refs/tags/leak"),
        }
        // And life goes on.
        repository.add_commit("main", "more", "more\n");
    }
    (stage, secret)
}

#[test]
fn what_upstream_has_taken_out_of_its_history_does_not_come_back() {
    for (mirror, place) in [
        (Mirror::Follows, "on main"),
        (Mirror::Lags, "on main"),
        (Mirror::Follows, "on a branch"),
        (Mirror::Lags, "on a branch"),
        (Mirror::Follows, "at a tag"),
    ] {
        let (stage, secret) = rewritten(mirror, place);
        for (case, options) in [
            ("single", &["--single-branch"][..]),
            ("untagged", &["--no-tags", "--bare"]),
            ("plain", &[]),
            ("again", &[]),
            ("mirror", &["--mirror"]),
        ] {
            let (plain, ours) = (format!("{case}-plain"), format!("{case}-ours"));
            stage.plain_clone(&[&["-q"], options].concat(), &plain).ok();
            stage.clone(&[&["-q"], options].concat(), &ours).ok();
            let found = stage.sandbox.git_in(stage.work(&ours), ["cat-file", "-e", &secret]);
            assert_ne!(found.code, 0, "{mirror:?}, {place}, {case}: it is there again");
            assert_left_alike(&format!("{mirror:?}, {place}, {case}"), &stage.work(&plain), &stage.work(&ours));
        }
        // Into another repository.
        stage.sandbox.git(["init", "-q", "other"]).ok();
        let refs = ["fetch", "-q", "mirror::owner/small", "+refs/heads/*:refs/remotes/x/*"];
        stage.sandbox.git_in(stage.work("other"), refs).ok();
        let found = stage.sandbox.git_in(stage.work("other"), ["cat-file", "-e", &secret]);
        assert_ne!(found.code, 0, "{mirror:?}, {place}: fetched again");
        for store in stage.stores() {
            let found = stage.sandbox.git_in(&store, ["cat-file", "-e", &secret]);
            assert_ne!(found.code, 0, "{mirror:?}, {place}: the store has forgotten it");
        }
        assert_same_repository(&stage.work("plain-plain"), &stage.work("again-ours"));
    }
}

#[test]
fn an_update_out_of_the_store_brings_what_is_asked_for_and_no_more() {
    let stage = Stage::new(&History::small(), &["near"]);
    let everywhere = || [&stage.upstream, &stage.mirror("near").repository].into_iter();
    let project = stage.work("project");
    fs::create_dir(&project).expect("the sandbox is ours");
    // Under a pin an update goes through the store, however small it is.
    let pin = || {
        let mut pin = stage.sandbox.command("cargo-mirror");
        pin.current_dir(&project).args(["mirror", "pin", "owner/small"]);
        stage.sandbox.run(pin).ok();
    };
    pin();
    for copy in ["one", "other"] {
        stage.sandbox.git_in(&project, ["clone", "-q", "mirror::owner/small", copy]).ok();
    }
    let fetch = |copy: &str| stage.sandbox.git_in(project.join(copy), ["fetch", "-q"]).ok();
    let has = |copy: &str, id: &str| stage.sandbox.git_in(project.join(copy), ["cat-file", "-e", id]).code == 0;
    everywhere().for_each(|repository| drop(repository.add_commit("main", "secret", "the password is swordfish\n")));
    let secret = stage.upstream.id("main:secret");
    pin();
    fetch("one");
    assert!(has("one", &secret), "it was fetched by one of them");
    everywhere().for_each(|repository| {
        repository.set_ref("refs/heads/main", "main~1");
        repository.add_commit("main", "secret", "the password is not here\n");
    });
    pin();
    fetch("other");
    assert!(has("other", &stage.upstream.tip()) && !has("other", &secret), "the other one gets what is there now");
    // What has only grown comes as it did.
    everywhere().for_each(|repository| drop(repository.add_commit("main", "more", "more\n")));
    pin();
    for copy in ["one", "other"] {
        fetch(copy);
        assert!(has(copy, &stage.upstream.tip()), "{copy}");
        assert_fsck_clean(&project.join(copy));
    }
    assert!(!has("other", &secret));
}
