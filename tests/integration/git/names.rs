//! Names as forges have them, and addresses as people write them: carried by mirrors, or left to git's own helper.

use std::{fs, path::Path};

use mirror_tests::{
    GitServer, History, Ran, Repository, Sandbox, Stage, StageMirror, assert_fsck_clean, assert_same_repository_but,
};

use super::TRANSPARENT;

/// Names that forges have.
const NAMES: [&str; 9] = [
    "openglm/.github",
    ".dotfiles/.dotfiles",
    "group/team/project",
    "a/b/c/d/e/f/g/h",
    "tool",
    "~user/libstdc++",
    "my team/my tool",
    "组/项目",
    "owner/a..b",
];

/// A stage with mirrors on which upstream has these repositories, each with a history of its own; the first is the one that
/// the stage's own methods mean.
fn stage(names: &[&str], mirrors: &[&str]) -> Stage {
    let stage = Stage::new(&History::small(), mirrors);
    for name in names {
        let repository = History::small().write(stage.sandbox.path("upstream"), name);
        let git = |arguments: &[&str]| stage.sandbox.git_in(repository.path(), arguments).ok().stdout.trim().to_owned();
        let own = git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", name]);
        git(&["update-ref", "refs/heads/main", &own]);
        mirrors.iter().for_each(|mirror| drop(repository.copy_to(stage.sandbox.path(mirror))));
    }
    stage
}

fn long() -> String {
    format!("{}/{}", "o".repeat(39), "n".repeat(200))
}

fn clone(stage: &Stage, address: &str, target: &str) -> Ran {
    stage.sandbox.git(["clone", "-q", address, target])
}

/// The clone is that of the repository of this name.
fn assert_cloned(stage: &Stage, name: &str, target: &str) {
    let served = Repository::at(stage.sandbox.path("upstream"), name);
    let head = stage.sandbox.git_in(stage.work(target), ["rev-parse", "HEAD"]).ok().stdout;
    assert_eq!(head.trim(), served.tip(), "{name}");
    assert_fsck_clean(&stage.work(target));
}

#[test]
fn mirrors_carry_names_of_any_shape() {
    let long = long();
    let names: Vec<&str> = NAMES.into_iter().chain([long.as_str()]).collect();
    let mut stage = stage(&names, &["a", "b"]);
    for (number, name) in names.iter().enumerate() {
        let target = format!("clone-{number}");
        stage.sandbox.forget_reports();
        clone(&stage, &format!("mirror::{name}"), &target).ok();
        assert_cloned(&stage, name, &target);
        let outcomes = stage.outcomes();
        assert!(outcomes.iter().any(|outcome| ["a ok", "b ok"].contains(&outcome.as_str())), "{name}: {outcomes:?}");
    }
    assert_eq!(stage.stores().len(), names.len(), "each has a store of its own");
    let listed = stage.sandbox.run(stage.sandbox.panel(&["ledger", "--json"])).ok().stdout;
    let rows: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let known: Vec<&str> = rows.as_array().expect("rows").iter().filter_map(|row| row["repository"].as_str()).collect();
    for name in &names {
        assert!(known.contains(&format!("github:{name}").as_str()), "{name}: {known:?}");
    }
    // What was seen is found again, each under its own name.
    stage.upstream_goes_away();
    stage.configure_only(&["a"]);
    for (number, name) in names.iter().enumerate() {
        let target = format!("away-{number}");
        clone(&stage, &format!("mirror::github:{name}"), &target).ok();
        assert_cloned(&stage, name, &target);
    }
}

#[test]
fn names_that_differ_in_case_are_two_unless_their_host_says_otherwise() {
    let mut stage = stage(&["Owner/small", "OWNER/SMALL", "group/Tool", "group/tool"], &["a", "b"]);
    let names = ["owner/small", "Owner/small", "OWNER/SMALL", "group/Tool", "group/tool"];
    for round in ["there", "away"] {
        for (number, name) in names.iter().enumerate() {
            let target = format!("{round}-{number}");
            clone(&stage, &format!("mirror::{name}"), &target).ok();
            assert_cloned(&stage, name, &target);
        }
        assert_eq!(stage.stores().len(), names.len());
        stage.upstream_goes_away();
    }
}

#[test]
fn a_mirror_that_has_another_address_for_it_is_asked_there_and_one_without_is_left_out() {
    let mut stage = stage(&["group/team/project"], &["a"]);
    // A relay, which is asked for the whole address, and a mirror of another upstream only.
    let copy = Repository::at(stage.sandbox.path("upstream"), "group/team/project");
    let relay = StageMirror::new(
        "relay",
        copy.copy_to(stage.sandbox.path("relay")),
        GitServer::start(stage.sandbox.path("relay")),
    );
    stage.mirrors.push(relay);
    stage.set_address("relay", &format!("{}/https://git.example", stage.mirror("relay").server.url()));
    stage.configure("[upstreams.other]\nurl = \"https://other.example/{repo}.git\"\n[mirrors.none]\ngit = { other = \"https://none.example/{repo}\" }\n");
    clone(&stage, "mirror::group/team/project", "ours").ok();
    assert_cloned(&stage, "group/team/project", "ours");
    let asked: Vec<String> = stage.mirror("relay").server.log().iter().map(|seen| seen.path.clone()).collect();
    assert!(asked.iter().all(|path| path.starts_with("/https://git.example/group/team/project.git/")), "{asked:?}");
}

#[test]
fn the_upstream_with_the_longest_path_is_meant_whatever_it_is_called() {
    for (all, team) in [("a-all", "z-team"), ("z-all", "a-team")] {
        let stage = stage(&["team/tool"], &[]);
        let (url, sandbox) = (stage.origin.url(), &stage.sandbox);
        let mirror = Repository::at(sandbox.path("upstream"), "team/tool");
        fs::create_dir_all(sandbox.path("copies")).expect("a folder of ours");
        std::process::Command::new("cp")
            .arg("-r")
            .args([mirror.path(), sandbox.path("copies/tool.git")])
            .status()
            .expect("a copy");
        let copies = GitServer::start(sandbox.path("copies"));
        sandbox.mirror_config(&format!(
            "[catalog]\nbuiltin = false\n[git]\nupstream = \"{all}\"\n\
             [upstreams.{all}]\nurl = \"{url}/{{repo}}.git\"\n[upstreams.{team}]\nurl = \"{url}/team/{{repo}}.git\"\n\
             [mirrors.copies]\ngit = {{ {team} = \"{}/{{repo}}.git\" }}\n",
            copies.url()
        ));
        clone(&stage, &format!("mirror::{url}/team/tool"), "ours").ok();
        assert_cloned(&stage, "team/tool", "ours");
        assert!(!copies.log().is_empty(), "{team} was meant, which has a mirror");
    }
}

#[test]
fn what_people_paste_is_understood_or_answered_with_the_right_line() {
    let stage = stage(&["group/team/project"], &["a"]);
    let (url, port) = (stage.origin.url(), stage.origin.url().rsplit(':').next().expect("a port").to_owned());
    for (number, (address, name)) in [
        (format!("mirror::{url}/owner/small/tree/main"), "owner/small"),
        (format!("mirror::{url}/owner/small/blob/main/README.md#L1"), "owner/small"),
        (format!("mirror::{url}/owner/small?tab=readme-ov-file"), "owner/small"),
        (format!("mirror::{url}/owner/small#readme"), "owner/small"),
        (format!("mirror::{url}/owner/small.git/"), "owner/small"),
        (format!("mirror::{url}/group/team/project/-/tree/main"), "group/team/project"),
        (format!("mirror::127.0.0.1:{port}/owner/small"), "owner/small"),
        ("mirror::127.0.0.1/group/team/project".to_owned(), "group/team/project"),
        ("mirror::git@127.0.0.1:owner/small.git".to_owned(), "owner/small"),
        ("mirror://owner/small".to_owned(), "owner/small"),
        ("mirror://github:group/team/project".to_owned(), "group/team/project"),
        ("mirror::owner/small/tree/main".to_owned(), "owner/small"),
    ]
    .into_iter()
    .enumerate()
    {
        let target = format!("pasted-{number}");
        clone(&stage, &address, &target).ok();
        assert_cloned(&stage, name, &target);
    }
    for (address, hint) in [
        ("mirror::mirror::owner/small".to_owned(), "mirror::owner/small"),
        (format!("mirror::https://127.0.0.1:{port}/owner/small"), "mirror::owner/small"),
        ("mirror::ssh://git@127.0.0.1/group/team/project.git".to_owned(), "mirror::group/team/project"),
    ] {
        let before = stage.origin.log().len();
        let ran = clone(&stage, &address, "refused");
        assert_eq!((ran.code, stage.origin.log().len()), (128, before), "{address}: {ran}");
        assert!(ran.stderr.lines().any(|line| line.contains("hint: ") && line.ends_with(hint)), "{address}: {ran}");
    }
}

#[test]
fn under_a_rule_of_gits_every_address_does_what_it_does_without() {
    let stage = stage(&["tool", "openglm/.github", "group/team/project", "my team/tool", "a!b/c"], &["a"]);
    let odd = Repository::at(stage.sandbox.path("upstream"), "owner/small");
    for other in ["odd.git.git", "-dash.git"] {
        fs::rename(odd.copy_to(stage.sandbox.path("aside")).path(), stage.sandbox.path("upstream/owner").join(other))
            .expect("folders of ours");
    }
    let url = stage.origin.url();
    let addresses: Vec<String> = [
        "owner/small",
        "owner/small.git",
        "owner/small/",
        "owner/small.git/",
        "owner/small//",
        "owner//small.git",
        "owner/./small.git",
        "owner/x/../small.git",
        "owner/odd.git.git",
        "owner/-dash.git",
        "owner/small/tree/main",
        "owner/small?tab=readme",
        "owner/small#readme",
        "openglm/.github",
        "group/team/project.git",
        "tool",
        "my%20team/tool",
        "a!b/c",
        "owner%2Fsmall",
        "%b9%a6/none",
        "owner/none",
        "none",
        "",
    ]
    .iter()
    .map(|path| format!("{url}/{path}"))
    .collect();
    let play = |round: &str| -> Vec<(Ran, Ran)> {
        let each = |(number, address): (usize, &String)| {
            let listed = stage.sandbox.git(["ls-remote", address]);
            (listed, clone(&stage, address, &format!("{round}-{number}")))
        };
        addresses.iter().enumerate().map(each).collect()
    };
    let plain = play("plain");
    stage.sandbox.run(stage.sandbox.panel(TRANSPARENT)).ok();
    let ours = play("ours");
    let fatal = |ran: &Ran| -> Vec<String> {
        ran.stderr.lines().filter(|line| line.starts_with("fatal: ")).map(str::to_owned).collect()
    };
    for (number, address) in addresses.iter().enumerate() {
        for (plain, ours) in [(&plain[number].0, &ours[number].0), (&plain[number].1, &ours[number].1)] {
            assert_eq!((ours.code, &ours.stdout), (plain.code, &plain.stdout), "{address}: {ours}\n{plain}");
            assert_eq!(fatal(ours), fatal(plain), "{address}");
        }
        if plain[number].1.code == 0 {
            let work = |round: &str| stage.work(&format!("{round}-{number}"));
            assert_same_repository_but(&work("plain"), &work("ours"), "refs/none");
        }
    }
    let asked: Vec<String> = stage.mirror("a").server.log().iter().map(|seen| seen.path.clone()).collect();
    assert!(asked.iter().any(|path| path.contains("/group/team/project.git/")), "{asked:?}");
    let strange = ["//", "..", "/./", "tree", "!", "none", "%2F", "-dash", ".git.git", "%b9"];
    assert!(!asked.iter().any(|path| strange.iter().any(|part| path.contains(part))), "{asked:?}");
}

/// A credential helper that notes what it is asked.
fn note_what_is_asked(sandbox: &Sandbox) {
    sandbox.add_script(
        "git-credential-noting",
        "test \"$1\" = get || exit 0; cat >>\"$HOME/asked\"; echo username=someone; echo password=sekrit",
    );
    sandbox.git_config("credential.helper", "noting");
    sandbox.git_config("credential.useHttpPath", "true");
}

#[test]
fn credentials_are_asked_for_with_the_address_as_it_was_written() {
    let stage = stage(&["group/team/project"], &["a"]);
    stage.origin.require_auth("someone", "sekrit");
    note_what_is_asked(&stage.sandbox);
    let asked = || {
        let file = stage.sandbox.path("home/asked");
        let text = fs::read_to_string(&file).unwrap_or_default();
        // Removed where there is one.
        let _ = fs::remove_file(&file);
        // What differs from one version of git to the next is no part of the address.
        text.lines().filter(|line| !line.contains("[]=")).map(str::to_owned).collect::<Vec<_>>()
    };
    let url = stage.origin.url();
    let addresses = [
        format!("{url}/owner/small"),
        format!("{url}/owner/small.git"),
        format!("{url}/owner/small/"),
        format!("{url}/group/team/project"),
        format!("{}/owner/small", url.replace("http://", "http://someone@")),
    ];
    for (number, address) in addresses.iter().enumerate() {
        clone(&stage, address, &format!("plain-{number}")).ok();
        let plain = asked();
        assert!(plain.iter().any(|line| line.starts_with("path=")), "{address}: {plain:?}");
        clone(&stage, &format!("mirror::{address}"), &format!("ours-{number}")).ok();
        assert_eq!(asked(), plain, "{address}");
        let folder = stage.work(&format!("ours-{number}"));
        stage.sandbox.git_in(&folder, ["fetch", "-q"]).ok();
        assert_eq!(asked(), plain, "{address}: an update");
    }
    // The same under the rule, push by `mirror::` included.
    stage.upstream.allow_push();
    stage.sandbox.git_config(&format!("url.mirror::{url}/.insteadOf"), &format!("{url}/"));
    let path = |lines: Vec<String>| lines.into_iter().filter(|line| line.starts_with("path=")).collect::<Vec<_>>();
    for (number, address) in addresses[..3].iter().enumerate() {
        clone(&stage, address, &format!("rule-{number}")).ok();
        let folder = stage.work(&format!("rule-{number}"));
        let written = path(asked());
        stage.sandbox.git_in(&folder, ["push", "-q", "origin", &format!("HEAD:refs/heads/new-{number}")]).ok();
        assert_eq!(path(asked()), written, "{address}");
    }
    assert!(stage.mirror("a").server.log().is_empty(), "no mirror hears of it");
}

#[test]
fn what_has_no_name_is_not_delivered_where_more_than_upstreams_word_is_asked_for() {
    let stage = stage(&[], &["a"]);
    let address = format!("mirror::{}/owner/a!b", stage.origin.url());
    let line = |ran: &Ran, word: &str| ran.stderr.contains(&format!("mirror: error[{word}]: "));
    stage.configure("[git]\ntrust = \"pinned\"\n");
    let ran = clone(&stage, &address, "pinned");
    assert!(ran.code == 128 && line(&ran, "E-UNPINNED") && stage.origin.log().is_empty(), "{ran}");
    let keys = stage.sandbox.path("keys");
    fs::write(&keys, "").expect("a file of ours");
    let signers = format!("SHA256:{}", "a".repeat(43));
    let text = stage.configuration("").replacen(
        "[upstreams.github]\n",
        &format!(
            "[upstreams.github]\nsigners = [\"{signers}\"]\nallowed-signers = \"{}\"\n",
            Path::new(&keys).display()
        ),
        1,
    );
    stage.sandbox.mirror_config(&text);
    let ran = clone(&stage, &address, "signed");
    assert!(ran.code == 128 && line(&ran, "E-SIG") && stage.origin.log().is_empty(), "{ran}");
}
