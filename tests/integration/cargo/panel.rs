//! The control panel's command line, help, `status git` and `list`, as people and programs read them.

use serde_json::Value;

use crate::git::{TRANSPARENT, World};

#[test]
fn wrong_command_lines_exit_64() {
    let world = World::new(Some(b""));
    for line in [&["nonsense"][..], &["mirror", "nonsense"], &["setup", "svn"], &["setup", "git", "--nonsense"], &[]] {
        let said = world.run(line);
        assert_eq!(said.code, 64, "{said}");
        assert!(said.stderr.starts_with("mirror: error[E-USAGE]: "), "{said}");
        assert!(said.stderr.contains("\nmirror: hint: cargo mirror "), "{said}");
    }
    let said = world.run(&["probe", "git", "--", "--upload-pack=x/y"]);
    assert_eq!(said.code, 64, "{said}");
    assert!(said.stderr.contains("E-NAME"), "{said}");
}

#[test]
fn help_teaches_with_examples_in_both_spellings() {
    let world = World::new(Some(b""));
    let alone = world.run(&["--help"]).ok();
    assert!(alone.stdout.contains("cargo mirror setup git") && alone.stdout.contains("E-QUORUM"), "{alone}");
    let by_cargo = world.run(&["mirror", "--help"]).ok();
    assert_eq!(alone.stdout, by_cargo.stdout);
    // cargo starts the program that is on PATH.
    let mut cargo = world.sandbox.command("cargo");
    cargo.args(["mirror", "undo", "git"]);
    let said = world.sandbox.run(cargo).ok();
    assert!(said.stdout.contains("nothing to undo"), "{said}");
}

#[test]
fn status_shows_values_with_their_origin_and_no_password() {
    let world = World::new(Some(
        b"[http]\n\tproxy = ada:hunter2@proxy.example:3128\n[http \"https://u:hunter2@h.example/\"]\n\tproxy = http://u:hunter2@p.example\n",
    ));
    world.sandbox.mirror_config("[proxy]\nurl = \"http://ada:hunter2@proxy.example\"\n[git]\ntrust = \"upstream\"\n");
    world.run(TRANSPARENT).ok();
    let text = world.run(&["status", "git"]).ok();
    let json = world.run(&["status", "git", "--json"]).ok();
    for said in [&text, &json] {
        assert!(!said.stdout.contains("hunter2") && !said.stderr.contains("hunter2"), "{said}");
        assert!(said.stdout.contains("***@proxy.example"), "{said}");
        assert!(!said.stdout.contains('\u{1b}'), "{said}");
    }
    let status: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let file = world.file().display().to_string();
    let of = |list: &str, key: &str| -> Value {
        let rows = status[list].as_array().expect("a list");
        rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key} in {json}")).clone()
    };
    let allow = of("git", "protocol.mirror.allow");
    assert_eq!((allow["value"].as_str(), allow["scope"].as_str()), (Some("always"), Some("global")));
    assert_eq!(allow["origin"].as_str(), Some(file.as_str()));
    assert_eq!(of("git", "url.mirror::https://github.com/.insteadof")["value"], "https://github.com/");
    let trust = of("settings", "git.trust");
    assert_eq!(trust["value"], "upstream");
    assert!(trust["origin"].as_str().is_some_and(|origin| origin.ends_with("config.toml:4")), "{trust}");
    assert_eq!(of("settings", "git.store-limit")["value"], "5 GiB");
    assert_eq!(status["supported"], true);
    assert_eq!(status["files"].as_array().map(Vec::len), Some(1));
}

#[test]
fn list_shows_disabled_mirrors_with_who_disabled_them() {
    let world = World::new(Some(b""));
    world.sandbox.mirror_config(
        "[mirrors.campus]\noperator = \"uni\"\nrelays = true\ngit = { github = \"https://u:hunter2@git.campus.example/{repo}.git\" }\n\
         cargo = \"sparse+https://crates.campus.example/index/\"\n[mirrors.tuna]\nenabled = false\n",
    );
    let text = world.run(&["list"]).ok();
    assert!(text.stdout.contains("campus") && !text.stdout.contains('\u{1b}'), "{text}");
    let json = world.run(&["list", "--json"]).ok();
    assert!(!json.stdout.contains("hunter2") && !text.stdout.contains("hunter2"), "{json}");
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).expect("JSON");
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {json}"));
    let campus = of("campus");
    for field in ["name", "operator", "git", "cargo", "pypi", "rustup", "relays", "trusted", "enabled", "origin"] {
        assert!(campus.get(field).is_some(), "{field} in {campus}");
    }
    assert_eq!((&campus["operator"], &campus["git"]), (&Value::from("uni"), &Value::from(vec!["github"])));
    assert_eq!((&campus["relays"], &campus["enabled"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(of("tuna")["enabled"], false);
    assert!(of("tuna")["origin"].as_str().is_some_and(|by| by.contains("config.toml:")), "{json}");
}
