//! What is checked out when upstream is away is what is checked out when it is there: HEAD comes by agreement as well.

use std::{fs, path::Path};

use mirror_tests::{History, Repository, Stage, plain_git};

/// Where HEAD is, and the files that are checked out.
fn checked_out(folder: &Path) -> (String, Vec<String>) {
    let git = |arguments: &[&str]| {
        let output = plain_git(folder).args(arguments).output().expect("git can be started");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let branch = git(&["symbolic-ref", "-q", "HEAD"]);
    let head = if branch.is_empty() { git(&["rev-parse", "HEAD"]) } else { branch };
    let files = fs::read_dir(folder).expect("a clone").flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    let mut files: Vec<String> = files.collect();
    files.sort();
    (head, files)
}

fn remove_all(repository: &Repository) {
    for name in repository.refs("refs") {
        repository.delete_ref(&name);
    }
    repository.forget_unreachable();
}

#[test]
fn head_is_where_it_is_with_upstream() {
    type Change = fn(&Repository);
    let cases: [(&str, Change); 7] = [
        ("as it was", |_| {}),
        ("another branch", |r| drop(r.git(&["symbolic-ref", "HEAD", "refs/heads/topic"]))),
        ("a commit", |r| drop(r.git(&["update-ref", "--no-deref", "HEAD", &r.id("main~2")]))),
        ("a commit at a branch", |r| drop(r.git(&["update-ref", "--no-deref", "HEAD", &r.id("topic")]))),
        ("unborn beside branches", |r| drop(r.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]))),
        ("unborn and empty", |r| {
            r.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
            remove_all(r);
        }),
        ("empty with git's own name", remove_all),
    ];
    for (case, change) in cases {
        let mut stage = Stage::new(&History::small(), &["a", "b"]);
        change(&stage.upstream);
        stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
        stage.plain_clone(&["-q"], "plain").ok();
        stage.clone(&["-q"], "there").ok();
        stage.upstream_goes_away();
        stage.forget();
        stage.configure("[git]\nmax-age = \"100 years\"\n");
        stage.clone(&["-q"], "away").ok();
        let wanted = checked_out(&stage.work("plain"));
        assert_eq!(checked_out(&stage.work("there")), wanted, "{case}: upstream is there");
        assert_eq!(checked_out(&stage.work("away")), wanted, "{case}: upstream is away");
        // A commit that no branch reaches is no less there.
        assert_eq!(stage.sandbox.git_in(stage.work("away"), ["fsck", "--strict"]).code, 0, "{case}");
    }
}

#[test]
fn a_head_of_one_mirror_alone_is_not_believed() {
    for change in ["main~1", "topic"] {
        let mut stage = Stage::new(&History::small(), &["a", "b", "c"]);
        let repository = &stage.mirror("a").repository;
        repository.git(&["update-ref", "--no-deref", "HEAD", &repository.id(change)]);
        stage.upstream_goes_away();
        stage.configure("[git]\nmax-age = \"100 years\"\n");
        stage.clone(&["-q"], "away").ok();
        assert_eq!(checked_out(&stage.work("away")).0, "refs/heads/main", "{change}");
    }
}
