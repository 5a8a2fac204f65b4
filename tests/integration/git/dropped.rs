//! Connections that are kept for the next request, and dropped by the server: asked once more, on a fresh one.

use mirror_tests::{Fault, History, Kept, Scope, Stage, TlsFront, assert_fsck_clean};

/// All of it went well, and nobody was blamed.
#[track_caller]
fn assert_well(stage: &Stage, case: &str) {
    for (number, options) in [&["-q"][..], &["-q", "--depth=2"], &["-q", "--filter=blob:none"]].iter().enumerate() {
        let target = format!("ours-{number}");
        let ran = stage.clone(options, &target).ok();
        assert_eq!(ran.stderr, "", "{case}");
        assert_fsck_clean(&stage.work(&target));
        let outcomes = stage.outcomes();
        assert!(outcomes.iter().all(|outcome| outcome.ends_with(" ok")), "{case}, {options:?}: {outcomes:?}");
    }
    stage.upstream.add_commit("main", "more.txt", "1");
    stage.sandbox.git_in(stage.work("ours-0"), ["pull", "-q", "--ff-only"]).ok();
    assert_eq!(
        stage.sandbox.git_in(stage.work("ours-0"), ["rev-parse", "HEAD"]).ok().stdout.trim(),
        stage.upstream.tip()
    );
}

#[test]
fn a_kept_connection_that_is_dropped_is_nobodys_fault() {
    for mirrors in [&[][..], &["a"], &["a", "b"]] {
        for kept in [Kept::Closed, Kept::DroppedOnNext, Kept::ResetOnNext] {
            let stage = Stage::new(&History::small(), mirrors);
            stage.origin.kept(kept);
            stage.mirrors.iter().for_each(|mirror| mirror.server.kept(kept));
            assert_well(&stage, &format!("{kept:?} with {mirrors:?}"));
        }
    }
}

#[test]
fn so_is_one_under_tls_that_ends_without_a_word() {
    let stage = Stage::new(&History::small(), &[]);
    let front = TlsFront::dropping(&stage.origin.url());
    stage.configure_behind(&front);
    assert_well(&stage, "TLS");
}

#[test]
fn nothing_of_which_bytes_came_is_asked_for_again() {
    let stage = Stage::new(&History::small(), &[]);
    // The head of an answer came, and no more.
    stage.origin.set(Fault::CutAt(0.into()).only(Scope::Fetch));
    stage.clone(&["-q", "--shallow-since=2000-01-01"], "ours").fails();
    assert_eq!(stage.origin.log().iter().filter(|seen| seen.is_fetch()).count(), 1);
}
