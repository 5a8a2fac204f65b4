//! `cargo mirror setup pip --pip-conf` and its undo: an index in the user's `pip.conf`, every other byte as it was.
//!
//! `tests/fixtures/pip-conf/NAME` has a `pip.conf` before (`in`) and after (`out`) a set-up. One without `out` is a file
//! that pip cannot read, and is left alone.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use mirror_tests::Sandbox;
use serde_json::Value;

use super::{
    grammar::ask_pips,
    setup_stage::{CONFIG, INDEX, LINKS, SETUP, UNDO, World, tree},
    world::{NO_PIP, skipped},
};
use crate::all::Fixture;

fn fixtures() -> Vec<Fixture> {
    Fixture::all("pip-conf", "pip.conf", 25)
}

/// Whether pip can read what it was before.
fn is_readable(fixture: &Fixture) -> bool {
    fixture.out.is_dir()
}

#[test]
fn every_pip_conf_is_set_up_as_expected_and_undone_byte_for_byte() {
    for fixture in fixtures() {
        let name = &fixture.name;
        let world = World::with(&fixture.before);
        let untouched = world.tree();
        if !is_readable(&fixture) {
            let said = world.run(SETUP);
            assert!(said.code == 78 && said.stderr.contains("pip.conf:"), "{name}: {said}");
            assert_eq!(world.tree(), untouched, "{name}: no links either");
            continue;
        }
        world.run(SETUP).ok();
        let wanted = fixture.assert_became("pip.conf", &fs::read(world.conf()).expect("it is there"));
        let said = world.run(SETUP).ok();
        assert!(said.stdout.contains("nothing to do"), "{name}: {said}");
        world.run(&["setup", "pip", "--pip-conf", "--mirror", "other", "--yes"]).ok();
        assert!(world.text().contains("pypi.other.example") && !world.text().contains(INDEX), "{name}");
        world.run(SETUP).ok();
        assert_eq!(fs::read(world.conf()).expect("it is there"), wanted, "{name}: there and back");
        world.run(UNDO).ok();
        assert_eq!(world.tree(), untouched, "{name}");
    }
}

/// Prints the values of each text as Python has them, or `null`.
const PARSER: &str = r#"
import configparser, json, sys
answers = []
for name in json.load(open(sys.argv[1])):
    parser = configparser.RawConfigParser()
    try:
        parser.read(name, encoding="utf-8")
        answers.append({section: dict(parser.items(section)) for section in parser.sections()})
    except Exception:
        answers.append(None)
print(json.dumps(answers))
"#;

#[test]
fn python_reads_the_same_values_as_before_and_the_index() {
    let sandbox = Sandbox::new();
    let fixtures = fixtures();
    let folder = Fixture::folder("pip-conf");
    let names = |which: &str| {
        let files = fixtures.iter().map(|fixture| folder.join(&fixture.name).join(which).join("pip.conf"));
        files.map(|file| Value::String(file.display().to_string())).collect::<Vec<_>>()
    };
    let cases = [names("in"), names("out")].concat();
    for (_, answers) in ask_pips(&sandbox, PARSER, &Value::Array(cases)) {
        let (before, after) = answers.split_at(fixtures.len());
        for (fixture, (before, after)) in fixtures.iter().zip(before.iter().zip(after)) {
            let name = &fixture.name;
            if !is_readable(fixture) {
                assert!(before.is_null(), "{name}: Python reads it: {before}");
                continue;
            }
            assert_eq!(after, &with_index(name, before, after), "{name}");
        }
    }
}

/// What Python should read after the set-up.
fn with_index(name: &str, before: &Value, after: &Value) -> Value {
    let mut wanted = before.clone();
    let global = wanted.as_object_mut().expect("Python reads it").entry("global").or_insert_with(|| {
        // A section that is new has what stands in `[DEFAULT]`, too.
        after["global"].as_object().map(|all| all.iter().filter(|(key, _)| *key != "index-url")).map_or_else(
            || Value::Object(serde_json::Map::new()),
            |all| Value::Object(all.map(|(key, value)| (key.clone(), value.clone())).collect()),
        )
    });
    let key = if name == "empty-index-with-an-underscore" { "index_url" } else { "index-url" };
    global[key] = INDEX.into();
    wanted
}

#[test]
fn the_real_pip_uses_the_index_and_the_shim_still_does_its_work() {
    let world = World { sandbox: Sandbox::new() };
    world.sandbox.mirror_config(CONFIG);
    world.file("config/pip/pip.conf", b"# mine\n[global]\ntimeout = 60\n");
    let run = |program: &Path, arguments: &[&str]| {
        let mut command = world.sandbox.command(program);
        command.args(arguments);
        world.sandbox.run(command)
    };
    let mirror = world.sandbox.path("programs/cargo-mirror");
    run(&mirror, SETUP).ok();
    let pip = run(Path::new("python3"), &["-m", "pip", "config", "get", "global.index-url"]);
    if pip.stderr.contains("No module named pip") || pip.stderr.contains("not found") {
        skipped(NO_PIP);
        return;
    }
    assert_eq!(pip.ok().stdout.trim(), INDEX);
    let said = run(&world.shim(), &["--json"]).ok();
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["injects"].as_bool(), Some(true), "what set-up wrote is no choice of the user's: {said}");
    // What the user writes in its place is.
    let chosen = world.text().replace("campus", "chosen");
    fs::write(world.conf(), chosen).expect("the sandbox is ours");
    let said = run(&world.shim(), &["--json"]).ok();
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["injects"].as_bool(), Some(false), "{said}");
}

#[test]
fn where_the_user_has_chosen_an_index_pip_conf_stays_as_it_is() {
    let index = b"[global]\nindex-url = https://ada:hunter2@pypi.corp.example/simple/\n".as_slice();
    let install = b"[install]\nindex_url: https://ada:hunter2@pypi.corp.example/simple/\n".as_slice();
    let none = b"[global]\nno-index = yes\n".as_slice();
    for (file, contents, variables, place) in [
        ("config/pip/pip.conf", index, &[][..], "config/pip/pip.conf:2"),
        ("config/pip/pip.conf", install, &[], "config/pip/pip.conf:2"),
        ("config/pip/pip.conf", none, &[], "config/pip/pip.conf:2"),
        ("home/.pip/pip.conf", index, &[], ".pip/pip.conf:2"),
        ("prefix/pip.conf", index, &[], "prefix/pip.conf:2"),
        ("work/venv/pip.conf", index, &[("VIRTUAL_ENV", "work/venv")], "venv/pip.conf:2"),
        ("work/etc/pip/pip.conf", index, &[("XDG_CONFIG_DIRS", "work/etc")], "etc/pip/pip.conf:2"),
        ("work/own.conf", index, &[("PIP_CONFIG_FILE", "work/own.conf")], "own.conf:2"),
        ("work/x", b"", &[("PIP_INDEX_URL", "https://ada:hunter2@pypi.corp.example/simple/")], "PIP_INDEX_URL"),
        ("work/x", b"", &[("PIP_NO_INDEX", "1")], "PIP_NO_INDEX"),
    ] {
        let world = World::new();
        world.file(file, contents);
        let root = world.sandbox.path("");
        let absolute = |text: &str| match text.starts_with("work/") {
            true => root.join(text).display().to_string(),
            false => text.to_owned(),
        };
        let variables: Vec<(&str, String)> = variables.iter().map(|(name, text)| (*name, absolute(text))).collect();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let untouched = world.tree();
        let said = world.run_with(SETUP, &variables);
        assert!(said.code == 78 && said.stderr.contains(place), "{file} {variables:?}: {said}");
        assert!(said.stderr.contains("cargo mirror setup pip") && !said.to_string().contains("hunter2"), "{said}");
        assert_eq!(world.tree(), untouched, "{file} {variables:?}");
        world.run_with(LINKS, &variables).ok();
        world.run_with(UNDO, &variables).ok();
        assert_eq!(world.tree(), untouched, "{file} {variables:?}");
    }
}

#[test]
fn a_mirror_that_pip_cannot_be_given_is_refused_and_never_shown() {
    let world = World::with(b"# mine\n");
    world.add_git();
    let secret = "[mirrors.secret]\npypi = \"https://ada:hunter2@pypi.campus.example/simple/\"\n";
    world.sandbox.mirror_config(&format!("[catalog]\nbuiltin = false\n{secret}"));
    let untouched = world.tree();
    for arguments in [&["--mirror", "secret"][..], &[]] {
        let said = world.run(&[&["setup", "pip", "--pip-conf", "--yes"], arguments].concat());
        assert!(said.code == 78 && said.stderr.contains("credentials"), "{said}");
        assert!(!said.to_string().contains("hunter2"), "{said}");
        assert_eq!(world.tree(), untouched);
    }
    let said = world.run(LINKS).ok();
    assert!(!said.stdout.contains("UV_DEFAULT_INDEX") && !said.to_string().contains("hunter2"), "{said}");
    for arguments in [&["status", "pip"][..], &["status", "--json"], &["doctor"], UNDO] {
        let variables =
            [("PIP_EXTRA_INDEX_URL", "https://ada:hunter2@pypi.corp.example/"), ("PIP_PROXY", "ada:hunter2@p")];
        let said = world.run_with(arguments, &variables).ok();
        assert!(!said.to_string().contains("hunter2") && !said.stdout.contains('\u{1b}'), "{said}");
    }
    let said = world.run(&["setup", "pip", "--mirror", "nobody", "--yes"]);
    assert!(said.code == 64 && said.stderr.contains("cargo mirror list"), "{said}");
}

#[test]
fn a_pip_conf_edited_since_loses_only_our_index() {
    let before = "# mine\n[global]\ntimeout = 60\n";
    let world = World::with(before.as_bytes());
    world.run(SETUP).ok();
    let edited = format!("{}retries = 2 ; mine\n\n[install]\nuser = no\n", world.text());
    fs::write(world.conf(), &edited).expect("the sandbox is ours");
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("edited since") && said.stdout.contains("index-url"), "{said}");
    assert_eq!(world.text(), format!("{before}retries = 2 ; mine\n\n[install]\nuser = no\n"));
    assert!(!world.shims().exists());
    // What was chosen in the place of ours is the user's, and stays.
    world.run(SETUP).ok();
    let chosen = world.text().replace("pypi.campus", "pypi.chosen");
    fs::write(world.conf(), &chosen).expect("the sandbox is ours");
    world.run(UNDO).ok();
    assert_eq!(world.text(), chosen);
}

#[test]
fn mode_and_links_of_pip_conf_stay() {
    let world = World::new();
    world.file("dotfiles/pip.conf", b"# mine\n");
    let target = world.sandbox.path("dotfiles/pip.conf");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("the sandbox is ours");
    fs::create_dir(world.sandbox.path("config/pip")).expect("the sandbox is ours");
    symlink("../../dotfiles/pip.conf", world.conf()).expect("the sandbox is ours");
    let untouched = [world.tree(), tree(&world.sandbox.path("dotfiles"))];
    world.run(SETUP).ok();
    assert!(world.conf().is_symlink() && world.text().contains(INDEX));
    assert_eq!(fs::metadata(&target).expect("it is there").permissions().mode() & 0o7777, 0o640);
    world.run(UNDO).ok();
    assert_eq!([world.tree(), tree(&world.sandbox.path("dotfiles"))], untouched);
}

#[test]
fn a_pip_conf_that_cannot_be_written_keeps_the_links_from_being_made() {
    let world = World::with(b"# mine\n");
    fs::remove_dir(world.sandbox.path("data")).expect("a new sandbox has an empty one");
    fs::set_permissions(world.conf(), fs::Permissions::from_mode(0o444)).expect("the sandbox is ours");
    let untouched = world.tree();
    let said = world.run(SETUP);
    assert!(said.code == 78 && said.stderr.contains("pip.conf is read-only"), "{said}");
    assert_eq!(world.tree(), untouched);
    assert!(!world.sandbox.path("state/mirror/undo/pip.json").exists(), "nothing to undo");
}
