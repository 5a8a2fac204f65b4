//! `cargo mirror setup git` and its undo, with real git and the built program.
//!
//! What the planned keys are is tested in the program's own package; here it is what they do, and what files look like.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{History, Ran, Sandbox, search_path};

const PLAIN: &[&str] = &["setup", "git", "--yes"];
pub(crate) const TRANSPARENT: &[&str] = &["setup", "git", "--transparent", "--yes"];
const UNDO: &[&str] = &["undo", "git"];

/// Contents of a user's file that a change may disturb.
const FIXTURES: &[(&str, Option<&str>)] = &[
    ("absent", None),
    ("empty", Some("")),
    (
        "comments and tabs",
        Some("# mine\n[user]\n\tname = A  ; who\n\n\n  [alias] # odd\n\t\tlg = log \\\n  --graph\n# end\n"),
    ),
    ("CRLF", Some("[user]\r\n\tname = A\r\n[core]\r\n\teditor = vi\r\n")),
    ("no newline at the end", Some("[user]\n\tname = A")),
    ("includes", Some("[include]\n\tpath = nowhere.inc\n[includeIf \"gitdir:~/code/\"]\n\tpath = work.inc\n")),
    (
        "rules of the user",
        Some("[url \"https://github.com/\"]\n\tinsteadOf = gh:\n\tinsteadOf = hub:\n[core]\n\tpager = cat\n"),
    ),
    (
        "another value",
        Some("[protocol \"mirror\"]\n\tallow = user ; for now\n[protocol \"mirror\"]\n\tallow = never\n"),
    ),
    ("half of it is there", Some("[protocol \"mirror\"]\n\t; wanted\n[Protocol \"mirror\"]\n")),
    ("quotes and escapes", Some("[a \"x\\\"y\"]\n\tb = \"c ; d\" # e\n\tbare\n")),
    ("byte order mark", Some("\u{feff}[user]\n\tname = Ä\n")),
];

/// A sandbox, and its global git configuration.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

impl World {
    pub(crate) fn new(contents: Option<&[u8]>) -> Self {
        let world = Self { sandbox: Sandbox::new() };
        match contents {
            Some(bytes) => fs::write(world.file(), bytes).expect("the sandbox is ours"),
            None => fs::remove_file(world.file()).expect("a new sandbox has one"),
        }
        world
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.sandbox.path("gitconfig")
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.file()).ok()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.sandbox.panel(arguments)
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(self.command(arguments))
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git(arguments).ok().stdout.trim_end().to_owned()
    }

    fn record(&self) -> PathBuf {
        self.sandbox.path("state/mirror/undo/git.json")
    }

    /// Nothing of ours is left beside the file or in the state folder.
    #[track_caller]
    fn assert_no_traces(&self) {
        assert!(!self.record().exists(), "the record is gone");
        assert!(!self.sandbox.path("gitconfig.lock").exists(), "the lock is gone");
        let left = fs::read_dir(self.sandbox.path("tmp")).expect("the sandbox has it").count();
        assert_eq!(left, 0, "copies are gone");
    }
}

#[test]
fn setup_and_undo_leave_every_file_byte_identical() {
    for (name, contents) in FIXTURES {
        for setup in [PLAIN, TRANSPARENT] {
            let before = contents.map(|text| text.as_bytes().to_vec());
            let world = World::new(before.as_deref());
            let said = world.run(setup).ok();
            assert!(said.stdout.contains("+\tallow = always"), "{name}: {said}");
            assert_eq!(world.git(&["config", "--global", "protocol.mirror.allow"]), "always", "{name}");
            world.run(UNDO).ok();
            assert_eq!(world.bytes(), before, "{name}");
            world.assert_no_traces();
        }
    }
}

#[test]
fn bytes_that_are_not_text_survive() {
    let before = b"[user]\n\tname = \xff\xfe\n".to_vec();
    let world = World::new(Some(&before));
    world.run(PLAIN).ok();
    assert!(world.bytes().is_some_and(|after| after.starts_with(&before)));
    world.run(UNDO).ok();
    assert_eq!(world.bytes(), Some(before));
}

#[test]
fn a_second_setup_does_nothing() {
    for setup in [PLAIN, TRANSPARENT] {
        let world = World::new(Some(b"[user]\n\tname = A\n"));
        world.run(setup).ok();
        let (after, record) = (world.bytes(), fs::read(world.record()).ok());
        let said = world.run(setup).ok();
        assert!(said.stdout.contains("nothing to do"), "{said}");
        assert_eq!((world.bytes(), fs::read(world.record()).ok()), (after, record));
    }
}

#[test]
fn several_setups_undo_to_the_original() {
    let before = b"[user]\n\tname = A".to_vec();
    let world = World::new(Some(&before));
    world.run(PLAIN).ok();
    world.run(TRANSPARENT).ok();
    world.run(UNDO).ok();
    assert_eq!(world.bytes(), Some(before));
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("nothing to undo"), "{said}");
}

#[test]
fn undo_after_an_edit_removes_only_what_was_added() {
    let world = World::new(Some(b"[url \"https://github.com/\"]\n\tinsteadOf = gh:\n"));
    world.run(TRANSPARENT).ok();
    world.sandbox.git_config("user.name", "Edited");
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("edited since") && said.stdout.contains("protocol.mirror.allow"), "{said}");
    let listed = world.git(&["config", "--global", "--list"]);
    assert_eq!(listed, "url.https://github.com/.insteadof=gh:\nuser.name=Edited");
    world.assert_no_traces();
}

#[test]
fn an_edit_between_two_setups_survives_undo() {
    let world = World::new(Some(b""));
    world.run(PLAIN).ok();
    world.sandbox.git_config("user.name", "Edited");
    world.run(TRANSPARENT).ok();
    world.run(UNDO).ok();
    assert_eq!(world.git(&["config", "--global", "--list"]), "user.name=Edited");
}

#[test]
fn a_file_that_is_gone_is_nothing_to_undo() {
    let world = World::new(None);
    world.run(PLAIN).ok();
    fs::remove_file(world.file()).expect("the sandbox is ours");
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("nothing to undo"), "{said}");
    world.assert_no_traces();
}

#[test]
fn a_dry_run_changes_nothing() {
    let before = b"[user]\n\tname = A\n".to_vec();
    let world = World::new(Some(&before));
    let said = world.run(&["setup", "git", "--transparent", "--dry-run"]).ok();
    assert!(said.stdout.contains("+\tallow = always") && said.stdout.contains("dry run"), "{said}");
    assert!(said.stdout.contains(&format!("+++ {}", world.file().display())), "{said}");
    assert_eq!(world.bytes(), Some(before));
    world.assert_no_traces();
}

#[test]
fn without_a_terminal_the_answer_must_be_given() {
    let before = b"[user]\n\tname = A\n".to_vec();
    let world = World::new(Some(&before));
    let said = world.run(&["setup", "git"]);
    assert_eq!(said.code, 64, "{said}");
    assert!(said.stderr.contains("mirror: error[E-USAGE]: ") && said.stderr.contains("--yes"), "{said}");
    assert_eq!(world.bytes(), Some(before));
    world.assert_no_traces();
}

#[test]
fn transparent_fetches_through_mirrors_and_pushes_to_the_upstream() {
    let world = World::new(Some(b""));
    let said = world.run(TRANSPARENT).ok();
    assert!(said.stdout.contains("git config lfs.url github-direct:OWNER/REPO.git/info/lfs"), "{said}");
    let plain = "https://github.com/openglm/Open-AutoGLM.git";
    world.git(&["init", "-q", "."]);
    world.git(&["remote", "add", "origin", plain]);
    assert_eq!(world.git(&["remote", "-v"]), format!("origin\tmirror::{plain} (fetch)\norigin\t{plain} (push)"),);
    assert_eq!(world.git(&["ls-remote", "--get-url", "origin"]), format!("mirror::{plain}"));
    assert_eq!(world.git(&["remote", "get-url", "--push", "origin"]), plain);
    assert_eq!(world.git(&["ls-remote", "--get-url", "github-direct:openglm/Open-AutoGLM.git"]), plain);
    assert_eq!(world.git(&["ls-remote", "--get-url", "mirror::openglm/x"]), "mirror::openglm/x");
}

#[test]
fn a_transparent_push_reaches_the_upstream_without_the_helper() {
    let world = World::new(Some(b""));
    History::small().write(world.sandbox.path("served"), "owner/small");
    let served = format!("file://{}/", world.sandbox.path("served").display());
    world
        .sandbox
        .mirror_config(&format!("[git]\nupstream = \"here\"\n[upstreams.here]\nurl = \"{served}{{repo}}.git\"\n"));
    world.run(TRANSPARENT).ok();
    // A helper that always fails: whatever needs it does not work.
    let folder = world.sandbox.path("bin");
    script(&folder.join("git-remote-mirror"), "exit 1");
    world.sandbox.git(["clone", "-q", &format!("{served}owner/small.git"), "with-mirrors"]).fails();
    world.git(&["clone", "-q", "here-direct:owner/small.git", "direct"]);
    let clone = world.sandbox.work().join("direct");
    let git = |arguments: &[&str]| world.sandbox.git_in(&clone, arguments);
    let plain = format!("{served}owner/small.git");
    git(&["remote", "set-url", "origin", &plain]).ok();
    git(&["commit", "-q", "--allow-empty", "-m", "mine"]).ok();
    git(&["push", "-q", "origin", "HEAD:refs/heads/mine"]).ok();
    git(&["push", "-q", &plain, "HEAD:refs/heads/by-address"]).ok();
    let pushed =
        world.sandbox.git_in(world.sandbox.path("served/owner/small.git"), ["branch", "--list", "mine", "by-*"]);
    assert_eq!(pushed.ok().stdout.split_whitespace().collect::<Vec<_>>(), ["by-address", "mine"]);
}

#[test]
fn a_rule_of_the_user_that_would_win_is_named() {
    let before = b"[url \"git@github.com:\"]\n\tinsteadOf = https://github.com/\n".to_vec();
    let world = World::new(Some(&before));
    let said = world.run(TRANSPARENT);
    assert_eq!(said.code, 78, "{said}");
    assert!(said.stderr.contains("url.git@github.com:.insteadof"), "{said}");
    assert_eq!(world.bytes(), Some(before));
    world.run(PLAIN).ok();
}

#[test]
fn pushes_that_the_user_directs_stay_directed() {
    let world = World::new(Some(b"[url \"git@github.com:\"]\n\tpushInsteadOf = https://github.com/\n"));
    world.run(TRANSPARENT).ok();
    world.git(&["init", "-q", "."]);
    world.git(&["remote", "add", "origin", "https://github.com/a/b"]);
    assert_eq!(world.git(&["remote", "get-url", "--push", "origin"]), "git@github.com:a/b");
    assert_eq!(world.git(&["remote", "get-url", "origin"]), "mirror::https://github.com/a/b");
}

#[test]
fn a_file_that_git_does_not_understand_is_left_alone() {
    let before = b"[user\nname\n".to_vec();
    let world = World::new(Some(&before));
    let said = world.run(PLAIN);
    assert_eq!(said.code, 78, "{said}");
    assert!(said.stderr.contains("E-CONFIG") && said.stderr.contains("gitconfig"), "{said}");
    assert_eq!(world.bytes(), Some(before));
    world.assert_no_traces();
}

#[test]
fn a_locked_file_is_busy() {
    let world = World::new(Some(b""));
    fs::write(world.sandbox.path("gitconfig.lock"), "").expect("the sandbox is ours");
    let said = world.run(PLAIN);
    assert_eq!(said.code, 75, "{said}");
    assert!(said.stderr.contains("E-BUSY") && said.seconds < 10.0, "{said}");
    assert_eq!(world.bytes().as_deref(), Some(b"".as_slice()));
    assert!(world.sandbox.path("gitconfig.lock").exists(), "another's lock stays");
}

#[test]
fn another_file_is_not_set_up_before_the_first_is_undone() {
    let world = World::new(Some(b""));
    world.run(PLAIN).ok();
    let mut other = world.command(PLAIN);
    other.env("GIT_CONFIG_GLOBAL", world.sandbox.path("other"));
    let said = world.sandbox.run(other);
    assert_eq!(said.code, 78, "{said}");
    assert!(said.stderr.contains("cargo mirror undo git"), "{said}");
    assert!(!world.sandbox.path("other").exists());
}

#[test]
fn without_a_variable_the_file_is_the_one_of_the_home() {
    let world = World::new(None);
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env_remove("GIT_CONFIG_GLOBAL");
        world.sandbox.run(command).ok()
    };
    let home = world.sandbox.path("home/.gitconfig");
    run(PLAIN);
    assert!(home.exists());
    run(UNDO);
    assert!(!home.exists());
    let xdg = world.sandbox.path("config/git/config");
    fs::create_dir_all(xdg.parent().expect("it has one")).expect("the sandbox is ours");
    fs::write(&xdg, "").expect("the sandbox is ours");
    run(PLAIN);
    assert!(!home.exists() && fs::read_to_string(&xdg).is_ok_and(|text| text.contains("allow = always")));
}

#[cfg(unix)]
#[test]
fn mode_and_links_stay_and_the_record_is_private() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    let before = b"[user]\n\tname = A\n".to_vec();
    for wanted in [0o600, 0o640, 0o444] {
        let world = World::new(Some(&before));
        fs::set_permissions(world.file(), fs::Permissions::from_mode(wanted)).expect("the sandbox is ours");
        world.run(PLAIN).ok();
        assert_eq!(mode(&world.file()), wanted);
        assert_eq!(mode(&world.record()), 0o600);
        for folder in ["state/mirror", "state/mirror/undo"] {
            assert_eq!(mode(&world.sandbox.path(folder)), 0o700, "{folder}");
        }
        world.run(UNDO).ok();
        assert_eq!((mode(&world.file()), world.bytes()), (wanted, Some(before.clone())));
    }
    for (contents, link) in [(Some(&before), "dotfiles/gitconfig"), (None, "dotfiles/gitconfig")] {
        let world = World::new(None);
        let target = world.sandbox.path(link);
        fs::create_dir(world.sandbox.path("dotfiles")).expect("the sandbox is ours");
        symlink(link, world.file()).expect("the sandbox is ours");
        if let Some(contents) = contents {
            fs::write(&target, contents).expect("the sandbox is ours");
        }
        world.run(PLAIN).ok();
        assert!(fs::read_to_string(&target).is_ok_and(|text| text.contains("allow = always")));
        assert!(world.file().is_symlink());
        world.run(UNDO).ok();
        assert_eq!(fs::read(&target).ok().as_ref(), contents);
        assert!(world.file().is_symlink());
    }
}

#[cfg(unix)]
#[test]
fn a_missing_helper_is_a_warning_that_says_what_to_do() {
    let world = World::new(Some(b""));
    let git = std::env::split_paths(&search_path()).map(|folder| folder.join("git")).find(|path| path.is_file());
    let folder = world.sandbox.path("only-git");
    fs::create_dir(&folder).expect("the sandbox is ours");
    std::os::unix::fs::symlink(git.expect("the tests need git"), folder.join("git")).expect("the sandbox is ours");
    let mut command = world.command(PLAIN);
    command.env("PATH", &folder);
    let said = world.sandbox.run(command).ok();
    let warnings: Vec<&str> = said.stderr.lines().collect();
    assert!(matches!(warnings[..], [line] if line.starts_with("mirror: warning: git-remote-mirror ")), "{said}");
    let said = world.run(&["setup", "git"]).ok();
    assert_eq!(said.stderr, "", "the helper is on PATH here");
}

/// A program for one test.
fn script(path: &Path, line: &str) {
    fs::write(path, format!("#!/bin/sh\n{line}\n")).expect("the sandbox is ours");
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("the sandbox is ours");
}
