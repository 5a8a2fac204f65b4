//! Push goes to upstream, always, and does what git's own push does.

use mirror_tests::{History, Ran, Seen, Stage, assert_fsck_clean, assert_same_repository};

const EMPTY: &[&str] = &["commit", "-q", "--allow-empty", "-m"];

/// Two stages with equal upstreams, and a clone on each: with git alone on the first.
fn two() -> [Stage; 2] {
    let [plain, ours] = [(), ()].map(|()| {
        let stage = Stage::new(&History::small(), &["near"]);
        stage.upstream.allow_push();
        stage
    });
    plain.plain_clone(&["-q"], "clone").ok();
    ours.clone(&["-q"], "clone").ok();
    [plain, ours]
}

#[track_caller]
fn both(stages: &[Stage; 2], arguments: &[&str]) -> Ran {
    let [plain, ours] = [0, 1].map(|n: usize| stages[n].sandbox.git_in(stages[n].work("clone"), arguments));
    assert_eq!(ours.code, plain.code, "{ours}\n{plain}");
    let less_addresses = |ran: &Ran, stage: &Stage| {
        ran.stdout.replace(&stage.origin.repo_url(mirror_tests::NAME), "mirror::owner/small")
    };
    assert_eq!(ours.stdout, less_addresses(&plain, &stages[0]));
    assert_same_repository(&stages[0].upstream.path(), &stages[1].upstream.path());
    assert_same_repository(&stages[0].work("clone"), &stages[1].work("clone"));
    ours
}

#[track_caller]
fn no_mirror_heard_of_a_push(stage: &Stage) {
    for mirror in &stage.mirrors {
        for seen in mirror.server.log() {
            assert!(!seen.path.contains("receive-pack"), "{}", seen.path);
            assert_eq!(seen.header("Authorization"), None, "{}", seen.path);
        }
    }
}

#[test]
fn every_push_does_what_gits_own_does_and_reaches_upstream_only() {
    for version in ["2", "0"] {
        let stages = two();
        let git = |arguments: &[&str]| both(&stages, arguments);
        git(&["config", "protocol.version", version]).ok();
        git(&["checkout", "-q", "-b", "feature"]).ok();
        git(&[EMPTY, &["One"]].concat()).ok();
        assert_eq!(git(&["push", "-q", "origin", "feature"]).ok().stderr, "", "quiet is quiet");
        git(&[EMPTY, &["Two"]].concat()).ok();
        git(&["push", "-q", "--dry-run", "origin", "feature:other"]).ok();
        git(&["push", "--porcelain", "-u", "origin", "feature"]).ok();
        git(&["tag", "-a", "-m", "Nine", "v9"]).ok();
        git(&["push", "-q", "origin", "v9"]).ok();
        git(&["push", "-q", "--follow-tags", "origin", "feature:copy"]).ok();
        git(&["commit", "-q", "--amend", "--allow-empty", "-m", "Other"]).ok();
        assert_eq!(git(&["push", "-q", "origin", "feature"]).code, 1, "not a fast-forward");
        git(&["push", "-q", "--force-with-lease", "origin", "feature"]).ok();
        git(&["push", "-q", "origin", ":copy"]).ok();
        git(&["push", "-q", "origin", "--delete", "v9"]).ok();
        assert_eq!(git(&["push", "-q", "origin", "none-such"]).code, 1);
        for stage in &stages {
            stage.upstream.add_commit("feature", "theirs.txt", "1");
        }
        git(&["commit", "-q", "--amend", "--allow-empty", "-m", "Third"]).ok();
        assert_eq!(git(&["push", "-q", "--force-with-lease", "origin", "feature"]).code, 1, "the lease is over");
        git(&["push", "-q", "--atomic", "--force", "origin", "feature", "HEAD:refs/heads/third"]).ok();
        assert_eq!(git(&["push", "origin", "feature"]).code, 0, "everything is up to date");
        no_mirror_heard_of_a_push(&stages[1]);
        assert!(stages[1].origin.log().iter().any(|seen| seen.path.ends_with("/git-receive-pack")));
        assert_fsck_clean(&stages[1].upstream.path());
    }
}

#[test]
fn a_push_that_upstream_forbids_fails_as_gits_own_does() {
    let stages = two();
    for stage in &stages {
        stage.upstream.git(&["config", "receive.denyDeletes", "true"]);
        stage.upstream.git(&["config", "receive.denyNonFastForwards", "true"]);
    }
    assert_eq!(both(&stages, &["push", "-q", "origin", ":topic"]).code, 1);
    assert_eq!(both(&stages, &["push", "-q", "--force", "origin", "main~2:main"]).code, 1);
    for stage in &stages {
        stage.upstream.git(&["config", "http.receivepack", "false"]);
    }
    assert_ne!(both(&stages, &["push", "-q", "origin", "main:another"]).code, 0);
}

#[test]
fn a_private_upstream_gets_the_users_credentials_and_mirrors_hear_nothing() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.origin.require_auth("ann", "secret");
    stage.sandbox.git_config("credential.helper", "!f() { echo username=ann; echo password=secret; }; f");
    stage.plain_clone(&["-q"], "plain").ok();
    let cloned = stage.clone(&["-q"], "ours").ok();
    assert_eq!(cloned.stderr, "");
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    let ours = stage.work("ours");
    stage.sandbox.git_in(&ours, [EMPTY, &["Ours"]].concat()).ok();
    stage.sandbox.git_in(&ours, ["push", "-q", "origin", "main"]).ok();
    assert_eq!(stage.sandbox.git_in(&ours, ["rev-parse", "HEAD"]).ok().stdout.trim(), stage.upstream.tip());
    stage.upstream.add_commit("main", "more.txt", "1");
    stage.sandbox.git_in(&ours, ["pull", "-q", "--ff-only"]).ok();
    assert!(stage.mirror("near").server.log().is_empty(), "no mirror hears a private name");
    assert!(stage.origin.log().iter().any(|seen: &Seen| seen.path.ends_with("/git-receive-pack")));
}
