//! `cargo mirror probe git` and `list` tell mirrors apart as a user would want them told apart.

use mirror_tests::{Fault, History, Ran, Stage, refused_url};

fn probe(stage: &Stage, options: &[&str]) -> Ran {
    let mut command = stage.sandbox.command("cargo-mirror");
    command.args(["mirror", "probe", "git", "owner/small"]).args(options);
    stage.sandbox.run(command)
}

#[test]
fn each_mirror_is_shown_as_what_it_is_within_five_seconds() {
    let stage = Stage::new(&History::small(), &["fresh", "portal", "stale", "silent"]);
    let stale = &stage.mirror("stale").repository;
    stale.truncate_by(3);
    let behind = stage.upstream.git(&["rev-list", "--count", &format!("{}..HEAD", stale.tip())]).ok().stdout;
    let behind = format!("{} commits behind", behind.trim());
    stage.mirror("portal").server.set(Fault::captive_portal());
    stage.mirror("silent").server.set(Fault::BlackHole);
    stage.configure(&format!(
        "[mirrors.dead]\noperator = \"nobody\"\ngit = {{ github = \"{}/{{repo}}.git\" }}\n",
        refused_url()
    ));
    let ran = probe(&stage, &["--json"]).ok();
    assert!(ran.seconds < 6.0, "{} s", ran.seconds);
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let row = |name: &str| {
        let rows = rows.as_array().expect("a list");
        rows.iter().find(|row| row["mirror"] == name).unwrap_or_else(|| panic!("no row for {name} in {rows:?}")).clone()
    };
    for (name, status, freshness) in [
        ("upstream:github", "200", ""),
        ("fresh", "200", "up to date"),
        ("stale", "200", behind.as_str()),
        ("portal", "not-a-mirror", ""),
        ("silent", "timeout", ""),
        ("dead", "refused", ""),
    ] {
        let row = row(name);
        assert_eq!((row["status"].as_str(), row["freshness"].as_str()), (Some(status), Some(freshness)), "{name}");
        assert_eq!(row["throughput"].is_number(), status == "200", "{name}");
    }
    assert_eq!(row("dead")["operator"], "nobody");
    let table = probe(&stage, &[]).ok().stdout;
    assert!(table.contains(&behind) && !table.contains('\u{1b}'), "{table}");
}

#[test]
fn a_repository_that_needs_credentials_is_not_named_to_mirrors() {
    let stage = Stage::new(&History::small(), &["near"]);
    stage.origin.require_auth("ada", "sekrit");
    let ran = probe(&stage, &[]).ok();
    assert!(!ran.stdout.contains("near"), "{}", ran.stdout);
    assert!(stage.mirror("near").server.log().is_empty());
}
