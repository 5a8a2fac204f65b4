//! `mirror.lock`: what it fixes is delivered exactly, or not at all; and a checkout can be held against it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mirror_tests::{History, NAME, Ran, Stage, Submodule, assert_fsck_clean};
use serde_json::Value;

fn mirror_in(stage: &Stage, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("cargo-mirror");
    command.current_dir(folder).arg("mirror").args(arguments);
    stage.sandbox.run(command)
}

/// A project with this repository pinned as it is now.
fn pinned(stage: &Stage) -> PathBuf {
    let project = stage.work("project");
    fs::create_dir_all(&project).expect("a sandbox takes folders");
    mirror_in(stage, &project, &["pin", NAME]).ok();
    project
}

fn git_in(stage: &Stage, folder: &Path, arguments: &[&str]) -> Ran {
    stage.sandbox.git_in(folder, arguments)
}

fn head(stage: &Stage, checkout: &Path) -> String {
    git_in(stage, checkout, &["rev-parse", "HEAD"]).ok().stdout.trim().to_owned()
}

fn verdict(stage: &Stage) -> Value {
    stage.sandbox.report().last().expect("a run writes a report")["verdict"].clone()
}

/// Puts another value into the lock.
fn edit(project: &Path, key: &str, change: impl Fn(&str) -> String) {
    let path = project.join("mirror.lock");
    let text = fs::read_to_string(&path).expect("it was written");
    assert!(text.contains(key), "{key} stands in it: {text}");
    let lines = text.lines().map(|line| if line.starts_with(key) { change(line) } else { line.to_owned() });
    fs::write(path, lines.collect::<Vec<_>>().join("\n")).expect("it is ours");
}

#[test]
fn a_pinned_repository_stays_what_it_was_whatever_upstream_does() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let was = stage.upstream.tip();
    let project = pinned(&stage);
    let text = fs::read_to_string(project.join("mirror.lock")).expect("it was written");
    for part in ["[git.\"github:owner/small\"]", "roots = [\"", "sha256tree = \"", "said = \"upstream\"", &was] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = mirror_in(&stage, &project, &["pin"]).ok();
    let refs =
        |text: &str| text.lines().filter(|line| line.starts_with("\"refs/")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(refs(&fs::read_to_string(project.join("mirror.lock")).expect("there")), refs(&text), "{again}");

    stage.upstream.add_commit("main", "new.txt", "new");
    stage.upstream.set_ref("refs/heads/extra", "main");
    stage.upstream.set_ref("refs/tags/v0.1", "main");
    let ran = git_in(&stage, &project, &["clone", "mirror::owner/small", "copy"]).ok();
    let copy = project.join("copy");
    assert_eq!(head(&stage, &copy), was, "{ran}");
    assert!(ran.stderr.contains("is pinned by ") && ran.stderr.contains("mirror.lock"), "{ran}");
    assert_eq!(verdict(&stage), "pinned");
    assert!(!git_in(&stage, &copy, &["branch", "-a"]).stdout.contains("extra"));
    assert_fsck_clean(&copy);
    git_in(&stage, &copy, &["fetch"]).ok();
    assert_eq!(git_in(&stage, &copy, &["rev-parse", "origin/main"]).stdout.trim(), was);

    git_in(&stage, &project, &["clone", "-q", "--depth=1", "mirror::owner/small", "shallow"]).ok();
    assert_eq!(head(&stage, &project.join("shallow")), was);
    let listed = git_in(&stage, &project, &["ls-remote", "mirror::owner/small"]).ok().stdout;
    assert!(listed.contains(&was) && !listed.contains("extra"), "{listed}");

    // The pin is authority enough: no quorum is needed, and one mirror carries it.
    stage.forget();
    stage.upstream_goes_away();
    stage.configure_only(&["a"]);
    git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "alone"]).ok();
    assert_eq!(head(&stage, &project.join("alone")), was);
    // Beyond the project nothing is pinned.
    let outside = stage.clone(&["-q"], "outside").fails();
    assert!(outside.stderr.contains("E-QUORUM"), "{outside}");
}

#[test]
fn a_moved_pin_updates_what_was_cloned() {
    let stage = Stage::new(&History::small(), &["a"]);
    let project = pinned(&stage);
    git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "copy"]).ok();
    let new = stage.upstream.add_commit("main", "new.txt", "new");
    stage.mirror("a").repository.become_copy_of(&stage.upstream);
    let shown = mirror_in(&stage, &project, &["pin", "--dry-run"]).ok();
    assert!(shown.stdout.contains(&format!("+\"refs/heads/main\" = \"{new}\"")), "{shown}");
    git_in(&stage, &project.join("copy"), &["fetch", "-q"]).ok();
    assert_ne!(git_in(&stage, &project.join("copy"), &["rev-parse", "origin/main"]).stdout.trim(), new);
    mirror_in(&stage, &project, &["pin"]).ok();
    git_in(&stage, &project.join("copy"), &["fetch", "-q"]).ok();
    assert_eq!(git_in(&stage, &project.join("copy"), &["rev-parse", "origin/main"]).stdout.trim(), new);
}

#[test]
fn what_is_not_exactly_the_pin_is_not_delivered() {
    let stage = Stage::new(&History::small(), &["a", "b"]);
    let project = pinned(&stage);
    let clone = |case: &str, word: &str, environment: &[(&str, &str)]| {
        let mut command: Command = stage.sandbox.command("git");
        command.current_dir(&project).envs(environment.iter().copied()).args(["clone", "mirror::owner/small", "copy"]);
        let ran = stage.sandbox.run(command).fails();
        assert!(ran.stderr.contains(&format!("error[{word}]")) && ran.stderr.contains("hint: "), "{case}: {ran}");
        assert!(!project.join("copy").exists(), "{case}: nothing is left");
    };
    edit(&project, "sha256tree", |_| format!("sha256tree = \"{}\"", "0".repeat(64)));
    clone("other files", "E-DIGEST", &[]);
    mirror_in(&stage, &project, &["pin"]).ok();
    edit(&project, "\"refs/heads/main\"", |_| format!("\"refs/heads/main\" = \"{}\"", "1".repeat(40)));
    clone("a commit that nobody has", "E-EXHAUSTED", &[]);
    edit(&project, "version", |_| "version = 9".to_owned());
    clone("a lock of the future", "E-CONFIG", &[]);
    fs::remove_file(project.join("mirror.lock")).expect("it is there");
    clone("no pin where only pins count", "E-UNPINNED", &[("MIRROR_GIT__TRUST", "pinned")]);
    // Older protocols are led by upstream alone, which knows no pin.
    mirror_in(&stage, &project, &["pin", NAME]).ok();
    let ran = git_in(&stage, &project, &["-c", "protocol.version=0", "clone", "mirror::owner/small", "copy"]).fails();
    assert!(ran.stderr.contains("error[E-UNPINNED]"), "{ran}");
    // A project that only pins count for can still be pinned, and pushes are no business of pins.
    fs::write(project.join(".mirror.toml"), "[git]\ntrust = \"pinned\"\n").expect("a file");
    mirror_in(&stage, &project, &["pin"]).ok();
    git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "copy"]).ok();
    stage.upstream.allow_push();
    git_in(&stage, &project.join("copy"), &["push", "-q", "origin", "HEAD:refs/heads/mine"]).ok();
    assert_eq!(stage.upstream.id("mine"), stage.upstream.tip());
    let other = git_in(&stage, &project, &["clone", "mirror::owner/other", "other"]).fails();
    assert!(other.stderr.contains("error[E-"), "{other}");
}

#[test]
fn a_checkout_is_held_against_the_pin_file_by_file() {
    let stage = Stage::with(
        mirror_tests::Sandbox::new(),
        |root| {
            let repository = History::autoglm(Submodule::Absent).write(root, NAME);
            repository.add_commit("main", "docs/naïve name.txt", "text\n");
            repository
        },
        &["a"],
    );
    let project = pinned(&stage);
    git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "copy"]).ok();
    let copy = project.join("copy");
    let ran = mirror_in(&stage, &project, &["recheck", "copy"]).ok();
    assert!(ran.stdout.contains(&stage.upstream.tip()) && ran.stdout.contains("sha256tree"), "{ran}");
    // A hook of another repository leads git to that one.
    let mut hook = stage.sandbox.command("cargo-mirror");
    hook.current_dir(&project).args(["mirror", "recheck", "copy"]).env("GIT_DIR", stage.work("another.git"));
    hook.env("GIT_WORK_TREE", &project).env("GIT_OBJECT_DIRECTORY", stage.work("another.git/objects"));
    stage.sandbox.run(hook).ok();

    // An export without git's objects is the same source, or not.
    let export = project.join("export");
    git_in(&stage, &copy, &["checkout-index", "-a", "--prefix", &format!("{}/", export.display())]).ok();
    mirror_in(&stage, &project, &["recheck", "--repository", NAME, "export"]).ok();
    fs::write(export.join("more"), "").expect("a file");
    let ran = mirror_in(&stage, &project, &["recheck", "--repository", NAME, "export"]).fails();
    assert!(ran.code == 65 && ran.stderr.contains("E-DIGEST"), "{ran}");

    let files = git_in(&stage, &copy, &["ls-files", "*.py"]).stdout;
    let mut files = files.lines();
    let mut next = || files.next().expect("a Python project has files").to_owned();
    let (changed, missing, moded) = (next(), next(), next());
    // Of the same size, and with the time that git remembers, so that git's own shortcut would not see it.
    let bytes = fs::read(copy.join(&changed)).expect("a file");
    let when = fs::metadata(copy.join(&changed)).and_then(|meta| meta.modified()).expect("a time");
    let other: Vec<u8> = bytes.iter().map(|byte| if *byte == b'e' { b'a' } else { *byte }).collect();
    assert_ne!(bytes, other);
    fs::write(copy.join(&changed), other).expect("ours");
    fs::File::options().write(true).open(copy.join(&changed)).and_then(|f| f.set_modified(when)).expect("ours");
    fs::remove_file(copy.join(&missing)).expect("ours");
    #[cfg(unix)]
    fs::set_permissions(copy.join(&moded), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    fs::write(copy.join("added.txt"), "x").expect("ours");
    fs::write(copy.join(".gitignore"), "*.log\n").expect("ours");
    fs::write(copy.join("build.log"), "x").expect("ours");
    let ran = mirror_in(&stage, &project, &["recheck", "--json", "copy"]).fails();
    assert_eq!(ran.code, 65, "{ran}");
    let found: Value = serde_json::from_str(&ran.stdout).expect("--json prints JSON");
    let differences = found["differences"].as_array().expect("a list");
    let mut told: Vec<String> = differences
        .iter()
        .map(|d| format!("{} {}", d["what"].as_str().expect("a word"), d["path"].as_str().expect("a path")))
        .collect();
    told.sort();
    let new = ["added.txt", ".gitignore"].map(|name| format!("added {name}"));
    let mut expected = vec![format!("changed {changed}"), format!("missing {missing}")];
    expected.extend(new);
    if cfg!(unix) {
        expected.push(format!("changed {moded}"));
    }
    expected.sort();
    assert_eq!(told, expected);
    let ran = mirror_in(&stage, &project, &["recheck", "--ignored", "copy"]).fails();
    assert!(ran.stdout.contains("added: build.log"), "{ran}");
    let ran = mirror_in(&stage, &stage.work(""), &["recheck", "project/copy"]).fails();
    assert!(ran.code == 77 && ran.stderr.contains("E-UNPINNED"), "no pin there: {ran}");
}

#[test]
fn where_pins_have_to_be_signed_others_do_not_count() {
    let stage = Stage::new(&History::small(), &["a"]);
    let key = stage.sandbox.path("key");
    let keygen = |arguments: &[&str]| {
        let mut command = stage.sandbox.command("ssh-keygen");
        command.args(arguments);
        stage.sandbox.run(command)
    };
    let shown = key.display().to_string();
    if keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", &shown]).code != 0 {
        eprintln!("skipped: there is no ssh-keygen here");
        return;
    }
    let project = pinned(&stage);
    let public = fs::read_to_string(key.with_extension("pub")).expect("it was made");
    stage.configure(&format!("[signatures]\nkeys = [\"{}\"]\npins = true\n", public.trim()));
    let refused = git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "copy"]).fails();
    assert!(refused.stderr.contains("error[E-SIG]") && refused.stderr.contains("ssh-keygen -Y sign"), "{refused}");
    let lock = project.join("mirror.lock").display().to_string();
    let signed = keygen(&["-q", "-Y", "sign", "-n", "mirror", "-f", &shown, &lock]);
    assert_eq!(signed.code, 0, "{signed}");
    git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "copy"]).ok();
    // One byte more, and it is another file.
    fs::write(&lock, fs::read_to_string(&lock).expect("there") + "\n").expect("ours");
    let refused = git_in(&stage, &project, &["clone", "-q", "mirror::owner/small", "other"]).fails();
    assert!(refused.stderr.contains("error[E-SIG]"), "{refused}");
}
