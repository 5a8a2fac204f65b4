//! What the doctor says of git, and that what it tells to do mends it.

use std::{fs, path::PathBuf, process::Command};

use mirror_tests::{History, NAME, Seen, Stage, search_path};
use serde_json::Value;

use super::TRANSPARENT;

/// A folder for PATH with git and a shell, and without our programs.
fn without_helper(stage: &Stage) -> PathBuf {
    let folder = stage.sandbox.path("only-git");
    fs::create_dir(&folder).expect("the sandbox is ours");
    for name in ["git", "sh", "cargo"] {
        let found = std::env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|path| path.is_file());
        if let Some(program) = found {
            std::os::unix::fs::symlink(program, folder.join(name)).expect("the sandbox is ours");
        }
    }
    folder
}

/// What is found of git, as severity, what, and hint.
#[track_caller]
fn found(stage: &Stage, set: impl FnOnce(&mut Command)) -> Vec<(String, String, String)> {
    let mut command = stage.sandbox.panel(&["doctor", "--json"]);
    set(&mut command);
    let said = stage.sandbox.run(command).ok().stdout;
    let found: Value = serde_json::from_str(&said).expect("JSON");
    let all = found.as_array().expect("a list of findings").iter().filter(|finding| finding["tool"] == "git");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    all.map(|finding| (text(finding, "severity"), text(finding, "what"), text(finding, "hint"))).collect()
}

#[test]
fn what_of_git_leads_upstream_another_way_is_said() {
    let stage = Stage::new(&History::small(), &["a"]);
    for (case, settings, variables, severity, words) in [
        ("a name", &[("http.userAgent", "odd/1")][..], &[][..], "note", "http.useragent is set: git's own helper"),
        ("a header", &[("http.http://127.0.0.1/.extraHeader", "A: b")], &[], "note", "no mirror hears"),
        ("a certificate", &[], &[("GIT_SSL_CERT", "c.pem")], "note", "GIT_SSL_CERT is set"),
        ("never", &[("protocol.http.allow", "never")], &[], "warning", "transport 'http' not allowed"),
        ("a list", &[], &[("GIT_ALLOW_PROTOCOL", "https")], "warning", "transport 'mirror' not allowed"),
    ] {
        let all = found(&stage, |command| {
            command.env("GIT_CONFIG_COUNT", settings.len().to_string()).envs(variables.iter().copied());
            for (number, (key, value)) in settings.iter().enumerate() {
                command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
            }
        });
        let is = |(found, what, hint): &(String, String, String)| {
            found == severity && what.contains(words) && !hint.is_empty()
        };
        assert!(all.iter().any(is), "{case}: {all:?}");
    }
    assert_eq!(found(&stage, |_| {}), [], "nothing is said of nothing");
}

#[test]
fn a_git_that_is_too_old_is_named() {
    let stage = Stage::new(&History::small(), &[]);
    let git = std::env::split_paths(&search_path()).map(|folder| folder.join("git")).find(|path| path.is_file());
    let git = git.expect("the tests need git").display().to_string();
    for (version, severity) in [("1.8.3.1", Some("error")), ("2.28.1", Some("error")), ("2.29.0", None)] {
        let answers = format!("if [ \"$1\" = version ]; then echo git version {version}; else exec {git} \"$@\"; fi");
        stage.sandbox.add_script("git", &answers);
        let all = found(&stage, |_| {});
        let said = all.iter().find(|(_, what, _)| what.contains(&format!("git {version} is older than 2.29")));
        assert_eq!(said.map(|(severity, _, _)| severity.as_str()), severity, "{version}: {all:?}");
    }
}

#[test]
fn a_rule_without_the_helper_is_named_with_the_line_that_mends_it() {
    let stage = Stage::new(&History::small(), &["a"]);
    let url = stage.origin.repo_url(NAME);
    let path = without_helper(&stage);
    stage.sandbox.run(stage.sandbox.panel(TRANSPARENT)).ok();
    let clone = |target: &str| {
        let mut command = stage.sandbox.command("git");
        command.env("PATH", &path).args(["clone", "-q", &url, target]);
        stage.sandbox.run(command)
    };
    assert_eq!(clone("broken").code, 128);
    let all = found(&stage, |command| {
        command.env("PATH", &path);
    });
    let is = |finding: &&(String, String, String)| finding.0 == "error" && finding.1.contains("not on PATH");
    let (_, what, hint) = all.iter().find(is).expect("it is found");
    assert!(what.contains("url.mirror::http://127.0.0.1"), "{what}");
    let mut status = stage.sandbox.panel(&["status", "git"]);
    status.env("PATH", &path);
    let said = stage.sandbox.run(status).ok().stderr;
    let (_, line) = hint.split_once("without it: ").expect("a line to paste");
    assert!(said.contains(what.as_str()) && said.contains(line), "{said}");
    let mut shell = stage.sandbox.command("sh");
    shell.args(["-c", line]);
    stage.sandbox.run(shell).ok();
    clone("mended").ok();
}

#[test]
fn what_tools_are_told_of_an_address_is_said_and_vcs_keeps_it() {
    let stage = Stage::new(&History::small(), &["a"]);
    stage.upstream.allow_push();
    let url = stage.origin.repo_url(NAME);
    stage.sandbox.run(stage.sandbox.panel(TRANSPARENT)).ok();
    stage.sandbox.git(["clone", "-q", &url, "ruled"]).ok();
    let told = |folder: &str, arguments: &[&str]| stage.sandbox.git_in(stage.work(folder), arguments).ok().stdout;
    for arguments in [&["remote", "get-url", "origin"][..], &["ls-remote", "--get-url"]] {
        assert_eq!(told("ruled", arguments).trim(), format!("mirror::{url}"), "{arguments:?}");
    }
    let all = found(&stage, |_| {});
    let is = |finding: &&(String, String, String)| finding.0 == "note" && finding.1.contains("get-url");
    assert!(
        all.iter().find(is).is_some_and(|found| found.2.contains("git config remote.origin.vcs mirror")),
        "{all:?}"
    );
    stage.sandbox.run(stage.sandbox.panel(&["undo", "git"])).ok();
    // The same without a rule: the repository's own word.
    stage.forget();
    stage.mirror("a").server.forget_log();
    stage.sandbox.git(["clone", "-q", "-c", "remote.origin.vcs=mirror", &url, "kept"]).ok();
    for arguments in
        [&["remote", "get-url", "origin"][..], &["ls-remote", "--get-url"], &["config", "remote.origin.url"]]
    {
        assert_eq!(told("kept", arguments).trim(), url, "{arguments:?}");
    }
    assert!(stage.mirror("a").server.log().iter().any(Seen::is_fetch), "the mirror carried");
    let kept = stage.work("kept");
    stage.sandbox.git_in(&kept, ["commit", "-q", "--allow-empty", "-m", "new"]).ok();
    stage.sandbox.git_in(&kept, ["push", "-q", "origin", "HEAD:refs/heads/new"]).ok();
    assert_eq!(stage.upstream.id("refs/heads/new"), told("kept", &["rev-parse", "HEAD"]).trim());
    stage.sandbox.git_in(&kept, ["fetch", "-q"]).ok();
}
