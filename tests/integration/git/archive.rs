//! `git archive --remote` over HTTP is git's own helper's: upstream makes the archive.

use std::fs;

use mirror_tests::{History, NAME, Stage};

fn stage() -> Stage {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.upstream.git(&["config", "http.uploadarchive", "true"]);
    stage
}

/// git's exit code, and the file that it wrote.
fn archive(stage: &Stage, remote: &str, options: &[&str]) -> (i32, Vec<u8>, String) {
    let file = stage.work("archive");
    let output = format!("--output={}", file.display());
    let remote = format!("--remote={remote}");
    let ran = stage.sandbox.git([&["archive", &remote, &output], options].concat());
    let bytes = fs::read(&file).unwrap_or_default();
    let _ = fs::remove_file(&file);
    (ran.code, bytes, ran.stderr)
}

/// git asks for archives over HTTP from 2.44 on. Before, nobody gets any, with us or without, and there is no more to show.
fn is_too_old(stage: &Stage) -> bool {
    let version = stage.sandbox.git(["version"]).ok().stdout;
    let numbers: Vec<u32> = version.split(['.', ' ']).filter_map(|part| part.trim().parse().ok()).collect();
    let is_too_old = numbers.as_slice() < &[2, 44][..];
    if is_too_old {
        for remote in [&stage.origin.repo_url(NAME), "mirror::owner/small"] {
            assert_ne!(archive(stage, remote, &["--format=tar", "main"]).0, 0, "{version}, {remote}");
        }
    }
    is_too_old
}

#[test]
fn an_archive_is_upstreams_byte_for_byte() {
    let stage = stage();
    if is_too_old(&stage) {
        return;
    }
    for options in [
        &["--format=tar", "main"][..],
        &["--format=zip", "--prefix=a/", "main"],
        &["--format=tar.gz", "HEAD", "--", "."],
        &["--format=tar", "no-such-branch"],
        &["--list"],
    ] {
        let plain = archive(&stage, &stage.origin.repo_url(NAME), options);
        let ours = archive(&stage, "mirror::owner/small", options);
        assert_eq!((ours.0, &ours.1), (plain.0, &plain.1), "{options:?}: {} and {}", ours.2, plain.2);
        assert_eq!(ours.0 == 0, !options.contains(&"no-such-branch"), "{options:?}: {}", ours.2);
    }
    assert!(stage.mirror("near").server.log().is_empty(), "mirrors have no part in it");
}

#[test]
fn a_private_archive_needs_the_users_credentials_and_a_forbidden_one_fails() {
    let private = stage();
    if is_too_old(&private) {
        return;
    }
    private.origin.require_auth("ann", "secret");
    private.sandbox.git_config("credential.helper", "!f() { echo username=ann; echo password=secret; }; f");
    let (code, bytes, said) = archive(&private, "mirror::owner/small", &["--format=tar", "main"]);
    assert!(code == 0 && bytes.len() > 512, "{said}");
    let forbidden = Stage::new(&History::small(), &[]);
    assert_ne!(archive(&forbidden, "mirror::owner/small", &["--format=tar", "main"]).0, 0);
}

#[test]
fn what_must_be_looked_at_is_no_archive() {
    let stage = stage();
    if is_too_old(&stage) {
        return;
    }
    stage.configure("[git]\ntrust = \"pinned\"\n");
    let (code, bytes, said) = archive(&stage, "mirror::owner/small", &["--format=tar", "main"]);
    assert!(code != 0 && bytes.is_empty() && said.contains("error[E-UNPINNED]"), "{said}");
}
