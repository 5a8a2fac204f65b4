//! Transports that git's configuration does not allow: upstream is not asked by them, and nobody else in its place.

use mirror_tests::{History, NAME, Ran, Seen, Stage};

const NAMES: [&str; 2] = ["a", "b"];

fn run(stage: &Stage, settings: &[&str], variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("git");
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.envs(variables.iter().copied()).args(arguments);
    stage.sandbox.run(command)
}

/// Nobody was asked anything.
#[track_caller]
fn assert_silence(stage: &Stage, case: &str) {
    let all = NAMES.iter().map(|name| &stage.mirror(name).server).chain([&stage.origin]);
    assert_eq!(all.map(|server| server.log().len()).sum::<usize>(), 0, "{case}");
}

#[test]
fn what_git_refuses_is_refused_in_its_words() {
    let stage = Stage::new(&History::small(), &NAMES);
    let url = stage.origin.repo_url(NAME);
    let rule = format!("url.mirror::{0}/.insteadOf={0}/", stage.origin.url());
    let own = "protocol.mirror.allow=always";
    let from_user = ("GIT_PROTOCOL_FROM_USER", "0");
    for (case, settings, variables, refused) in [
        ("never", &["protocol.http.allow=never"][..], &[][..], true),
        ("never, and later always", &["protocol.http.allow=never", "protocol.http.allow=always"], &[], false),
        ("nothing but mirrors", &["protocol.allow=never", own], &[], true),
        ("nothing but http", &["protocol.allow=never", "protocol.http.allow=always", own], &[], false),
        ("https alone", &["protocol.https.allow=always", "protocol.http.allow=NEVER"], &[], true),
        ("for the user", &["protocol.http.allow=user"], &[], false),
        ("for the user, who did not say so", &["protocol.http.allow=user", own], &[from_user], true),
        ("all for the user, who did not say so", &["protocol.allow=user", own], &[from_user], true),
        ("who did not say so", &[own], &[from_user], false),
        ("a list", &[], &[("GIT_ALLOW_PROTOCOL", "https:mirror")], true),
        ("a list with it", &["protocol.http.allow=never"], &[("GIT_ALLOW_PROTOCOL", "mirror:http")], false),
        (
            "counted",
            &[],
            &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "protocol.http.allow"), ("GIT_CONFIG_VALUE_0", "never")],
            true,
        ),
    ] {
        let folder = |kind: &str| format!("{kind}-{}", case.replace([' ', ','], "-"));
        let plain = run(&stage, settings, variables, &["clone", "-q", &url, &folder("plain")]);
        stage.origin.forget_log();
        let ruled: Vec<&str> = settings.iter().copied().chain([rule.as_str()]).collect();
        let by_name = run(&stage, settings, variables, &["clone", "-q", "mirror::owner/small", &folder("name")]);
        let by_rule = run(&stage, &ruled, variables, &["clone", "-q", &url, &folder("rule")]);
        for ours in [&by_name, &by_rule] {
            assert_eq!(ours.code, plain.code, "{case}: {ours}\n{plain}");
            assert_eq!(ours.code != 0, refused, "{case}: {ours}");
            let words = "transport 'http' not allowed";
            assert_eq!(
                (ours.stderr.contains(words), plain.stderr.contains(words)),
                (refused, refused),
                "{case}: {ours}"
            );
            assert_eq!(ours.stderr.contains("mirror: error[E-TRANSPORT]: "), refused, "{case}: {ours}");
        }
        if refused {
            assert_silence(&stage, case);
        }
        NAMES.iter().for_each(|name| stage.mirror(name).server.forget_log());
        stage.origin.forget_log();
    }
}

#[test]
fn what_has_no_name_here_is_refused_as_well() {
    let stage = Stage::new(&History::small(), &NAMES);
    let base = stage.origin.url();
    let rule = format!("url.mirror::{base}/.insteadOf={base}/");
    for (case, path, settings, variables) in [
        ("a part without a name", "owner//small.git", &["protocol.http.allow=never"][..], &[][..]),
        (
            "a part that leads nowhere",
            "owner/./small.git",
            &["protocol.allow=never", "protocol.mirror.allow=always"],
            &[],
        ),
        ("what could be an option", "-owner/small.git", &[], &[("GIT_ALLOW_PROTOCOL", "https:mirror")]),
        ("a page", "owner/small/-/tree/main", &["protocol.http.allow=maybe"], &[]),
    ] {
        let url = format!("{base}/{path}");
        let plain = run(&stage, settings, variables, &["ls-remote", &url]);
        let ruled: Vec<&str> = settings.iter().copied().chain([rule.as_str()]).collect();
        let ours = run(&stage, &ruled, variables, &["ls-remote", &url]);
        assert!(ours.code == plain.code && ours.code != 0, "{case}: {ours}\n{plain}");
        let words = plain.stderr.lines().find_map(|line| line.strip_prefix("fatal: ")).expect("git says why");
        assert!(ours.stderr.contains(words), "{case}: {ours}\n{plain}");
        assert_silence(&stage, case);
    }
}

#[test]
fn pushes_and_updates_are_refused_as_well() {
    let stage = Stage::new(&History::small(), &NAMES);
    stage.upstream.allow_push();
    stage.clone(&["-q"], "ours").ok();
    NAMES.iter().for_each(|name| stage.mirror(name).server.forget_log());
    stage.origin.forget_log();
    let never = ["protocol.http.allow=never"];
    let ours = stage.work("ours");
    let ours = ours.to_str().expect("plain names");
    for arguments in [
        &["fetch", "-q"][..],
        &["push", "-q", "origin", "HEAD:refs/heads/new"],
        &["ls-remote", "-q"],
        &["-c", "protocol.version=0", "fetch", "-q"],
    ] {
        let all: Vec<&str> = ["-C", ours].into_iter().chain(arguments.iter().copied()).collect();
        let ran = run(&stage, &never, &[], &all);
        assert!(ran.code == 128 && ran.stderr.contains("transport 'http' not allowed"), "{arguments:?}: {ran}");
    }
    assert_silence(&stage, "refused");
}

#[test]
fn a_submodule_is_what_the_user_did_not_name() {
    let stage = Stage::new(&History::small(), &NAMES);
    let url = stage.origin.repo_url(NAME);
    let rule = format!("url.mirror::{0}/.insteadOf={0}/", stage.origin.url());
    stage.sandbox.git(["init", "-q", "outer"]).ok();
    let outer = stage.work("outer");
    stage.sandbox.git_in(&outer, ["submodule", "--quiet", "add", &url, "inner"]).ok();
    stage.sandbox.git_in(&outer, ["commit", "-q", "-m", "with a submodule"]).ok();
    let outer = outer.to_str().expect("plain names").to_owned();
    for (case, setting, refused) in [
        ("user", "protocol.http.allow=user", true),
        ("never", "protocol.http.allow=never", true),
        ("always", "protocol.http.allow=always", false),
    ] {
        stage.origin.forget_log();
        let clone = |settings: &[&str], target: &str| {
            run(&stage, settings, &[], &["clone", "-q", "--recurse-submodules", &outer, target])
        };
        let plain = clone(&[setting], &format!("plain-{case}"));
        let ours = clone(&[setting, &rule], &format!("ours-{case}"));
        assert_eq!((plain.code != 0, ours.code), (refused, plain.code), "{case}: {ours}\n{plain}");
        assert_eq!(ours.stderr.contains("transport 'http' not allowed"), refused, "{case}: {ours}");
        let carried = stage.mirror("a").server.log().iter().chain(&stage.mirror("b").server.log()).any(Seen::is_fetch);
        assert_eq!(carried, !refused, "{case}");
    }
}
