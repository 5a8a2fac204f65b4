//! Large files come once, from whoever has them, and nobody is blamed for a limit of ours.

use std::{
    io::{Seek, Write},
    path::Path,
};

use mirror_tests::{History, Noise, Repository, Stage, assert_fsck_clean, assert_same_repository, plain_git};

use crate::all::{assert_modest, measured};

const MEBIBYTE: usize = 1 << 20;

/// What git says in a repository that is told this.
fn told(repository: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut file = tempfile::tempfile().expect("a temporary file can be made");
    file.write_all(input).and_then(|()| file.rewind()).expect("a temporary file is ours");
    let output = plain_git(repository).args(arguments).stdin(file).output().expect("git can be started");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("ids are text").trim().to_owned()
}

/// Commits a file on top of `main`.
fn commit(repository: &Repository, name: &str, content: &[u8]) {
    let path = repository.path();
    let blob = told(&path, &["-c", "core.compression=1", "hash-object", "-w", "--stdin"], content);
    let tree = told(&path, &["mktree"], format!("100644 blob {blob}\t{name}\n").as_bytes());
    let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    let commit = [&who[..], &["commit-tree", &tree, "-p", "refs/heads/main", "-m", name]].concat();
    let commit = told(&path, &commit, b"");
    repository.git(&["update-ref", "refs/heads/main", &commit]);
}

/// Upstream with mirrors that have all of it.
fn stage(files: &[&[u8]]) -> Stage {
    let stage = Stage::new(&History::small(), &["near", "far"]);
    files.iter().for_each(|content| commit(&stage.upstream, "large", content));
    // One after the other: the second version is a delta on the first, or the other way round.
    stage.upstream.git(&["-c", "pack.threads=1", "-c", "core.compression=1", "repack", "-a", "-d", "-q", "--window=3"]);
    stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
    stage
}

/// Clones with upstream there and without, from an empty store each, and says how many bytes came for each.
fn clones(mut stage: Stage, case: &str, times: f64) {
    let all = stage.upstream.pack_bytes();
    for away in [false, true] {
        if away {
            stage.upstream_goes_away();
            stage.configure("[git]\nmax-age = \"100 years\"\n");
        }
        stage.forget();
        stage.mirrors.iter().for_each(|mirror| mirror.server.forget_log());
        let name = format!("copy-{away}");
        let mut git = stage.sandbox.command("git");
        git.args(["clone", "-q", "--mirror", "mirror::owner/small", &name]);
        let (ran, peak) = measured(&stage.sandbox, git);
        assert_modest(case, &ran, peak);
        let ran = ran.ok();
        assert!(!ran.stderr.contains("warning"), "{case}, away: {away}: {ran}");
        let came: u64 = stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum();
        assert!(came as f64 <= all as f64 * times + 2e6, "{case}, away: {away}: {came} bytes of {all}");
        let reports = stage.sandbox.report();
        let text = reports.last().expect("a report").to_string();
        assert!(!text.contains("too-large") && !text.contains("large-object"), "{case}, away: {away}: {text}");
        assert_same_repository(&stage.upstream.path(), &stage.work(&name));
        assert_fsck_clean(&stage.work(&name));
    }
}

#[test]
fn a_large_file_of_noise_comes_once() {
    let noise = Noise::new(29).bytes(110 * MEBIBYTE);
    let stage = stage(&[&noise]);
    clones(stage, "110 MiB of noise", 1.1);
}

#[test]
fn a_large_file_of_little_comes_once() {
    clones(stage(&[&vec![0; 300 * MEBIBYTE]]), "300 MB of zeros", 1.1);
    // Text that compresses well.
    let line = b"the same line with a number, again and again\n";
    let text: Vec<u8> = (0..3_000_000_u32).flat_map(|n| [&n.to_be_bytes()[2..], line].concat()).collect();
    clones(stage(&[&text]), "130 MB of text", 1.1);
}

#[test]
fn a_large_file_that_is_a_delta_of_another_one_comes_whole() {
    let first = Noise::new(30).bytes(101 * MEBIBYTE);
    let mut second = first.clone();
    second[50 * MEBIBYTE..][..1000].copy_from_slice(&Noise::new(31).bytes(1000));
    let stage = stage(&[&first, &second]);
    assert!(stage.upstream.pack_bytes() < 150 * MEBIBYTE as u64, "one is a delta of the other");
    // One of them comes a second time, for it is asked for by its name.
    clones(stage, "two versions", 2.2);
}

#[test]
fn what_only_git_itself_takes_is_gits_affair_and_blamed_on_nobody() {
    // The message of a commit, which has to be in memory.
    let stage = Stage::new(&History::small(), &["near", "far"]);
    let path = stage.upstream.path();
    let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    let words = [&who[..], &["commit-tree", "refs/heads/main^{tree}", "-p", "refs/heads/main", "-F", "-"]].concat();
    let message = b"again and again\n".repeat(101 * MEBIBYTE / 16);
    let large = told(&path, &words, &message);
    let words = [&who[..], &["commit-tree", "refs/heads/main^{tree}", "-p", &large, "-m", "more"]].concat();
    let tip = told(&path, &words, b"");
    stage.upstream.git(&["update-ref", "refs/heads/main", &tip]);
    stage.upstream.git(&["repack", "-a", "-d", "-q"]);
    stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
    clones(stage, "a commit", 2.2);
}
