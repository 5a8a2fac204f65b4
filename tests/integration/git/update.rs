//! Updates: upstream has moved on, and the mirror with it, or not, or it is gone.

use mirror_tests::{Fault, History, Seen, Stage};

use crate::all::Twins;

/// Brings a mirror up to date.
fn refresh(stage: &Stage, mirror: &str) {
    let from = stage.upstream.path();
    let mirror = &stage.mirror(mirror).repository;
    mirror.git(&["fetch", "-q", "--prune", from.to_str().expect("a test's folder is text"), "+refs/*:refs/*"]);
}

#[test]
fn what_is_new_upstream_arrives_with_a_fresh_a_stale_a_lost_and_no_mirror() {
    for (case, mirrors, outcomes) in [
        ("fresh", &["near"][..], &["near ok"][..]),
        ("stale", &["near"], &["near missing", "upstream:github ok"]),
        ("lost", &["near"], &["near missing", "upstream:github ok"]),
        ("none", &[], &["upstream:github ok"]),
    ] {
        let stage = Stage::new(&History::small(), mirrors);
        let fetched = Twins::clone(&stage, "fetch", &[]);
        let pulled = Twins::clone(&stage, "pull", &[]);
        for number in 1..=3 {
            stage.upstream.add_commit("main", "new.txt", &format!("{number}\n").repeat(100));
        }
        stage.upstream.add_commit("topic", "new-topic.txt", "1");
        stage.upstream.set_ref("refs/tags/v0.3", "main");
        match case {
            "fresh" => refresh(&stage, "near"),
            "lost" => stage.mirror("near").server.set(Fault::status(404)),
            _ => {}
        }
        stage.sandbox.git_in(fetched.plain(), ["fetch", "-q"]).ok();
        stage.origin.forget_log();
        let ran = stage.sandbox.git_in(fetched.ours(), ["fetch", "-q"]).ok();
        assert_eq!(ran.stderr, "", "{case}: quiet is quiet");
        fetched.assert_same();
        assert_eq!(stage.origin.log().iter().any(Seen::is_fetch), case != "fresh", "{case}: objects from upstream");
        let mut seen = stage.outcomes();
        seen.dedup();
        assert_eq!(seen, outcomes, "{case}");
        assert_eq!(pulled.git(&["pull", "-q", "--ff-only"]).ok().stderr, "", "{case}");
        pulled.assert_same();
    }
}

#[test]
fn a_fetch_when_nothing_is_new_asks_no_mirror_for_objects() {
    let stage = Stage::new(&History::small(), &["near"]);
    let twins = Twins::clone(&stage, "idle", &[]);
    stage.mirror("near").server.forget_log();
    stage.origin.forget_log();
    stage.sandbox.git_in(twins.ours(), ["fetch", "-q"]).ok();
    assert!(!stage.mirror("near").server.log().iter().any(Seen::is_fetch));
    assert!(!stage.origin.log().iter().any(Seen::is_fetch));
}

#[test]
fn pruned_added_and_rewritten_refs_follow_upstream() {
    let stage = Stage::new(&History::small(), &["near"]);
    let twins = Twins::clone(&stage, "refs", &[]);
    stage.upstream.delete_ref("refs/heads/topic");
    stage.upstream.set_ref("refs/tags/aside", "v0.1^{commit}");
    twins.git(&["fetch", "-q", "--prune"]).ok();
    twins.assert_same();
    twins.git(&["fetch", "-q", "--tags"]).ok();
    twins.assert_same();
    // Rewritten, as by a forced push.
    stage.upstream.set_ref("refs/heads/main", "main~4");
    stage.upstream.add_commit("main", "instead.txt", "another way\n");
    twins.git(&["fetch", "-q"]).ok();
    twins.assert_same();
    let into_branch = ["fetch", "-q", "origin", "main:refs/heads/kept"];
    twins.git(&into_branch).ok();
    stage.upstream.set_ref("refs/heads/main", "main~2");
    assert_eq!(twins.git(&into_branch).code, 1, "not a fast-forward");
    assert_eq!(twins.git(&["pull", "-q", "--ff-only", "--no-rebase"]).code, 0);
    twins.git(&["fetch", "-q", "--prune", "--prune-tags", "--force"]).ok();
    twins.assert_same();
    twins.git(&["remote", "update", "--prune"]).ok();
    twins.git(&["fetch", "-q", "--all"]).ok();
    twins.git(&["fetch", "-q", "--refetch"]).ok();
    twins.assert_same();
}

#[test]
fn a_worktree_fetches_like_the_main_one() {
    let stage = Stage::new(&History::small(), &["near"]);
    let twins = Twins::clone(&stage, "main", &[]);
    twins.git(&["worktree", "add", "-q", "--detach", "aside", "origin/topic"]).ok();
    stage.upstream.add_commit("topic", "new.txt", "1");
    refresh(&stage, "near");
    for main in [twins.plain(), twins.ours()] {
        stage.sandbox.git_in(main.join("aside"), ["fetch", "-q"]).ok();
        stage.sandbox.git_in(main.join("aside"), ["checkout", "-q", "origin/topic"]).ok();
        // As a hook sees it.
        let mut git = stage.sandbox.command("git");
        git.env("GIT_DIR", main.join(".git/worktrees/aside")).args(["fetch", "-q"]).current_dir(main.join("aside"));
        stage.sandbox.run(git).ok();
        assert!(!main.join(".git/worktrees/aside/objects").exists());
    }
    assert_eq!(
        stage.sandbox.git_in(twins.ours().join("aside"), ["rev-parse", "HEAD"]).ok().stdout.trim(),
        stage.upstream.id("topic")
    );
    twins.assert_same();
}
