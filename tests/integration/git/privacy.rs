//! What mirrors never hear: private names, credentials. What nobody reads: passwords.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use mirror_tests::{
    Fault, History, Plan, Ran, Scope, Stage, assert_fsck_clean, assert_same_repository_but, refused_url,
};

const USER: &str = "someone";
const PASSWORD: &str = "sekrit";

/// No mirror was asked anything.
fn assert_not_asked(stage: &Stage, case: &str, mirror: &str) {
    let log = stage.mirror(mirror).server.log();
    assert!(log.is_empty(), "{case}: {mirror} heard {} requests, first {:?}", log.len(), log.first());
}

/// Has git know the credentials of upstream.
fn know_the_password(stage: &Stage) {
    let helper = format!("!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f");
    stage.sandbox.git_config("credential.helper", &helper);
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}

#[test]
fn mirrors_never_hear_of_what_upstream_shows_to_its_users_only() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.require_auth(USER, PASSWORD);
    let ran = stage.clone(&["-q"], "refused");
    assert_eq!(ran.code, 128, "nobody knows the password: {ran}");
    assert!(!stage.work("refused").exists(), "no target is left");
    know_the_password(&stage);
    stage.clone(&["-q"], "ours").ok();
    assert_same_repository_but(&stage.work("plain"), &stage.work("ours"), "refs/none");
    assert_fsck_clean(&stage.work("ours"));
    stage.clone(&["-q", "--depth=1"], "shallow").ok();
    stage.clone(&["-q", "--filter=blob:none"], "partial").ok();
    stage.upstream_goes_away();
    let ran = stage.clone(&["-q"], "away");
    assert_eq!(ran.code, 128, "{ran}");
    assert!(ran.stderr.contains("mirror: error[E-EXHAUSTED]"), "{ran}");
    for mirror in ["a", "b"] {
        assert_not_asked(&stage, "private", mirror);
    }
}

#[test]
fn names_that_the_user_calls_private_are_told_to_trusted_mirrors_only() {
    let mut stage = Stage::new(&History::small(), &["a", "own"]);
    stage.set_keys("own", "trusted = true");
    stage.configure("[git]\nprivate = [\"OWNER/*\"]\n");
    stage.clone(&["-q"], "ours").ok();
    assert_eq!(stage.outcomes(), ["own ok"]);
    stage.upstream_goes_away();
    stage.clone(&["-q"], "away").ok();
    assert_not_asked(&stage, "by name", "a");
    assert!(!stage.mirror("own").server.log().is_empty());
}

#[test]
fn mirrors_get_no_credentials_and_cause_no_prompt() {
    let stage = Stage::new(&History::small(), &["a"]);
    know_the_password(&stage);
    stage.sandbox.git_config("http.extraHeader", "Authorization: Basic c2Vrcml0");
    stage.sandbox.git_config("http.cookieFile", "cookies");
    let asked = stage.sandbox.path("asked");
    let askpass = stage.sandbox.path("bin/askpass");
    write_program(&askpass, &format!("#!/bin/sh\ntouch '{}'\necho sekrit\n", asked.display()));
    for (case, fault) in [
        ("fine", None::<Plan>),
        ("401", Some(Fault::unauthorized().into())),
        ("401 late", Some(Fault::unauthorized().only(Scope::Fetch))),
    ] {
        stage.forget();
        stage.mirror("a").server.heal();
        if let Some(fault) = fault {
            stage.mirror("a").server.set(fault);
        }
        let mut command = stage.sandbox.command("git");
        command.env("GIT_ASKPASS", &askpass).env("SSH_ASKPASS", &askpass).env("GIT_TERMINAL_PROMPT", "1");
        command.args(["clone", "-q", "mirror::owner/small", &case.replace(' ', "-")]);
        stage.sandbox.run(command).ok();
        assert!(!asked.exists(), "{case}: nobody is asked for a password");
    }
    let log = stage.mirror("a").server.log();
    assert!(log.len() >= 4, "the mirror was asked each time: {}", log.len());
    for seen in log {
        for header in ["Authorization", "Cookie", "Proxy-Authorization"] {
            assert_eq!(seen.header(header), None, "{} {}", seen.method, seen.path);
        }
    }
}

/// Has every git that a git starts note its command line in a file: git looks in its own folder first.
pub(super) fn note_arguments(stage: &Stage) -> PathBuf {
    let real = stage.sandbox.git(["--exec-path"]).ok().stdout.trim().to_owned();
    let (folder, arguments) = (stage.sandbox.path("exec"), stage.sandbox.path("arguments"));
    fs::create_dir(&folder).expect("the folder is ours");
    for program in fs::read_dir(&real).expect("git has a folder").flatten() {
        symlink(program.path(), folder.join(program.file_name())).expect("the folder is ours");
    }
    // An error means that git does not keep itself there.
    let _ = fs::remove_file(folder.join("git"));
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec '{real}/git' \"$@\"\n", arguments.display());
    write_program(&folder.join("git"), &script);
    arguments
}

fn assert_no_secret(stage: &Stage, case: &str, ran: &Ran) {
    let read = |name: &str| fs::read_to_string(stage.sandbox.path(name)).unwrap_or_default();
    for (what, text) in [
        ("stdout", &ran.stdout),
        ("stderr", &ran.stderr),
        ("report", &read("report.jsonl")),
        ("arguments", &read("arguments")),
        ("memory", &read("state/mirror/health.json")),
    ] {
        let line = text.lines().find(|line| line.contains(PASSWORD) || line.contains("c29tZW9uZTpzZWtyaXQ"));
        assert_eq!(line, None, "{case}: {what}");
    }
}

#[test]
fn passwords_in_addresses_are_in_no_output_report_or_command_line() {
    let mut stage = Stage::new(&History::small(), &["a", "b"]);
    let arguments = note_arguments(&stage);
    let with_password = |url: &str| url.replace("http://", &format!("http://{USER}:{PASSWORD}@"));
    let server = with_password(&stage.mirror("a").server.url());
    let dead = with_password(&refused_url());
    for (case, address, fault, proxy) in [
        ("fine", &server, None, None),
        ("refused", &dead, None, None),
        ("404", &server, Some(Fault::status(404)), None),
        ("portal", &server, Some(Fault::captive_portal()), None),
        ("redirect", &server, Some(Fault::Redirect(dead.replace("http:", "https:"))), None),
        ("flip", &server, Some(Fault::FlipByteAt(0.5.into())), None),
        ("proxy", &server, None, Some(format!("[proxy]\nurl = \"{dead}\"\n"))),
    ] {
        stage.forget();
        stage.set_keys("a", "weight = 1e12");
        stage.set_address("a", address);
        stage.configure(proxy.as_deref().unwrap_or_default());
        stage.mirror("a").server.heal();
        if let Some(fault) = fault {
            stage.mirror("a").server.set(fault);
        }
        let mut command = stage.sandbox.command("git");
        command.env("GIT_EXEC_PATH", stage.sandbox.path("exec")).env("MIRROR_LOG", "trace").args([
            "clone",
            "mirror::owner/small",
            case,
        ]);
        let ran = stage.sandbox.run(command);
        assert_eq!(ran.code == 0, proxy.is_none(), "{case}: {ran}");
        assert!(fs::read_to_string(&arguments).is_ok_and(|text| text.contains("config --list")), "{case}: noted");
        assert_no_secret(&stage, case, &ran);
    }
}
