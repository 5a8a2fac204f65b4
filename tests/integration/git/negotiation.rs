//! What is common is upstream's word: a mirror may know commits that upstream has not got.

use mirror_tests::{Fault, History, NAME, Stage};

const EMPTY: &[&str] = &["commit", "-q", "--allow-empty", "-m"];

/// A clone with so many commits that upstream has not got, and the mirror has.
fn ahead(commits: usize) -> Stage {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.upstream.allow_push();
    stage.clone(&["-q"], "ours").ok();
    for number in 0..commits {
        stage.sandbox.git_in(stage.work("ours"), [EMPTY, &[&format!("Ours {number}")]].concat()).ok();
    }
    let near = stage.mirror("near").repository.path();
    stage.sandbox.git_in(stage.work("ours"), ["push", "-q", near.to_str().expect("text"), "main:ahead"]).ok();
    stage
}

#[test]
fn negotiate_only_names_what_upstream_has() {
    // One answer, and several rounds.
    for commits in [1, 40, 300] {
        let stage = ahead(commits);
        let (ours, url) = (stage.work("ours"), stage.origin.repo_url(NAME));
        for tip in ["HEAD", "HEAD~1", "refs/remotes/origin/*", "refs/none/*"] {
            let tip = format!("--negotiation-tip={tip}");
            let common = |from: &str| {
                let ran = stage.sandbox.git_in(&ours, ["fetch", "--negotiate-only", &tip, from]);
                let mut ids: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
                ids.sort();
                (ran.code, ids)
            };
            assert_eq!(common("origin"), common(&url), "{commits} commits, {tip}");
        }
    }
}

#[test]
fn a_push_negotiates_with_whom_it_goes_to() {
    for transparent in [false, true] {
        let stage = ahead(3);
        let ours = stage.work("ours");
        let git = |arguments: &[&str]| stage.sandbox.git_in(&ours, arguments);
        stage.sandbox.git_config("push.negotiate", "true");
        if transparent {
            let url = format!("{}/", stage.origin.url());
            stage.sandbox.git_config(&format!("url.mirror::{url}.insteadOf"), &url);
            stage.sandbox.git_config(&format!("url.{url}.pushInsteadOf"), &url);
            git(&["remote", "set-url", "origin", &stage.origin.repo_url(NAME)]).ok();
        }
        let pushed = git(&["push", "origin", "main"]).ok();
        assert!(!pushed.stderr.contains("negotiation failed"), "{pushed}");
        assert_eq!(git(&["rev-parse", "HEAD"]).ok().stdout.trim(), stage.upstream.tip());
        let asked = stage.mirror("near").server.log();
        assert!(!asked.iter().any(|seen| seen.says("wait-for-done")), "a mirror was asked what is common");
    }
}

#[test]
fn without_upstream_nobody_says_what_is_common() {
    let mut stage = ahead(1);
    stage.configure("[git]\ntrust = \"tofu\"\n");
    stage.origin.set(Fault::status(500));
    stage.upstream_goes_away();
    let ran =
        stage.sandbox.git_in(stage.work("ours"), ["fetch", "--negotiate-only", "--negotiation-tip=HEAD", "origin"]);
    assert!(ran.code != 0 && ran.stdout.is_empty(), "{ran}");
    assert!(ran.stderr.contains("mirror: error[E-EXHAUSTED]"), "{ran}");
}
