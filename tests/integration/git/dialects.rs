//! Servers of other ages and makes: what plain git can clone from them is cloned through the rule just the same, alone and
//! beside mirrors.
//!
//! The table is servers times commands; each is run with git alone and with `url.mirror::….insteadOf`, and what comes of both
//! is compared: exit code, standard output, what git says, refs, objects, shallow edges.

use std::{collections::BTreeSet, fs, path::Path};

use mirror_tests::{
    Dialect, Fault, GIT_2_25, GitServer, History, NAME, Plan, Ran, Scope, Stage, assert_fsck_clean,
    assert_same_repository,
};

/// What JGit says of an object that it does not give, and what git says.
const NOT_VALID: [&str; 2] = ["want {} not valid", "upload-pack: not our ref {}"];

/// git's own commands, each in a folder that it makes.
const COMMANDS: &[(&str, &[&str])] = &[
    ("ls-remote", &["ls-remote", "--symref"]),
    ("clone", &["clone", "-q"]),
    ("mirror", &["clone", "-q", "--mirror"]),
    ("branch", &["clone", "-q", "--single-branch", "--no-tags"]),
    ("depth", &["clone", "-q", "--depth=2"]),
    ("rejecting", &["clone", "-q", "--reject-shallow"]),
];

/// git's words that programs look for.
const WORDS: &[&str] = &["fatal: ", "error: ", "warning: ", "remote: "];

/// Runs git in the stage's sandbox, with the rule or without.
fn git(stage: &Stage, rule: bool, arguments: &[&str]) -> Ran {
    let url = stage.origin.url();
    let rule = if rule { format!("url.mirror::{url}/.insteadOf={url}/") } else { "a.b=c".to_owned() };
    stage.sandbox.git(["-c", &rule].iter().chain(arguments))
}

/// The lines with words that programs look for; which folder it was is another matter.
fn words(ran: &Ran) -> BTreeSet<String> {
    let lines = ran.stderr.lines().filter(|line| WORDS.iter().any(|word| line.starts_with(word)));
    lines.map(|line| line.replace("-ours", "-plain")).collect()
}

/// Asserts that git through the rule did what git alone did. `case` names the folder, if one was made.
fn assert_same(stage: &Stage, case: &str, plain: &Ran, ours: &Ran) {
    assert_eq!((plain.code, &plain.stdout), (ours.code, &ours.stdout), "{case}: {plain}{ours}");
    let missing: Vec<String> = words(plain).difference(&words(ours)).cloned().collect();
    assert!(missing.is_empty(), "{case}: not said: {missing:?}{ours}");
    if plain.code == 0 {
        assert_eq!(words(plain), words(ours), "{case}: {ours}");
    }
    let [a, b] = ["plain", "ours"].map(|who| stage.work(&format!("{case}-{who}")));
    assert_eq!(a.exists(), b.exists(), "{case}");
    if a.exists() {
        let shallow =
            |path: &Path| [".git/shallow", "shallow"].iter().find_map(|name| fs::read_to_string(path.join(name)).ok());
        assert_eq!(shallow(&a), shallow(&b), "{case}: where its history ends");
        assert_same_repository(&a, &b);
        assert_fsck_clean(&b);
    }
}

/// Every command, with a server that speaks like this, with these mirrors; then an update.
fn play(name: &str, stage: &Stage) {
    let url = stage.origin.repo_url(NAME);
    for (command, arguments) in COMMANDS {
        let case = format!("{name}-{command}");
        let [plain, ours] = [false, true].map(|rule| {
            let target = format!("{case}-{}", if rule { "ours" } else { "plain" });
            let mut arguments = arguments.to_vec();
            arguments.push(&url);
            if *command != "ls-remote" {
                arguments.push(&target);
            }
            stage.forget();
            git(stage, rule, &arguments)
        });
        if plain.code != 0 && !stage.mirrors.is_empty() && ours.code == 0 {
            // Upstream is away for git itself, so mirrors speak.
            continue;
        }
        assert_same(stage, &case, &plain, &ours);
    }
    if !stage.work(&format!("{name}-clone-plain")).exists() || stage.upstream.refs("refs/heads").is_empty() {
        return;
    }
    stage.upstream.add_commit("main", "news", name);
    let _ = stage.upstream.git(&["update-server-info"]);
    let [plain, ours] = [false, true].map(|rule| {
        let target = format!("{name}-clone-{}", if rule { "ours" } else { "plain" });
        git(stage, rule, &["-C", &target, "fetch", "-q", "--prune"])
    });
    assert_same(stage, &format!("{name}-clone"), &plain, &ours);
}

/// A server, alone and beside mirrors that have all of it and speak as git does.
fn alone_and_beside(name: &str, history: &History, set: impl Fn(&Stage)) {
    for mirrors in [&[][..], &["one", "two"]] {
        let stage = Stage::new(history, mirrors);
        set(&stage);
        play(&format!("{name}{}", mirrors.len()), &stage);
    }
}

fn speaking(name: &str, dialect: &Dialect) {
    alone_and_beside(name, &History::small(), |stage| stage.origin.speak(dialect.clone()));
}

#[test]
fn old_and_narrow_servers_of_protocol_v2() {
    let lines = |fetch: &'static str| ["version 2", "ls-refs", fetch, "object-format=sha1"];
    speaking("git-2.25", &Dialect::advertising(GIT_2_25));
    speaking("no-features", &Dialect::advertising(&lines("fetch")));
    speaking("filter-only", &Dialect::advertising(&lines("fetch=filter")));
    alone_and_beside("ref-in-want", &History::small(), |stage| {
        let _ = stage.upstream.git(&["config", "uploadpack.allowRefInWant", "true"]);
        stage.origin.speak(Dialect::advertising(&lines("fetch=shallow ref-in-want")));
    });
}

#[test]
fn all_answers_in_the_side_band() {
    alone_and_beside("sideband-all", &History::small(), |stage| {
        let _ = stage.upstream.git(&["config", "uploadpack.allowSidebandAll", "true"]);
    });
}

#[test]
fn older_protocols_and_plain_files() {
    speaking("v0", &Dialect { protocol: Some(""), ..Dialect::default() });
    speaking("v1", &Dialect { protocol: Some("version=1"), ..Dialect::default() });
    alone_and_beside("files", &History::small(), |stage| {
        let _ = stage.upstream.git(&["update-server-info"]);
        stage.origin.speak(Dialect { files: true, ..Dialect::default() });
    });
}

#[test]
fn advertisements_with_a_service_line_and_odd_types() {
    for line in [true, false] {
        speaking(&format!("service-{line}"), &Dialect { service_line: Some(line), ..Dialect::default() });
    }
    for (name, content_types) in [
        ("type-of-advertisement", [Some("text/plain"), None]),
        ("type-of-answers", [None, Some("application/octet-stream")]),
        ("charset", [Some("application/x-git-upload-pack-advertisement; charset=utf-8"), None]),
    ] {
        speaking(name, &Dialect { content_types, ..Dialect::default() });
    }
}

#[test]
fn servers_that_give_only_tips() {
    for (number, said) in NOT_VALID.iter().enumerate() {
        speaking(&format!("tips-{number}"), &Dialect { only_tips: Some(said), ..Dialect::default() });
    }
}

#[test]
fn shallow_upstreams() {
    for depth in [1, 3] {
        alone_and_beside(&format!("shallow-{depth}"), &History::small(), |stage| stage.upstream.become_shallow(depth));
    }
}

#[test]
fn empty_repositories_and_other_hashes() {
    alone_and_beside("sha256", &History::small().sha256(), |_| {});
    for (name, history) in [("empty", History::small()), ("empty-sha256", History::small().sha256())] {
        alone_and_beside(name, &history, |stage| {
            let repositories = stage.mirrors.iter().map(|mirror| &mirror.repository).chain([&stage.upstream]);
            repositories.for_each(|repository| {
                let refs = repository.git(&["for-each-ref", "--format=%(refname)"]).stdout;
                refs.lines().for_each(|name| repository.delete_ref(name));
            });
        });
    }
}

#[test]
fn what_is_no_git_server_or_does_not_let_anybody_in() {
    for (name, fault) in [
        ("sign-in", Fault::captive_portal()),
        ("not-found", Fault::status(404)),
        ("forbidden", Fault::status(403)),
        ("bad-request", Fault::status(400)),
        ("teapot", Fault::status(418)),
        ("not-implemented", Fault::status(501)),
    ] {
        let stage = Stage::new(&History::small(), &[]);
        stage.origin.set(fault);
        play(name, &stage);
    }
    // Only the second request.
    for (name, fault) in [("post-forbidden", Fault::status(403)), ("post-gone", Fault::status(404))] {
        let stage = Stage::new(&History::small(), &[]);
        stage.origin.set(fault.only(Scope::UploadPack));
        play(name, &stage);
    }
}

#[test]
fn what_fails_with_git_as_well_is_away_and_nobody_hears_of_the_trial() {
    for (case, faults) in [
        ("sign-in", vec![Fault::captive_portal().into()]),
        ("teapot", vec![Fault::status(418).into()]),
        ("broken-down", vec![Fault::status(502).into()]),
        // The second time, which git itself would wait for.
        ("silent-then", vec![Fault::captive_portal().times(1), Fault::BlackHole.into()]),
    ] {
        let stage = Stage::new(&History::small(), &["one", "two"]);
        stage.plain_clone(&["-q"], "plain").ok();
        faults.into_iter().for_each(|fault: Plan| stage.origin.also(fault));
        let ran = stage.clone(&[], case).ok();
        assert!(!ran.stderr.contains("fatal") && ran.stderr.contains("refs by quorum"), "{case}: {ran}");
        assert!(ran.seconds < 12.0, "{case}: {ran}");
        assert_same_repository(&stage.work("plain"), &stage.work(case));
    }
    // Nobody speaks for it: git's own words are heard.
    let mut stage = Stage::new(&History::small(), &["one"]);
    stage.mirrors[0].server.stop();
    stage.origin.set(Fault::captive_portal());
    play("sign-in-alone", &stage);
}

#[test]
fn an_upstream_that_has_moved() {
    let stage = Stage::new(&History::small(), &["one", "two"]);
    let elsewhere = GitServer::start(stage.sandbox.path("upstream"));
    stage.origin.set(Fault::Redirect(elsewhere.url()));
    play("moved", &stage);
}
