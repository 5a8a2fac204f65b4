//! What git can do with a remote it can do with `mirror::`, with the same result and exit code.
//!
//! Updates are in `update`, push in `push`, what the store does in `store`.

use std::{fs, path::Path};

use mirror_tests::{
    AUTOGLM, AUTOGLM_ASSETS, Fault, GitServer, History, NAME, Repository, Sandbox, Seen, Stage, StageMirror, Submodule,
    assert_fsck_clean, assert_same_repository, assert_same_stored,
};

use crate::all::Twins;

const OURS: &str = "mirror::owner/small";

/// A name, the options of a clone, and the commands after it.
type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a [&'a str]]);

/// The project with the submodule, at upstream and at one mirror.
fn project(submodule: Submodule) -> Stage {
    let sandbox = Sandbox::new();
    let upstream = History::autoglm(submodule).write(sandbox.path("upstream"), AUTOGLM);
    let repository = upstream.copy_to(sandbox.path("near"));
    Repository::at(sandbox.path("upstream"), AUTOGLM_ASSETS).copy_to(sandbox.path("near"));
    let origin = GitServer::start(sandbox.path("upstream"));
    let server = GitServer::start(sandbox.path("near"));
    let mirrors = vec![StageMirror::new("near", repository, server)];
    let stage = Stage { sandbox, upstream, origin, mirrors };
    stage.configure("");
    stage
}

#[test]
fn submodules_come_along_whether_their_address_is_relative_or_absolute() {
    for submodule in [Submodule::Relative, Submodule::Absolute] {
        let stage = project(submodule);
        let url = stage.origin.url();
        // The site's own address, as `.gitmodules` has it, leads to this stage's upstream.
        let rule = |to: &str| format!("url.{to}/.insteadOf=https://github.com/");
        let from = stage.origin.repo_url(AUTOGLM);
        stage.sandbox.git(["-c", &rule(&url), "clone", "-q", "--recursive", &from, "plain"]).ok();
        stage.origin.forget_log();
        let from = format!("mirror::{AUTOGLM}");
        let rule = rule(&format!("mirror::{url}"));
        stage.sandbox.git(["-c", &rule, "clone", "-q", "--recursive", &from, "ours"]).ok();
        for folder in ["", "assets"] {
            let (plain, ours) = (stage.work("plain").join(folder), stage.work("ours").join(folder));
            assert_same_repository(&plain, &ours);
            assert_fsck_clean(&ours);
        }
        assert!(!stage.origin.log().iter().any(Seen::is_fetch), "{submodule:?}: a mirror carried all");
        assert_eq!(stage.sandbox.report().len(), 2, "{submodule:?}: one for each repository");
    }
}

#[test]
fn branches_depths_and_tags_are_gits_own_after_every_step() {
    let stage = Stage::new(&History::small(), &["near"]);
    let cases: &[Case] = &[
        ("branch", &["--branch", "topic"], &[&["fetch", "-q"]]),
        ("tag", &["--branch", "v0.1"], &[]),
        ("deepen", &["--depth=2"], &[&["fetch", "-q", "--deepen=3"], &["fetch", "-q", "--unshallow"]]),
        ("depth", &["--depth=1"], &[&["fetch", "-q", "--depth=5"], &["fetch", "-q", "--depth=2"]]),
        ("exclude", &["--shallow-exclude=v0.1"], &[&["fetch", "-q", "--unshallow"]]),
        ("exclude-later", &["--depth=1"], &[&["fetch", "-q", "--shallow-exclude=v0.1"]]),
        ("since", &["--depth=1"], &[&["fetch", "-q", "--shallow-since=2001-01-01"]]),
        ("another", &["--single-branch"], &[&["fetch", "-q", "origin", "topic:refs/remotes/origin/topic"]]),
        ("tags-later", &["--no-tags"], &[&["fetch", "-q", "--tags"]]),
        ("by-id", &["--depth=1"], &[&["fetch", "-q", "--depth=1", "origin", "refs/tags/v0.1:refs/tags/v0.1"]]),
    ];
    for (case, options, steps) in cases {
        let twins = Twins::clone(&stage, case, options);
        twins.assert_same();
        for step in *steps {
            assert_eq!(twins.git(step).ok().stderr, "", "{case}: {step:?}");
            twins.assert_same();
        }
    }
}

#[test]
fn a_lazy_checkout_of_a_partial_clone_comes_from_the_mirror() {
    let stage = Stage::new(&History::small(), &["near"]);
    let twins = Twins::clone(&stage, "blobless", &["--filter=blob:none", "--no-checkout"]);
    assert_same_stored(&twins.plain(), &twins.ours());
    let sent_before = stage.mirror("near").server.sent();
    stage.sandbox.git_in(twins.plain(), ["checkout", "-q", "main"]).ok();
    stage.origin.forget_log();
    stage.sandbox.git_in(twins.ours(), ["checkout", "-q", "main"]).ok();
    assert_same_stored(&twins.plain(), &twins.ours());
    twins.git(&["status", "--porcelain"]).ok();
    assert!(!stage.origin.log().iter().any(Seen::is_fetch), "upstream sent no object");
    assert!(stage.mirror("near").server.sent() > sent_before);
    twins.git(&["log", "--oneline", "-p", "origin/topic"]).ok();
}

#[test]
fn ls_remote_says_the_same_inside_and_outside_a_repository() {
    let stage = Stage::new(&History::small(), &["near"]);
    let url = stage.origin.repo_url(NAME);
    let twins = Twins::clone(&stage, "inside", &[]);
    for options in
        [&[][..], &["--symref"], &["--heads"], &["--tags", "--refs"], &["--sort=-version:refname"], &["--exit-code"]]
    {
        let outside = |url: &str| stage.sandbox.git(["ls-remote"].iter().chain(options).chain(&[url]));
        assert_eq!(outside(OURS).ok().stdout, outside(&url).ok().stdout, "{options:?}");
        twins.git(&[&["ls-remote", "-q"], options].concat()).ok();
    }
    assert_eq!(twins.git(&["ls-remote", "-q", "--exit-code", "origin", "nothing-like-it"]).code, 2);
    assert_eq!(twins.git(&["remote", "set-head", "origin", "--auto"]).ok().stderr, "");
    assert!(stage.mirror("near").server.log().iter().all(|seen| !seen.says("command=ls-refs")), "upstream says");
}

#[test]
fn every_form_of_git_dir_is_found() {
    let stage = Stage::new(&History::small(), &["near"]);
    let git_in = |folder: &Path, arguments: &[&str]| stage.sandbox.git_in(folder, arguments).ok();
    for form in ["below", "absolute", "relative", "worktree", "separate", "alternates"] {
        let top = stage.work(form);
        let text = top.to_str().expect("a test's folder is text").to_owned();
        let metadata = format!("{text}.elsewhere");
        let mut init = vec!["init", "-q"];
        if form == "separate" {
            init.extend(["--separate-git-dir", metadata.as_str()]);
        }
        init.push(&text);
        stage.sandbox.git(&init).ok();
        git_in(&top, &["commit", "-q", "--allow-empty", "-m", "Before"]);
        let fetch = ["fetch", "-q", OURS, "+refs/heads/*:refs/remotes/origin/*"];
        let mut command = stage.sandbox.command("git");
        match form {
            "below" => {
                fs::create_dir_all(top.join("a/b")).expect("the work tree is ours");
                command.current_dir(top.join("a/b"));
            }
            "absolute" => drop(command.env("GIT_DIR", top.join(".git"))),
            "relative" => drop(command.env("GIT_DIR", format!("{form}/.git"))),
            "worktree" => {
                git_in(&top, &["worktree", "add", "-q", "../aside", "-b", "aside"]);
                command.current_dir(stage.work("aside"));
            }
            "alternates" => {
                let other = stage.work("below/.git/objects");
                fs::write(top.join(".git/objects/info/alternates"), format!("{}\n", other.display()))
                    .expect("the repository is ours");
                command.current_dir(&top);
            }
            _ => drop(command.current_dir(&top)),
        }
        command.args(fetch);
        let ran = stage.sandbox.run(command).ok();
        assert_eq!(ran.stderr, "", "{form}");
        assert_eq!(git_in(&top, &["rev-parse", "origin/main"]).stdout.trim(), stage.upstream.tip(), "{form}");
        assert_fsck_clean(&top);
    }
    // Found by git to be the main repository's, not the worktree's.
    assert!(!stage.work("worktree/.git/worktrees/aside/objects").exists());
}

#[test]
fn sha256_and_older_protocols_are_cloned_and_updated_alike() {
    let sha256 = Stage::new(&History::small().sha256(), &["near"]);
    let sha1 = Stage::new(&History::small(), &["near"]);
    for (case, stage, options) in [
        ("sha256", &sha256, &[][..]),
        ("sha256-depth", &sha256, &["--depth=2"]),
        ("v0", &sha1, &["-c", "protocol.version=0"]),
        ("v1", &sha1, &["-c", "protocol.version=1"]),
        ("v0-depth", &sha1, &["-c", "protocol.version=0", "--depth=2"]),
    ] {
        let twins = Twins::clone(stage, case, options);
        twins.assert_same();
        stage.upstream.add_commit("main", "more.txt", case);
        twins.git(&["fetch", "-q"]).ok();
        twins.assert_same();
        if options.iter().any(|option| option.starts_with("--depth")) {
            twins.git(&["fetch", "-q", "--unshallow"]).ok();
            twins.assert_same();
        }
    }
    assert_eq!(sha256.sandbox.report()[0]["sources"][0]["name"], "near");
}

#[test]
fn a_remote_with_vcs_mirror_keeps_the_address_that_people_know() {
    let stage = Stage::new(&History::small(), &["near"]);
    let url = stage.origin.repo_url(NAME);
    stage.sandbox.git(["clone", "-q", &url, "plain"]).ok();
    stage.origin.forget_log();
    stage.sandbox.git(["clone", "-q", "-c", "remote.origin.vcs=mirror", &url, "ours"]).ok();
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    let shown = stage.sandbox.git_in(stage.work("ours"), ["remote", "get-url", "origin"]).ok().stdout;
    assert_eq!(shown.trim(), url);
    stage.upstream.add_commit("main", "more.txt", "1");
    for clone in ["plain", "ours"] {
        stage.sandbox.git_in(stage.work(clone), ["pull", "-q", "--ff-only"]).ok();
    }
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert!(stage.mirror("near").server.log().iter().any(Seen::is_fetch));
}

#[test]
fn an_empty_repository_is_cloned_empty() {
    let stage = Stage::new(&History::small(), &["near"]);
    for root in ["upstream", "near"] {
        let path = stage.sandbox.path(root).join("owner/empty.git");
        stage.sandbox.git(["init", "-q", "--bare", "-b", "trunk", path.to_str().expect("text")]).ok();
    }
    let plain = stage.sandbox.git(["clone", &stage.origin.repo_url("owner/empty"), "plain"]).ok();
    let ours = stage.sandbox.git(["clone", "mirror::owner/empty", "ours"]).ok();
    assert!(plain.stderr.contains("empty repository") && ours.stderr.contains("empty repository"), "{ours}");
    let head = |clone: &str| stage.sandbox.git_in(stage.work(clone), ["symbolic-ref", "HEAD"]).ok().stdout;
    assert_eq!(head("plain"), head("ours"));
}

#[test]
fn what_git_cannot_do_fails_with_the_same_code() {
    let stage = Stage::new(&History::small(), &["near"]);
    let url = |name: &str| stage.origin.repo_url(name);
    for (case, arguments, plain, ours) in [
        ("no such repository", &["clone", "-q"][..], url("owner/none"), "mirror::owner/none"),
        ("no such branch", &["clone", "-q", "--branch=none"], url(NAME), OURS),
        ("no such excluded tag", &["clone", "-q", "--shallow-exclude=none"], url(NAME), OURS),
        ("ls-remote of nothing", &["ls-remote"], url("owner/none"), "mirror::owner/none"),
        ("a name outside the grammar", &["clone", "-q"], url("../none"), "mirror::../none"),
    ] {
        let run = |address: &str| stage.sandbox.git(arguments.iter().chain(&[address]));
        let (plain, ours) = (run(&plain).fails(), run(ours).fails());
        assert_eq!((plain.code, ours.code), (128, 128), "{case}: {ours}\n{plain}");
        assert!(ours.stderr.contains("mirror: error[E-") || ours.stderr == plain.stderr, "{case}: {ours}\n{plain}");
    }
    let archive = |address: &str| stage.sandbox.git(["archive", "-o", "x.tar", "--remote", address, "HEAD"]).fails();
    assert_eq!(archive(OURS).code, archive(&url(NAME)).code);
}

#[test]
fn an_upstream_that_ends_its_answer_in_the_middle_is_named() {
    let stage = Stage::new(&History::small(), &[]);
    stage.origin.set(Fault::EndAt(0.5.into()));
    let plain = stage.plain_clone(&["-q"], "plain").fails();
    let ours = stage.clone(&["-q"], "ours").fails();
    assert_eq!((plain.code, ours.code), (128, 128), "{ours}\n{plain}");
    assert!(ours.stderr.contains("mirror: error[E-TRUNCATED]: github:owner/small: upstream "), "{ours}");
    assert!(!stage.work("ours").exists());
    stage.origin.heal();
    Twins::clone(&stage, "again", &[]).assert_same();
}

#[test]
fn a_private_upstream_without_credentials_fails_without_a_question() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.origin.require_auth("ann", "secret");
    let plain = stage.plain_clone(&["-q"], "plain").fails();
    let ours = stage.clone(&["-q"], "ours").fails();
    assert_eq!((plain.code, ours.code), (128, 128), "{ours}");
    assert!(ours.stderr.contains("terminal prompts disabled"), "{ours}");
    assert!(ours.seconds < 10.0, "{ours}");
    assert!(!stage.work("ours").exists());
}

#[test]
fn what_a_partial_clone_gets_later_is_marked_as_promised() {
    let stage = Stage::new(&History::small(), &["near"]);
    // Of a server that cannot filter, which sends all of it.
    for (name, wanted) in [("commit", "HEAD"), ("older", "HEAD~3"), ("tree", "HEAD~1^{tree}")] {
        stage.clone(&["-q"], name).ok();
        let git = |arguments: &[&str]| stage.sandbox.git([&["-C", name], arguments].concat());
        let oid = git(&["rev-parse", wanted]).ok().stdout.trim().to_owned();
        let objects = stage.work(name).join(".git/objects");
        for folder in std::fs::read_dir(&objects).expect("it is there").flatten() {
            std::fs::remove_dir_all(folder.path()).expect("ours");
        }
        git(&["config", "core.repositoryFormatVersion", "1"]).ok();
        git(&["config", "extensions.partialClone", "origin"]).ok();
        git(&["cat-file", "-p", &oid]).ok();
        let packs = std::fs::read_dir(objects.join("pack")).expect("it is there").flatten().map(|file| file.path());
        let promised: Vec<_> = packs.filter(|path| path.extension().is_some_and(|e| e == "promisor")).collect();
        assert_eq!(promised.len(), 1, "{name}");
        assert!(promised[0].with_extension("idx").exists(), "{name}: with its pack");
    }
}
