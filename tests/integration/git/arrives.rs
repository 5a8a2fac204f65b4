//! What arrives is as git would leave it: the same modes, one pack and nothing beside it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mirror_tests::{History, Ran, Stage, assert_fsck_clean, assert_same_stored, plain_git};

/// The folders and files of a repository's objects: how they end, and their modes, those of `.rev` left out, which no git needs.
fn modes(objects: &Path) -> Vec<(String, u32)> {
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o7777;
    let files = fs::read_dir(objects.join("pack")).expect("a repository has packs").flatten().map(|entry| entry.path());
    let ending = |path: &Path| path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let mut found: Vec<(String, u32)> = files.map(|path| (ending(&path), mode(&path))).collect();
    found.retain(|(ending, _)| ending != "rev");
    found.push(("pack/".to_owned(), mode(&objects.join("pack"))));
    found.sort();
    found
}

/// `git count-objects -v`, but for sizes.
fn counted(repository: &Path) -> String {
    let mut git = plain_git(repository);
    let output = git.args(["count-objects", "-v"]).output().expect("git can be started");
    let text = String::from_utf8(output.stdout).expect("git counts in ASCII");
    text.lines().filter(|line| !line.starts_with("size")).collect::<Vec<&str>>().join(", ")
}

/// What plain git has left, and what we have.
#[track_caller]
pub(super) fn assert_left_alike(case: &str, plain: &Path, ours: &Path) {
    assert_eq!(counted(ours), counted(plain), "{case}");
    // git-filter-repo's own test of a fresh clone.
    assert!(counted(ours).starts_with("count: 0, in-pack: ") && counted(ours).contains("packs: 1,"), "{case}");
    assert_same_stored(plain, ours);
    assert_fsck_clean(ours);
}

/// `git clone` by both, under a umask, into a folder each.
fn both(stage: &Stage, umask: &str, options: &str, name: &str) -> [Ran; 2] {
    let url = stage.origin.repo_url("owner/small");
    [(url.as_str(), "plain"), ("mirror::owner/small", "ours")].map(|(address, kind)| {
        let mut shell = stage.sandbox.command("sh");
        shell.args(["-c", &format!("umask {umask} && git clone -q {options} {address} {name}-{kind}")]);
        stage.sandbox.run(shell).ok()
    })
}

#[test]
fn modes_are_those_of_the_repository_and_what_was_cloned_before_keeps_its_own() {
    let stage = Stage::new(&History::small(), &["near"]);
    let cases = [
        ("022", ""),
        ("027", ""),
        ("077", ""),
        ("002", "-c core.sharedRepository=group"),
        ("077", "-c core.sharedRepository=group"),
        ("077", "-c core.sharedRepository=true"),
        ("077", "-c core.sharedRepository=world"),
        ("027", "-c core.sharedRepository=0640"),
        ("022", "-c core.sharedRepository=0600"),
        ("022", "-c core.sharedRepository=umask"),
        ("077", "--bare -c core.sharedRepository=2"),
        ("022", ""),
    ];
    let at = |number: usize, kind: &str| {
        let folder = stage.work(&format!("{number}-{kind}"));
        if folder.join("objects").exists() { folder.join("objects") } else { folder.join(".git/objects") }
    };
    for (number, (umask, options)) in cases.iter().enumerate() {
        both(&stage, umask, options, &number.to_string());
    }
    for (number, case) in cases.iter().enumerate() {
        assert_eq!(modes(&at(number, "ours")), modes(&at(number, "plain")), "{case:?}");
        assert_eq!(modes(&at(number, "ours")).len(), 3, "{case:?}: a pack and its index");
    }
    assert_eq!(stage.sandbox.report().iter().filter(|report| report["sources"][0]["bytes"].is_u64()).count(), 1);
    for store in stage.stores() {
        let mode = store.metadata().expect("a store").permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else gets into the store");
    }
}

#[test]
fn a_folder_hands_its_group_on_to_what_is_placed_in_it() {
    use std::os::unix::fs::{MetadataExt, chown};
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "before").ok();
    for (name, group) in [("one", 4321), ("other", 4322), ("own", 0)] {
        let folder = stage.work(name);
        fs::create_dir(&folder).expect("ours");
        // Only root may give a file to any group.
        if chown(&folder, None, Some(group)).is_err() {
            return;
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o2775)).expect("ours");
        both(&stage, "027", "-c core.sharedRepository=group", &format!("{name}/clone"));
        for kind in ["ours", "plain"] {
            let objects = folder.join(format!("clone-{kind}/.git/objects"));
            for entry in fs::read_dir(objects.join("pack")).expect("packs").flatten() {
                assert_eq!(entry.metadata().expect("there").gid(), group, "{}", entry.path().display());
            }
        }
        let at = |kind: &str| folder.join(format!("clone-{kind}/.git/objects"));
        assert_eq!(modes(&at("ours")), modes(&at("plain")), "{name}");
    }
}

#[test]
fn what_somebody_else_owns_is_copied() {
    use std::os::unix::fs::{MetadataExt, chown};
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "first").ok();
    let owner = stage.work("first").metadata().expect("there").uid();
    let files = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder.join("objects/pack")).expect("packs").flatten().map(|entry| entry.path()).collect()
    };
    // As with sudo, which leaves HOME as it is. Only root may give files away.
    if stage.stores().iter().flat_map(|store| files(store)).any(|file| chown(file, Some(4321), None).is_err()) {
        return;
    }
    both(&stage, "022", "", "second");
    for file in files(&stage.work("second-ours/.git")) {
        assert_eq!(file.metadata().expect("there").uid(), owner, "{}", file.display());
    }
    assert_left_alike("another owner", &stage.work("second-plain"), &stage.work("second-ours"));
}

#[test]
fn every_clone_leaves_what_gits_own_leaves() {
    for (kind, history) in [("sha1", History::small()), ("sha256", History::small().sha256())] {
        let stage = Stage::new(&history, &["near"]);
        for round in ["first", "again"] {
            for (case, options) in [
                ("plain", &[][..]),
                ("bare", &["--bare"]),
                ("mirror", &["--mirror"]),
                ("single", &["--single-branch"]),
                ("no-tags", &["--no-tags"]),
                ("tag", &["--single-branch", "--branch", "v1.0"]),
                ("depth", &["--depth=3"]),
                ("apart", &["--separate-git-dir", "DIR"]),
                ("again", &[]),
            ] {
                if case == "tag" && stage.upstream.refs("refs/tags/v1.0").is_empty() {
                    continue;
                }
                let name = format!("{case}-{round}");
                let options = |kind: &str| -> Vec<String> {
                    options.iter().map(|option| option.replace("DIR", &format!("git-{name}-{kind}"))).collect()
                };
                let all = |kind: &str| [vec!["-q".to_owned()], options(kind)].concat();
                let words = |all: &[String]| -> Vec<String> { all.to_vec() };
                let (plain, ours) = (format!("{name}-plain"), format!("{name}-ours"));
                let (for_plain, for_ours) = (words(&all("plain")), words(&all("ours")));
                stage.plain_clone(&for_plain.iter().map(String::as_str).collect::<Vec<_>>(), &plain).ok();
                stage.clone(&for_ours.iter().map(String::as_str).collect::<Vec<_>>(), &ours).ok();
                assert_left_alike(&format!("{kind} {name}"), &stage.work(&plain), &stage.work(&ours));
            }
        }
    }
}

#[test]
fn a_clone_of_what_has_grown_is_one_pack_and_a_fetch_brings_what_is_new() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.clone(&["-q"], "old").ok();
    stage.plain_clone(&["-q"], "old-plain").ok();
    for round in 0..3 {
        for repository in [&stage.upstream, &stage.mirror("near").repository] {
            repository.add_commit("main", "news", &format!("number {round}\n"));
            repository.set_ref(&format!("refs/tags/news-{round}"), "main");
        }
        let (plain, ours) = (format!("plain-{round}"), format!("ours-{round}"));
        stage.plain_clone(&["-q"], &plain).ok();
        stage.clone(&["-q"], &ours).ok();
        assert_left_alike(&ours, &stage.work(&plain), &stage.work(&ours));
        for folder in ["old", "old-plain"] {
            stage.sandbox.git_in(stage.work(folder), ["fetch", "-q"]).ok();
        }
        assert_eq!(counted(&stage.work("old")), counted(&stage.work("old-plain")), "{round}");
    }
    for repository in stage.stores() {
        let packs = fs::read_dir(repository.join("objects/pack")).expect("a store has packs").count();
        assert_eq!(packs, 2, "one pack and its index");
    }
}

#[test]
fn an_empty_pack_that_was_there_before_stays() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.sandbox.git(["init", "-q", "here"]).ok();
    let folder = stage.work("here/.git/objects/pack");
    let mut shell = stage.sandbox.command("sh");
    shell.current_dir(stage.work("here")).args(["-c", "git pack-objects -q .git/objects/pack/pack </dev/null"]);
    stage.sandbox.run(shell).ok();
    let before = fs::read_dir(&folder).expect("there").count();
    assert!(before >= 2, "git makes packs of nothing");
    stage.sandbox.git_in(stage.work("here"), ["fetch", "-q", "mirror::owner/small", "main:copy"]).ok();
    assert!(fs::read_dir(&folder).expect("there").count() >= before + 2, "a pack more");
    let empty = |name: &str| name.starts_with("pack-029d08823bd8a8eab510ad6ac75c823cfd3ed31e");
    let names =
        fs::read_dir(&folder).expect("there").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert!(names.filter(|name| empty(name)).count() >= 2, "the one that was there is there");
}

#[test]
fn what_upstream_adds_for_its_users_arrives_in_the_same_pack() {
    for rewrites in [false, true] {
        let mut stage = Stage::new(&History::small(), &["own"]);
        stage.origin.require_auth("somebody", "sekrit");
        stage.sandbox.git_config("credential.helper", "!f() { echo username=somebody; echo password=sekrit; }; f");
        stage.set_keys("own", "trusted = true");
        // One's own server lags, and where upstream has rewritten its history it has what is to be gone.
        for number in 0..3 {
            stage.upstream.add_commit("main", "news", &format!("number {number}\n"));
        }
        stage.mirror("own").repository.become_copy_of(&stage.upstream);
        if rewrites {
            stage.upstream.set_ref("refs/heads/main", "main~1");
        }
        stage.upstream.add_commit("main", "news", "the last\n");
        for case in ["first", "again"] {
            let (plain, ours) = (format!("{case}-plain"), format!("{case}-ours"));
            stage.plain_clone(&["-q"], &plain).ok();
            stage.mirror("own").server.forget_log();
            let ran = stage.clone(&["-q"], &ours).ok();
            assert_eq!(ran.stderr, "", "{case}, rewrites: {rewrites}");
            assert_left_alike(&format!("{case}, rewrites: {rewrites}"), &stage.work(&plain), &stage.work(&ours));
            let fetched = stage.mirror("own").server.log().iter().any(mirror_tests::Seen::is_fetch);
            assert!(fetched || case == "again", "{case}: the mirror carried what it has");
        }
    }
}

#[test]
fn one_pack_arrives_wherever_git_keeps_its_objects() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.plain_clone(&["-q"], "base").ok();
    for repository in [&stage.upstream, &stage.mirror("near").repository] {
        repository.add_commit("main", "news", "something\n");
    }
    let url = stage.origin.repo_url("owner/small");
    let reference = stage.work("base").display().to_string();
    for (case, line) in [
        ("reference", "git clone -q --reference BASE ADDRESS CASE"),
        ("dissociated", "git clone -q --dissociate --reference BASE ADDRESS CASE"),
        ("fetched", "git init -q CASE && cd CASE && git fetch -q ADDRESS '+refs/heads/*:refs/remotes/o/*'"),
        ("fetched-kept", "git init -q CASE && cd CASE && git fetch -q --keep ADDRESS '+refs/heads/*:refs/remotes/o/*'"),
        ("unpack-never", "git init -q CASE && cd CASE && git -c fetch.unpackLimit=1 fetch -q ADDRESS main"),
        ("elsewhere", "git init -q CASE && cd CASE && mkdir -p o && GIT_OBJECT_DIRECTORY=o git fetch -q ADDRESS main"),
        (
            "worktree",
            "git clone -q ADDRESS CASE && cd CASE && git worktree add -q -b w ../w-CASE && cd ../w-CASE && git fetch -q",
        ),
    ] {
        let count = [(url.as_str(), "plain"), ("mirror::owner/small", "ours")].map(|(address, kind)| {
            let name = format!("{case}-{kind}");
            let line = line.replace("BASE", &reference).replace("ADDRESS", address).replace("CASE", &name);
            let mut shell = stage.sandbox.command("sh");
            shell.args(["-c", &line]);
            stage.sandbox.run(shell).ok();
            let objects = if case == "elsewhere" {
                stage.work(&name).join("o/pack")
            } else {
                stage.work(&name).join(".git/objects/pack")
            };
            let files = fs::read_dir(objects).into_iter().flatten().flatten().map(|entry| entry.path());
            let names: Vec<String> =
                files.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
            (names.iter().filter(|name| name.ends_with(".pack")).count(), names)
        });
        let [(plain, _), (ours, names)] = &count;
        // Where git unpacks a few small objects, a pack is as good.
        assert!(ours == plain || (*plain == 0 && *ours == 1), "{case}: {count:?}");
        assert!(names.iter().all(|name| !name.contains("tmp_") && !name.ends_with(".keep")), "{case}: {names:?}");
    }
}
