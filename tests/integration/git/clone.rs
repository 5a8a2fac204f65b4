//! Clones through `mirror::` are the clones git alone would have made, whatever their options.

use mirror_tests::{
    History, Stage, assert_fsck_clean, assert_same_reachable, assert_same_repository_but, assert_same_stored,
};

#[test]
fn a_clone_is_the_same_as_gits_own_and_its_bulk_comes_from_the_mirror() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    let ran = stage.clone(&["-q"], "ours").ok();
    assert_eq!(ran.stderr, "", "silence when all is well");
    assert_same_repository_but(&stage.work("plain"), &stage.work("ours"), "refs/none");
    assert_fsck_clean(&stage.work("ours"));
    assert_eq!(stage.outcomes(), ["near ok"]);
    assert!(!stage.origin.log().iter().any(mirror_tests::Seen::is_fetch), "upstream sent no pack");
}

#[test]
fn every_kind_of_clone_is_the_same_as_gits_own() {
    let stage = Stage::new(&History::small(), &["near"]);
    for (case, options) in [
        ("bare", &["--bare"][..]),
        ("mirror", &["--mirror"]),
        ("single", &["--single-branch"]),
        ("no-tags", &["--no-tags"]),
        ("depth", &["--depth=3"]),
        ("depth-all", &["--depth=2", "--no-single-branch"]),
        ("since", &["--shallow-since=2001-01-01"]),
        ("blobless", &["--filter=blob:none", "--no-checkout"]),
        ("treeless", &["--filter=tree:0", "--no-checkout"]),
        ("v0", &["-c", "protocol.version=0"]),
        ("v1", &["-c", "protocol.version=1"]),
        ("fsck", &["-c", "transfer.fsckObjects=true"]),
    ] {
        let plain = format!("{case}-plain");
        stage.plain_clone(&[&["-q"], options].concat(), &plain).ok();
        let ran = stage.clone(&[&["-q"], options].concat(), case).ok();
        assert_eq!(ran.stderr, "", "{case}");
        if case.ends_with("less") {
            assert_same_stored(&stage.work(&plain), &stage.work(case));
        } else {
            assert_same_reachable(&stage.work(&plain), &stage.work(case));
            assert_fsck_clean(&stage.work(case));
        }
    }
}
