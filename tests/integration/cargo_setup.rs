//! `cargo mirror setup cargo`, `use`, `off` and `undo`, with the built program and real cargo.
//!
//! `tests/fixtures/cargo-config/NAME` has a configuration before (`in`) and after (`out`) a set-up, by either way: with
//! one line that includes a file of ours, and directly, for a cargo that cannot include.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{CargoStage, Needs, Ran, Sandbox, refused_url};

const CAMPUS: &str = "[mirrors.campus]\ncargo = \"sparse+https://crates.campus.example/index/\"\n";
const OTHER: &str = "[mirrors.other]\ncargo = \"sparse+https://crates.other.example/index/\"\n";
const SETUP: &[&str] = &["setup", "cargo", "--mirror", "campus", "--yes"];
const UNDO: &[&str] = &["undo", "cargo"];
/// What the included file of a new set-up says.
const INCLUDED: &str = "\
# Written by `cargo mirror setup cargo`; `cargo mirror undo cargo` takes it back.

[source.crates-io]
replace-with = \"cargo-mirror\"

[source.cargo-mirror]
registry = \"sparse+https://crates.campus.example/index/\"

[registries.cargo-mirror]
index = \"sparse+https://crates.campus.example/index/\"
";

/// Which cargo there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cargo {
    /// One that includes files.
    New,
    /// One that does not.
    Old,
}

/// A sandbox, and cargo's folder in it.
struct World {
    sandbox: Sandbox,
}

impl World {
    fn new(cargo: Cargo, contents: Option<&[u8]>) -> Self {
        let world = Self { sandbox: Sandbox::new() };
        world.sandbox.mirror_config(&format!("{CAMPUS}{OTHER}"));
        let version = if cargo == Cargo::New { "1.95.0" } else { "1.85.1" };
        world.script("cargo", &format!("echo \"cargo {version} (0000000 2026-01-01)\""));
        if let Some(contents) = contents {
            fs::write(world.file(), contents).expect("the sandbox is ours");
        }
        world
    }

    /// Written by a shell: what this process has open for writing, another thread's child may have as well for a moment,
    /// and then it cannot be started ("text file busy").
    fn script(&self, name: &str, line: &str) {
        let mut shell = self.sandbox.command("sh");
        shell.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]);
        shell.arg(self.sandbox.path("bin").join(name)).arg(line);
        self.sandbox.run(shell).ok();
    }

    fn home(&self) -> PathBuf {
        self.sandbox.path("cargo")
    }

    fn file(&self) -> PathBuf {
        self.home().join("config.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("it is there, and text")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(self.sandbox.path("programs/cargo-mirror"));
        command.args(arguments);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(self.command(arguments))
    }
}

/// Every file of a folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let entries = fs::read_dir(folder).expect("the sandbox is ours").map(|entry| entry.expect("readable").path());
    entries.filter(|path| path.is_file()).map(|path| (name(&path), fs::read(&path).expect("readable"))).collect()
}

fn fixtures() -> Vec<(String, Vec<u8>, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cargo-config");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the fixtures are in the tree")
        .map(|entry| {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
            (name, fs::read(path.join("in/config.toml")).expect("a fixture has it"), path.join("out"))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 20, "{} fixtures", found.len());
    found
}

#[test]
fn every_configuration_is_set_up_as_expected_and_undone_byte_for_byte() {
    for (name, before, out) in fixtures() {
        for (cargo, expected) in [(Cargo::New, "include.toml"), (Cargo::Old, "direct.toml")] {
            let world = World::new(cargo, Some(&before));
            let untouched = contents(&world.home());
            world.run(SETUP).ok();
            let after = fs::read(world.file()).expect("it is there");
            let expected = out.join(expected);
            #[expect(clippy::disallowed_methods, reason = "how a person has the expectations written anew")]
            if std::env::var_os("MIRROR_TEST_WRITE").is_some() {
                fs::write(&expected, &after).expect("the tree is ours");
            }
            let wanted = fs::read(&expected).expect("a fixture has it");
            let (after, wanted) = (String::from_utf8_lossy(&after), String::from_utf8_lossy(&wanted));
            assert_eq!(after, wanted, "{name}, {cargo:?}");
            let said = world.run(SETUP).ok();
            assert!(said.stdout.contains("nothing to do"), "{name}: {said}");
            world.run(&["use", "other"]).ok();
            world.run(SETUP).ok();
            world.run(UNDO).ok();
            assert_eq!(contents(&world.home()), untouched, "{name}, {cargo:?}");
            assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists(), "{name}: the record is gone");
        }
    }
}

#[test]
fn without_a_configuration_there_is_none_afterwards() {
    for cargo in [Cargo::New, Cargo::Old] {
        let world = World::new(cargo, None);
        fs::remove_dir(world.home()).expect("a new sandbox has an empty one");
        let said = world.run(SETUP).ok();
        assert!(said.stdout.contains("+++ ") && said.stdout.contains("cargo-mirror"), "{said}");
        if cargo == Cargo::New {
            assert_eq!(world.text(), "include = [{ path = \"mirror.toml\", optional = true }]\n");
            assert_eq!(fs::read_to_string(world.home().join("mirror.toml")).expect("it is there"), INCLUDED);
        }
        world.run(UNDO).ok();
        assert!(!world.home().exists(), "the folder was made for it");
        let said = world.run(UNDO).ok();
        assert!(said.stdout.contains("nothing to undo"), "{said}");
    }
}

#[test]
fn a_file_edited_since_loses_only_what_was_added() {
    for cargo in [Cargo::New, Cargo::Old] {
        let before = "[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"sparse+https://mirrors.tuna.tsinghua.edu.cn/crates.io-index/\"\n";
        let world = World::new(cargo, Some(before.as_bytes()));
        world.run(SETUP).ok();
        world.run(&["use", "other"]).ok();
        fs::write(world.file(), format!("{}\n[build]\njobs = 3\n", world.text())).expect("the sandbox is ours");
        let said = world.run(UNDO).ok();
        assert!(said.stdout.contains("edited since") && said.stdout.contains("replace-with"), "{said}");
        assert_eq!(world.text(), format!("{before}\n[build]\njobs = 3\n"), "{cargo:?}");
        assert!(!world.home().join("mirror.toml").exists());
    }
}

#[test]
fn vendored_sources_and_a_company_registry_are_left_alone_unless_forced() {
    for (source, words) in [
        ("directory = \"vendor\"", "on this disk"),
        ("local-registry = \"/srv/crates\"", "on this disk"),
        ("registry = \"sparse+https://u:hunter2@crates.corp.example/index/\"", "no known mirror"),
    ] {
        let before = format!("[source.crates-io]\nreplace-with = \"theirs\"\n[source.theirs]\n{source}\n");
        let world = World::new(Cargo::New, Some(before.as_bytes()));
        let said = world.run(SETUP);
        assert_eq!(said.code, 78, "{said}");
        assert!(said.stderr.contains(words) && said.stderr.contains("config.toml:2"), "{said}");
        assert!(said.stderr.contains("--force") && !said.stderr.contains("hunter2"), "{said}");
        assert_eq!(world.text(), before);
        assert_eq!(contents(&world.home()).len(), 1);
        let forced = world.run(&["setup", "cargo", "--mirror", "campus", "--yes", "--force"]).ok();
        assert!(forced.stderr.contains("takes over") && !forced.to_string().contains("hunter2"), "{forced}");
        world.run(UNDO).ok();
        assert_eq!(world.text(), before);
    }
}

#[test]
fn a_disabled_mirror_is_no_company_registry() {
    let before = "[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"https://mirrors.tuna.tsinghua.edu.cn/git/crates.io-index.git\"\n";
    let world = World::new(Cargo::New, Some(before.as_bytes()));
    world.sandbox.mirror_config(&format!("{CAMPUS}[mirrors.tuna]\nenabled = false\n"));
    world.run(SETUP).ok();
    let said = world.run(&["use", "tuna"]);
    assert!(said.code == 64 && said.stderr.contains("cargo mirror list"), "{said}");
}

#[test]
fn the_older_name_of_the_file_wins_and_is_the_one_that_changes() {
    let world = World::new(Cargo::New, Some(b"[build]\njobs = 2\n"));
    let old = world.home().join("config");
    fs::write(&old, "[term]\nquiet = true\n").expect("the sandbox is ours");
    world.run(SETUP).ok();
    assert!(fs::read_to_string(&old).is_ok_and(|text| text.contains("mirror.toml")));
    assert_eq!(world.text(), "[build]\njobs = 2\n");
    let said = world.run(&["doctor"]).ok();
    assert!(said.stdout.contains("config.toml is not read"), "{said}");
    world.run(UNDO).ok();
    assert_eq!(fs::read_to_string(&old).expect("it is there"), "[term]\nquiet = true\n");
}

#[test]
fn a_file_of_the_same_name_that_is_not_ours_stays() {
    let world = World::new(Cargo::New, Some(b""));
    let own = world.home().join("mirror.toml");
    fs::write(&own, "# mine\n").expect("the sandbox is ours");
    world.run(SETUP).ok();
    assert!(world.text().contains("[source.cargo-mirror]"));
    assert_eq!(fs::read_to_string(&own).expect("it is there"), "# mine\n");
}

#[test]
fn what_is_broken_is_named_with_its_line_and_nothing_changes() {
    for (before, line) in [
        ("[build]\njobs = \n", "config.toml:2"),
        ("[source]\ncrates-io = 3\n", "config.toml:2"),
        ("\n\ninclude = \"a.toml\"\n", "config.toml:3"),
        ("[registry]\ntoken = \"hunter2\n", "config.toml:2"),
    ] {
        let world = World::new(Cargo::New, Some(before.as_bytes()));
        let said = world.run(SETUP);
        assert_eq!(said.code, 78, "{said}");
        assert!(said.stderr.contains(line) && !said.stderr.contains("hunter2"), "{said}");
        assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), before.as_bytes().to_vec())]));
        assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists());
        let doctor = world.run(&["doctor", "--json"]).ok();
        assert!(!doctor.stdout.contains("hunter2"), "{doctor}");
    }
}

#[test]
fn without_a_terminal_the_answer_must_be_given_and_a_dry_run_changes_nothing() {
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    let said = world.run(&["setup", "cargo", "--mirror", "campus"]);
    assert!(said.code == 64 && said.stderr.contains("--yes"), "{said}");
    let said = world.run(&["setup", "--dry-run"]).ok();
    assert!(said.stdout.contains("dry run") && said.stdout.contains("mirror.toml"), "{said}");
    assert!(said.stdout.contains("gitconfig"), "git is shown as well: {said}");
    assert_eq!(contents(&world.home()).len(), 1);
    let said = world.run(&["setup", "cargo", "--mirror", "nobody", "--yes"]);
    assert!(said.code == 64 && said.stderr.contains("nobody"), "{said}");
}

#[test]
fn all_tools_are_set_up_and_undone_together() {
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    fs::write(world.sandbox.path("gitconfig"), "").expect("the sandbox is ours");
    world.run(&["setup", "all", "--mirror", "campus", "--yes"]).ok();
    assert!(world.text().contains("mirror.toml"));
    assert!(fs::read_to_string(world.sandbox.path("gitconfig")).is_ok_and(|text| text.contains("allow")));
    world.run(&["undo"]).ok();
    assert_eq!(world.text(), "# mine\n");
    assert_eq!(fs::read(world.sandbox.path("gitconfig")).expect("it is there"), b"");
}

#[test]
fn git_dependencies_go_through_git_when_its_rules_lead_to_the_helper() {
    let world = World::new(Cargo::New, Some(b""));
    world.run(&["setup", "git", "--transparent", "--yes"]).ok();
    let doctor = world.run(&["doctor"]).ok();
    assert!(doctor.stdout.contains("net.git-fetch-with-cli"), "{doctor}");
    world.run(SETUP).ok();
    let own = fs::read_to_string(world.home().join("mirror.toml")).expect("it is there");
    assert!(own.contains("[net]\ngit-fetch-with-cli = true"), "{own}");
    let doctor = world.run(&["doctor"]).ok();
    assert!(!doctor.stdout.contains("net.git-fetch-with-cli"), "{doctor}");
}

#[test]
fn thirty_two_set_ups_at_once_leave_one_that_is_whole() {
    let before = b"# mine\n[build]\njobs = 2\n";
    let world = World::new(Cargo::New, Some(before));
    std::thread::scope(|scope| {
        for nth in 0..32 {
            let world = &world;
            let mirror = if nth % 2 == 0 { "campus" } else { "other" };
            scope.spawn(move || world.run(&["setup", "cargo", "--mirror", mirror, "--yes"]).ok());
        }
    });
    let last = world.run(&["use", "campus"]).ok();
    assert!(last.code == 0, "{last}");
    let files = contents(&world.home());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["config.toml", "mirror.toml"], "nothing is left over");
    assert_eq!(String::from_utf8_lossy(&files["mirror.toml"]), INCLUDED);
    world.run(UNDO).ok();
    assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), before.to_vec())]));
}

#[test]
fn a_set_up_killed_at_any_moment_leaves_old_or_new_and_can_be_undone() {
    let before = b"# mine\n[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"sparse+https://mirrors.tuna.tsinghua.edu.cn/crates.io-index/\"\n".to_vec();
    let whole = World::new(Cargo::New, Some(&before));
    let started = std::time::Instant::now();
    whole.run(SETUP).ok();
    let takes = started.elapsed();
    let after = contents(&whole.home());
    let (mut killed, mut done) = (0, 0);
    for nth in 0..50_u32 {
        let world = World::new(Cargo::New, Some(&before));
        // All moments of a run, and a little beyond.
        let moment = takes * nth / 40;
        let ended = world.sandbox.run_until(world.command(SETUP), |elapsed| elapsed >= moment);
        killed += u32::from(ended.was_killed());
        let found = fs::read(world.file()).expect("it is always there");
        assert!(found == before || found == after["config.toml"], "{}", String::from_utf8_lossy(&found));
        if let Ok(own) = fs::read(world.home().join("mirror.toml")) {
            assert_eq!(own, after["mirror.toml"]);
        } else {
            assert_eq!(found, before, "what is included comes first");
        }
        done += u32::from(found != before);
        if nth % 2 == 0 {
            world.run(SETUP).ok();
            assert_eq!(fs::read(world.file()).ok().as_ref(), after.get("config.toml"));
        }
        world.run(UNDO).ok();
        assert_eq!(fs::read(world.file()).expect("it is always there"), before);
        assert!(!world.home().join("mirror.toml").exists());
    }
    assert!(killed > 5, "only {killed} were killed, {done} were done");
}

#[cfg(unix)]
#[test]
fn mode_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    for cargo in [Cargo::New, Cargo::Old] {
        for wanted in [0o600, 0o640, 0o664] {
            let world = World::new(cargo, Some(b"# mine\n"));
            fs::set_permissions(world.file(), fs::Permissions::from_mode(wanted)).expect("the sandbox is ours");
            world.run(SETUP).ok();
            assert_eq!(mode(&world.file()), wanted);
            world.run(UNDO).ok();
            assert_eq!((mode(&world.file()), world.text().as_str()), (wanted, "# mine\n"));
        }
        let world = World::new(cargo, None);
        let target = world.sandbox.path("dotfiles/cargo.toml");
        fs::create_dir(world.sandbox.path("dotfiles")).expect("the sandbox is ours");
        fs::write(&target, "# mine\n").expect("the sandbox is ours");
        symlink("../dotfiles/cargo.toml", world.file()).expect("the sandbox is ours");
        world.run(SETUP).ok();
        assert!(world.file().is_symlink() && fs::read_to_string(&target).is_ok_and(|text| text.contains("mirror")));
        world.run(UNDO).ok();
        assert!(world.file().is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "# mine\n");
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    fs::set_permissions(world.file(), fs::Permissions::from_mode(0o444)).expect("the sandbox is ours");
    let said = world.run(SETUP);
    assert_eq!(said.code, 78, "{said}");
    assert!(said.stderr.contains("E-PERM") && said.stderr.contains("config.toml is read-only"), "{said}");
    assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), b"# mine\n".to_vec())]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_folder_change_nothing() {
    for (options, full, words) in [("size=16k", true, "space"), ("size=64k", false, "ead-only")] {
        let world = World::new(Cargo::New, None);
        // A mount of one's own needs root, or a kernel that lets everybody have a user namespace.
        let home = world.home().display().to_string();
        let program = world.sandbox.path("programs/cargo-mirror").display().to_string();
        let spoil = if full {
            format!("dd if=/dev/zero of='{home}/fill' bs=1k status=none 2>/dev/null; true")
        } else {
            format!("mount -o remount,ro '{home}'")
        };
        let script = format!(
            "mount -t tmpfs -o {options} none '{home}' || exit 99\nprintf '# mine\\n' > '{home}/config.toml'\n{spoil}\n\
             '{program}' {}\ncode=$?\ncat '{home}/config.toml'\nls -A '{home}'\nexit $code",
            SETUP.join(" ")
        );
        let mut command = world.sandbox.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script]);
        let said = world.sandbox.run(command);
        if said.code == 99 || said.stderr.contains("unshare") {
            eprintln!("not tested here, since nothing can be mounted: {said}");
            return;
        }
        assert!(said.code == 74 || said.code == 78, "{said}");
        assert!(said.stderr.contains(words) && said.stderr.contains(&home), "{said}");
        let listed: Vec<&str> = said.stdout.lines().skip_while(|line| *line != "# mine").collect();
        let expected: &[&str] = if full { &["# mine", "config.toml", "fill"] } else { &["# mine", "config.toml"] };
        assert_eq!(listed, expected, "{said}");
        assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists(), "nothing to undo");
    }
}

#[test]
fn no_password_is_shown_anywhere() {
    let world = World::new(Cargo::New, Some(b"[http]\nproxy = \"ada:hunter2@proxy.example:3128\"\n"));
    world
        .sandbox
        .mirror_config("[mirrors.campus]\ncargo = \"sparse+https://ada:hunter2@crates.campus.example/index/\"\n");
    for arguments in [
        SETUP,
        SETUP,
        &["status"],
        &["status", "--json"],
        &["status", "cargo", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["use", "campus", "--dry-run"],
        UNDO,
    ] {
        let mut command = world.command(arguments);
        command.env("HTTPS_PROXY", "http://ada:hunter2@proxy.example").env("CARGO_REGISTRIES_CORP_TOKEN", "hunter2");
        let said = world.sandbox.run(command).ok();
        assert!(!said.stdout.contains("hunter2") && !said.stderr.contains("hunter2"), "{said}");
        assert!(!said.stdout.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn rustup_lines_are_printed_for_the_shell_in_use() {
    let world = World::new(Cargo::New, None);
    world.sandbox.mirror_config(&format!("{CAMPUS}rustup = \"https://campus.example/rustup\"\n"));
    let mut command = world.command(SETUP);
    command.env("SHELL", "/usr/bin/fish");
    let said = world.sandbox.run(command).ok();
    assert!(said.stdout.contains("set -gx RUSTUP_UPDATE_ROOT 'https://campus.example/rustup/rustup'"), "{said}");
}

#[test]
fn off_runs_one_command_past_our_mirror_and_passes_its_exit_code() {
    let world = World::new(Cargo::New, None);
    let echo = "if [ \"$1\" = --version ]; then echo 'cargo 1.95.0'; else printf '%s|' \"$@\"; exit 42; fi";
    world.script("cargo", echo);
    let said = world.run(&["off", "--", "publish", "--dry-run"]);
    assert_eq!((said.code, said.stdout.as_str()), (42, "publish|--dry-run|"), "nothing to pass by: {said}");
    world.run(SETUP).ok();
    let before = contents(&world.home());
    let said = world.run(&["off", "--", "+nightly", "publish"]);
    assert_eq!(said.code, 42, "{said}");
    assert!(said.stdout.starts_with("+nightly|--config|source.cargo-mirror.registry=\"sparse+https://"), "{said}");
    assert!(said.stdout.ends_with(":443/\"|publish|--registry|crates-io|"), "{said}");
    assert_eq!(contents(&world.home()), before);
    world.run(UNDO).ok();
    fs::write(world.file(), "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'v'\n").expect("ours");
    let said = world.run(&["off", "--", "publish"]);
    assert!(said.code == 42 && said.stderr.contains("is not ours"), "{said}");
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let world = World::new(Cargo::New, None);
    for arguments in [&["completions", "bash"][..], &["completions", "fish"], &["man"]] {
        let said = world.run(arguments).ok();
        assert!(said.stdout.contains("doctor") && !said.stdout.contains('\u{1b}'), "{said}");
    }
}

/// A stage whose cargo does what is configured, and asks each place once.
fn stage(mirrors: &[&str]) -> (CargoStage, PathBuf) {
    let stage = CargoStage::new(mirrors);
    let project = stage.locked_project("needs", Needs::Handful);
    (stage, project)
}

#[track_caller]
fn mirror(stage: &CargoStage, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command(stage.sandbox.path("programs/cargo-mirror"));
    command.current_dir(folder).args(arguments);
    stage.sandbox.run(command)
}

#[test]
fn real_cargo_downloads_from_the_mirror_and_keeps_its_lock() {
    let (stage, project) = stage(&["one", "two"]);
    let lock = fs::read(project.join("Cargo.lock")).expect("it was made");
    for name in ["one", "two"] {
        mirror(&stage, &project, &["use", name]).ok();
        stage.cargo(&project, ["fetch", "--locked"]).ok();
        assert!(!stage.mirror(name).web.log().is_empty(), "{name} was asked");
    }
    mirror(&stage, &project, &["run", "--", "fetch", "--locked"]).ok();
    assert_eq!(fs::read(project.join("Cargo.lock")).expect("it was made"), lock);
    let status = mirror(&stage, &project, &["status", "cargo", "--json"]).ok();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!((status["kind"].as_str(), status["includes"].as_bool()), (Some("cargo-mirror"), Some(true)));
    assert!(status["origin"].as_str().is_some_and(|place| place.ends_with("mirror.toml:4")), "{status}");
    mirror(&stage, &project, UNDO).ok();
    assert_eq!(contents(&stage.sandbox.path("cargo")).get("config.toml"), None);
}

#[test]
fn a_project_of_its_own_wins_over_the_user_and_status_says_so() {
    let (stage, project) = stage(&["one", "two"]);
    mirror(&stage, &project, &["use", "one"]).ok();
    mirror(&stage, &project, &["use", "two", "--scope", "project"]).ok();
    assert!(project.join(".cargo/config.toml").is_file());
    stage.cargo(&project, ["fetch", "--locked"]).ok();
    assert!(stage.mirror("one").web.log().is_empty() && !stage.mirror("two").web.log().is_empty());
    mirror(&stage, &project, UNDO).ok();
    assert!(!project.join(".cargo").exists(), "the folder was made for it");
    fs::create_dir(project.join(".cargo")).expect("the project is ours");
    fs::write(
        project.join(".cargo/config.toml"),
        "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'v'\n",
    )
    .expect("the project is ours");
    let said = mirror(&stage, &project, &["use", "one"]).ok();
    assert!(said.stderr.contains("wins over"), "{said}");
    let doctor = mirror(&stage, &project, &["doctor", "--json"]).ok();
    let found: serde_json::Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let texts: Vec<&str> = found.as_array().expect("a list").iter().filter_map(|one| one["what"].as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("vendored")), "{doctor}");
    assert!(texts.iter().any(|text| text.contains("has no effect here")), "{doctor}");
}

#[test]
fn every_expected_configuration_is_one_that_cargo_understands() {
    let stage = CargoStage::new(&["one"]);
    let project = stage.project("needs", Needs::Handful);
    let home = stage.sandbox.path("cargo");
    for name in ["a.toml", "b.toml", "work.toml"] {
        fs::write(home.join(name), "").expect("the sandbox is ours");
    }
    fs::write(home.join("mirror.toml"), INCLUDED).expect("the sandbox is ours");
    for (name, _, out) in fixtures() {
        for expected in ["include.toml", "direct.toml"] {
            fs::copy(out.join(expected), home.join("config.toml")).expect("a fixture has it");
            // Nobody runs that mirror. cargo says where it looked.
            let said = stage.cargo(&project, ["generate-lockfile", "--offline"]).fails();
            assert!(said.stderr.contains("`cargo-mirror` index"), "{name} {expected}: {said}");
        }
    }
}

#[test]
fn off_gets_real_cargo_past_the_replacement() {
    let (stage, project) = stage(&["one"]);
    mirror(&stage, &project, &["use", "one"]).ok();
    let publish = ["publish", "--dry-run", "--no-verify", "--allow-dirty", "--config", "net.retry=0"];
    let refused = "crates-io is replaced with";
    let said = stage.cargo(&project, publish).fails();
    assert!(said.stderr.contains(refused), "{said}");
    let mut command = stage.sandbox.command(stage.sandbox.path("programs/cargo-mirror"));
    // Nothing goes out: the way to the official index leads to a place where nobody is.
    command.current_dir(&project).env("CARGO_HTTP_PROXY", refused_url()).args(["off", "--"]).args(publish);
    let said = stage.sandbox.run(command).fails();
    assert!(!said.stderr.contains(refused) && said.stderr.contains("config.json"), "{said}");
    assert_eq!(said.code, 101, "cargo's own: {said}");
}
