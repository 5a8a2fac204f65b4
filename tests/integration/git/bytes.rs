//! Names that are bytes: refs, folders and remotes in GBK, Latin 1 and others go from git to git as they are.

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{History, Stage, assert_fsck_clean};

/// Two names in GBK that differ in one byte, one in Latin 1, one in Shift JIS, one in UTF-8, one that is a cut UTF-8.
const NAMES: [&[u8]; 6] =
    [b"\xb9\xa6\xc4\xdc", b"\xb9\xa6\xc4\xdd", b"caf\xe9", b"\x83e\x83X\x83g", "功能".as_bytes(), b"\xe5\x8a"];

/// A name behind a text.
fn named(before: &str, name: &[u8]) -> OsString {
    OsString::from_vec([before.as_bytes(), name].concat())
}

/// Runs git to its end, and returns what it says in bytes.
#[track_caller]
fn said(mut command: Command) -> Vec<u8> {
    let output = command.output().expect("git starts");
    let (code, error) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(code, Some(0), "{command:?}: {error}");
    assert!(!error.contains("mirror: error"), "{command:?}: {error}");
    output.stdout
}

fn git(stage: &Stage, folder: impl AsRef<Path>) -> Command {
    let mut command = stage.sandbox.command("git");
    command.current_dir(folder);
    command
}

/// All refs, as bytes.
fn refs(stage: &Stage, folder: &Path) -> Vec<u8> {
    let mut command = git(stage, folder);
    command.args(["for-each-ref", "--format=%(objectname) %(refname) %(symref)"]);
    said(command)
}

/// A stage whose upstream, and its mirrors, have a branch and a tag of each name, each at a commit of its own.
fn stage(mirrors: &[&str]) -> Stage {
    let stage = Stage::with(
        mirror_tests::Sandbox::new(),
        |root| {
            let repository = History::small().write(root, "owner/small");
            let commits = repository.git(&["rev-list", "--reverse", "HEAD"]).stdout;
            for (name, commit) in NAMES.iter().zip(commits.lines()) {
                for kind in ["refs/heads/", "refs/tags/"] {
                    let mut command = Command::new("git");
                    command.arg("-C").arg(repository.path()).arg("update-ref").arg(named(kind, name)).arg(commit);
                    said(command);
                }
            }
            repository
        },
        mirrors,
    );
    let mut plain = git(&stage, stage.sandbox.work());
    plain.args(["clone", "-q", "--mirror", &stage.origin.repo_url("owner/small"), "plain"]);
    said(plain);
    stage
}

#[test]
fn refs_whose_names_are_no_text_are_cloned_whoever_speaks_for_them() {
    let mut stage = stage(&["a", "b", "c"]);
    let plain = refs(&stage, &stage.work("plain"));
    for name in NAMES {
        assert!(plain.windows(name.len()).any(|part| part == name), "{name:?} is there");
    }
    let look = |stage: &Stage, case: &str, verdict: &str| {
        stage.sandbox.forget_reports();
        let mut command = git(stage, stage.sandbox.work());
        command.args(["clone", "-q", "--mirror", "mirror::owner/small", case]);
        said(command);
        assert_eq!(refs(stage, &stage.work(case)), plain, "{case}");
        assert_fsck_clean(&stage.work(case));
        assert_eq!(stage.sandbox.report().last().expect("a report")["verdict"], verdict, "{case}");
    };
    look(&stage, "upstream", "upstream");
    stage.upstream_goes_away();
    look(&stage, "quorum-of-what-was-seen", "quorum");
    stage.configure_only(&["a"]);
    // All branches and tags are asked for in a clone that mirrors nothing else.
    for (case, mirrors) in [("seen", &["a"][..]), ("kept", &[])] {
        stage.configure_only(mirrors);
        let mut command = git(&stage, stage.sandbox.work());
        command.args(["clone", "-q", "--bare", "mirror::owner/small", case]);
        said(command);
        assert_eq!(refs(&stage, &stage.work(case)), plain, "{case}");
    }
    stage.forget();
    stage.configure("");
    look(&stage, "quorum", "quorum");
}

#[test]
fn refs_whose_names_are_no_text_are_pinned_and_nothing_else_is_delivered() {
    let stage = stage(&["a", "b"]);
    let plain = refs(&stage, &stage.work("plain"));
    said(stage.sandbox.panel(&["pin", "owner/small"]));
    let first = fs::read(stage.work("mirror.lock")).expect("it was written");
    said(stage.sandbox.panel(&["pin"]));
    assert_eq!(fs::read(stage.work("mirror.lock")).expect("it is there").len(), first.len(), "the same refs again");
    for name in NAMES {
        let mut moved = git(&stage, stage.upstream.path());
        moved.arg("update-ref").arg(named("refs/heads/", name)).arg("HEAD");
        said(moved);
    }
    let mut clone = git(&stage, stage.sandbox.work());
    clone.args(["clone", "-q", "--bare", "mirror::owner/small", "pinned"]);
    said(clone);
    assert_eq!(refs(&stage, &stage.work("pinned")), plain, "what was pinned");
}

#[test]
fn a_ref_whose_name_is_no_text_is_fetched_pushed_and_pruned_by_its_name() {
    let stage = stage(&["a"]);
    stage.upstream.allow_push();
    stage.sandbox.git_config("protocol.version", "2");
    let tip = |name: &[u8]| {
        let mut command = git(&stage, stage.work("plain"));
        command.args(["rev-parse", "--verify"]).arg(named("refs/heads/", name));
        said(command)
    };
    for (version, case) in [("2", "two"), ("0", "none"), ("1", "one")] {
        let folder = stage.work(case);
        stage.sandbox.git(["init", "-q", case]).ok();
        let run = |arguments: &[OsString]| {
            let mut command = git(&stage, &folder);
            command.arg("-c").arg(format!("protocol.version={version}")).args(arguments);
            said(command)
        };
        let words = |text: &str| -> Vec<OsString> { text.split(' ').map(OsString::from).collect() };
        for name in NAMES {
            run(&[words("fetch -q mirror::owner/small"), vec![named("refs/heads/", name)]].concat());
            assert_eq!(run(&words("rev-parse FETCH_HEAD")), tip(name), "{case}: {name:?}");
        }
        run(&words("remote add origin mirror::owner/small"));
        run(&words("fetch -q --prune origin"));
        for name in NAMES {
            let mut found = git(&stage, &folder);
            found.args(["rev-parse", "--verify"]).arg(named("refs/remotes/origin/", name));
            assert_eq!(said(found), tip(name), "{case}: {name:?}");
            let pushed = named("refs/heads/new-", name);
            let refspec =
                OsString::from_vec([named("refs/remotes/origin/", name).as_bytes(), b":", pushed.as_bytes()].concat());
            run(&[words("push -q origin"), vec![refspec]].concat());
            let mut there = git(&stage, stage.upstream.path());
            there.args(["rev-parse", "--verify"]).arg(&pushed);
            assert_eq!(said(there), tip(name), "{case}: {name:?}");
            run(&[words("push -q origin --delete"), vec![pushed]].concat());
        }
    }
}

#[test]
fn folders_whose_names_are_no_text_are_cloned_into() {
    let stage = stage(&["a"]);
    for (number, name) in NAMES.into_iter().enumerate() {
        let name = OsStr::from_bytes(name);
        let inside = stage.sandbox.work().join(name);
        let plain = refs(&stage, &stage.work("plain"));
        let check = |folder: &Path, case: &str| {
            assert_eq!(refs(&stage, folder), plain, "{case} {name:?}");
            let mut fsck = git(&stage, folder);
            fsck.args(["fsck", "--strict"]);
            said(fsck);
        };
        // The folder itself; git's own folder and the work tree apart; all that surrounds the programs.
        let mut command = git(&stage, stage.sandbox.work());
        command.args(["clone", "-q", "--mirror", "mirror::owner/small"]).arg(&inside);
        said(command);
        check(&inside, "folder");
        let (git_dir, work_tree) = (inside.join("apart.git"), inside.join("tree"));
        fs::create_dir(&work_tree).expect("the folder is ours");
        let mut init = git(&stage, &work_tree);
        init.args(["init", "-q"]).env("GIT_DIR", &git_dir).env("GIT_WORK_TREE", &work_tree);
        said(init);
        let mut fetch = git(&stage, &work_tree);
        fetch.env("GIT_DIR", &git_dir).env("GIT_WORK_TREE", &work_tree);
        fetch.args(["fetch", "-q", "--update-head-ok", "mirror::owner/small", "+refs/*:refs/*"]);
        said(fetch);
        check(&git_dir, "GIT_DIR");
        let surroundings = stage.sandbox.path(named(&format!("home-{number}-"), name.as_bytes()));
        let mut clone = git(&stage, stage.sandbox.work());
        for (variable, below) in [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
        ] {
            let folder: PathBuf = surroundings.join(below).join(name);
            fs::create_dir_all(&folder).expect("the folder is ours");
            clone.env(variable, folder);
        }
        let config = surroundings.join("config").join(name).join("mirror");
        fs::create_dir(&config).expect("the folder is ours");
        fs::write(config.join("config.toml"), stage.configuration("")).expect("the folder is ours");
        clone.args(["clone", "-q", "--mirror", "mirror::owner/small", &format!("home-{number}")]);
        said(clone);
        check(&stage.work(&format!("home-{number}")), "home");
        assert!(surroundings.join("cache").join(name).join("mirror/store").is_dir(), "the cache is where it should be");
        assert!(surroundings.join("state").join(name).join("mirror/ledger").is_dir(), "so is the state");
    }
}

#[test]
fn a_large_update_lands_in_a_folder_whose_name_is_no_text() {
    let stage = Stage::new(&History::lively(12), &["a"]);
    let whole = stage.upstream.copy_to(stage.sandbox.path("whole"));
    let both = [&stage.upstream, &stage.mirror("a").repository];
    both.iter().for_each(|repository| repository.truncate_by(2300));
    let folder = stage.sandbox.work().join(OsStr::from_bytes(NAMES[1]));
    let mut clone = git(&stage, stage.sandbox.work());
    clone.args(["clone", "-q", "mirror::owner/small"]).arg(&folder);
    said(clone);
    // Nothing is known of it any more, so that what comes rests on what is in that folder.
    stage.forget();
    both.iter().for_each(|repository| repository.become_copy_of(&whole));
    let mut fetch = git(&stage, &folder);
    fetch.args(["fetch", "-q"]);
    said(fetch);
    assert!(stage.mirror_outcomes().contains(&"ok".to_owned()), "the mirror carried it");
    let mut tip = git(&stage, &folder);
    tip.args(["rev-parse", "origin/main"]);
    assert_eq!(String::from_utf8_lossy(&said(tip)).trim(), whole.id("main"));
    let mut fsck = git(&stage, &folder);
    fsck.args(["fsck", "--strict", "--connectivity-only"]);
    said(fsck);
}

#[test]
fn a_set_up_in_a_home_whose_name_is_no_text_is_made_and_taken_back() {
    for name in [NAMES[0], NAMES[2], NAMES[5]] {
        let sandbox = mirror_tests::Sandbox::new();
        let home = sandbox.path(named("home-", name));
        fs::create_dir(&home).expect("a folder of ours");
        let file = home.join(".gitconfig");
        fs::write(&file, "[user]\n\tname = A\n").expect("a file of ours");
        let panel = |arguments: &[&str]| {
            let mut command = sandbox.panel(arguments);
            command.env("HOME", &home).env("XDG_STATE_HOME", home.join("state")).env_remove("GIT_CONFIG_GLOBAL");
            said(command)
        };
        panel(super::TRANSPARENT);
        assert!(fs::read_to_string(&file).expect("text").contains("insteadOf"), "{name:?}");
        panel(&["undo", "git"]);
        assert_eq!(fs::read_to_string(&file).expect("text"), "[user]\n\tname = A\n", "{name:?}");
    }
}

#[test]
fn remotes_whose_names_are_no_text_are_remotes_of_their_own() {
    let stage = stage(&["a"]);
    let run = |arguments: &[&OsStr]| {
        let mut command = git(&stage, stage.work("several"));
        command.args(arguments);
        said(command)
    };
    stage.sandbox.git(["init", "-q", "several"]).ok();
    let word = OsStr::new;
    for name in NAMES {
        run(&[word("remote"), word("add"), OsStr::from_bytes(name), word("mirror::owner/small")]);
        run(&[word("fetch"), word("-q"), OsStr::from_bytes(name)]);
    }
    let listed = run(&[word("for-each-ref"), word("--format=%(refname)"), word("refs/remotes")]);
    let count = listed.split(|byte| *byte == b'\n').filter(|line| line.ends_with(b"/main")).count();
    assert_eq!(count, NAMES.len(), "each remote has a main branch");
    // Settings of one of them, which only git's own helper reads, hold for that one.
    stage.origin.require_auth("someone", "sekrit");
    stage.sandbox.git_config("credential.helper", "!f() { echo username=someone; echo password=sekrit; }; f");
    for name in NAMES {
        run(&[word("fetch"), word("-q"), OsStr::from_bytes(name)]);
    }
    let dead = named("remote.", &[NAMES[0], b".proxy"].concat());
    run(&[word("config"), &dead, word(&mirror_tests::refused_url())]);
    for (name, asks) in [(NAMES[0], false), (NAMES[1], true)] {
        let before = stage.origin.log().len();
        run(&[word("fetch"), word("-q"), OsStr::from_bytes(name)]);
        assert_eq!(stage.origin.log().len() > before, asks, "{name:?}: the proxy of one of them is dead");
    }
}
