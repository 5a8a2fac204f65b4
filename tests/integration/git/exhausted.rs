//! When nobody serves, each is named with its reason, and nothing is left behind.

use std::{fs, path::Path};

use mirror_tests::{Fault, History, NAME, Scope, Stage};

/// All files below a folder, `FETCH_HEAD` apart, which git itself empties.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = path.to_str().expect("a path of letters").to_owned();
        if path.is_dir() {
            files.push((name, Vec::new()));
            files.extend(tree(&path));
        } else if !path.ends_with("FETCH_HEAD") {
            files.push((name, fs::read(&path).expect("a file")));
        }
    }
    files.sort();
    files
}

#[test]
fn when_nobody_serves_each_is_named_and_nothing_is_left_behind() {
    type Spoil = fn(&mut Stage);
    let spoil = |stage: &Stage, fault: fn() -> Fault| {
        for mirror in &stage.mirrors {
            mirror.server.set(fault().only(Scope::Fetch));
        }
    };
    let cases: &[(&str, Spoil, &str)] = &[
        (
            "refused",
            |stage| {
                stage.upstream_goes_away();
                stage.mirrors.iter_mut().for_each(|mirror| mirror.server.stop());
            },
            "refused",
        ),
        ("cut", |stage| stage.upstream_goes_away(), "cut"),
        ("corrupt", |stage| stage.upstream_goes_away(), "corrupt"),
        (
            "upstream-cut",
            |stage| {
                stage.origin.set(Fault::CutAt(0.5.into()));
                stage.mirrors.iter().for_each(|mirror| mirror.repository.truncate_by(2));
            },
            "cut",
        ),
    ];
    for (case, goes_wrong, outcome) in cases {
        let mut stage = Stage::new(&History::small(), &["a", "b"]);
        for (target, fill) in [("empty", false), ("behind", true)] {
            stage.sandbox.git(["init", "-q", target]).ok();
            let git = |words: &[&str]| stage.sandbox.git_in(stage.work(target), words).ok();
            git(&["remote", "add", "origin", "mirror::owner/small"]);
            if fill {
                let url = stage.origin.repo_url(NAME);
                git(&["fetch", "-q", &url, "refs/tags/v0.1:refs/tags/v0.1"]);
            }
        }
        stage.forget();
        goes_wrong(&mut stage);
        match *case {
            "cut" => spoil(&stage, || Fault::CutAt(0.5.into())),
            "corrupt" => spoil(&stage, || Fault::FlipByteAt(0.5.into())),
            _ => {}
        }
        for target in ["clone", "empty", "behind"] {
            let before = (target != "clone").then(|| tree(&stage.work(target)));
            let ran = match before {
                None => stage.clone(&["-q"], target),
                Some(_) => stage.sandbox.git_in(stage.work(target), ["fetch", "-q", "origin"]),
            };
            let case = format!("{case}, {target}");
            assert_eq!(ran.code, 128, "{case}: {ran}");
            if !case.starts_with("upstream-cut") {
                assert!(ran.stderr.contains("error[E-EXHAUSTED]"), "{case}: {ran}");
                for name in ["a", "b", "upstream:github"] {
                    let count = ran.stderr.lines().filter(|line| line.starts_with(&format!("  {name}: "))).count();
                    assert_eq!(count, 1, "{case}: {name} in {ran}");
                }
            }
            let outcomes = stage.outcomes();
            assert!(outcomes.iter().any(|found| found.ends_with(outcome)), "{case}: {outcomes:?}");
            match before {
                None => assert!(!stage.work(target).exists(), "{case}: the target is gone"),
                Some(before) => {
                    let (before, after) = (names(&before), names(&tree(&stage.work(target))));
                    assert_eq!(before, after, "{case}");
                }
            }
        }
    }
}

/// Names with sizes and sums: bytes would fill the screen.
fn names(files: &[(String, Vec<u8>)]) -> Vec<String> {
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    files.iter().map(|(name, bytes)| format!("{name} {} {}", bytes.len(), sum(bytes))).collect()
}
