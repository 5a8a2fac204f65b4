//! `cargo mirror setup pip`, `undo pip`, `status pip` and what `doctor` says of pip, with the built programs: links to the
//! shim, and what PATH makes of them. What becomes of `pip.conf` is tested in `conf`.

use std::{fs, os::unix::fs::symlink, path::Path};

use mirror_tests::{Sandbox, refused_url, search_path};
use serde_json::Value;

use super::setup_stage::{CONFIG, INDEX, LINKS, SETUP, UNDO, World, on_machine, tree};

#[test]
fn every_pip_and_python_on_path_gets_its_link_and_undo_leaves_nothing() {
    let world = World::new();
    for name in ["pip3.11", "python3.12", "python2.7", "pip2.7", "python3.12-config"] {
        world.sandbox.add_script(name, "true");
    }
    world.file("bin/pip3.9", b"not a program");
    fs::remove_dir(world.sandbox.path("data")).expect("a new sandbox has an empty one");
    let untouched = world.tree();
    let said = world.run(&["setup", "pip", "--dry-run"]).ok();
    assert!(said.stdout.contains("dry run") && said.stdout.contains("pip3.12"), "{said}");
    assert_eq!(world.tree(), untouched);
    let said = world.run(LINKS).ok();
    let mut linked: Vec<String> = fs::read_dir(world.shims())
        .expect("it was made")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    linked.sort();
    assert_eq!(linked, ["pip", "pip3", "pip3.11", "pip3.12"], "{said}");
    for name in &linked {
        assert_eq!(fs::read_link(world.shims().join(name)).expect("a link"), world.shim());
    }
    let again = world.run(LINKS).ok();
    assert!(again.stdout.contains("nothing to do"), "{again}");
    world.sandbox.add_script("python3.13", "true");
    world.run(LINKS).ok();
    assert!(world.shims().join("pip3.13").is_symlink());
    let undone = world.run(UNDO).ok();
    assert!(undone.stdout.contains("removed the links in") && undone.stdout.contains("pip3.13"), "{undone}");
    assert_eq!(world.tree(), untouched, "the folders were made for it");
    assert!(!world.sandbox.path("state/mirror/undo/pip.json").exists(), "the record is gone");
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("nothing to undo"), "{said}");
}

#[test]
fn the_line_that_is_told_puts_the_shim_before_the_real_pip() {
    let world = World { sandbox: Sandbox::new() };
    world.sandbox.mirror_config(CONFIG);
    let plain = |program: &str, arguments: &[&str]| {
        let mut command = world.sandbox.command(program);
        command.args(arguments);
        world.sandbox.run(command)
    };
    if on_machine("pip").is_none() || plain("pip", &["--version"]).code != 0 {
        eprintln!("skipped: there is no pip here");
        return;
    }
    let real = plain("pip", &["--version"]).ok().stdout;
    let mut asked = 0;
    for shell in ["sh", "bash", "zsh", "fish", "tcsh", "nu"] {
        let Some(program) = on_machine(shell) else { continue };
        let mut command = world.sandbox.panel(LINKS);
        command.env("SHELL", &program);
        let said = world.sandbox.run(command).ok();
        let line = said.stdout.lines().find_map(|line| Some(line.strip_prefix("  ")?).filter(|l| l.contains("shims")));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        let found =
            plain(program.to_str().expect("plain names"), &["-c", &format!("{line}\nwhich pip\npip --version")]);
        let shim = world.shims().join("pip").display().to_string();
        assert_eq!(found.ok().stdout, format!("{shim}\n{real}"), "{shell}: {line}");
        asked += 1;
    }
    assert!(asked >= 1, "there is a shell");
    let status = |path: String| -> Value {
        let mut command = world.sandbox.panel(&["status", "pip", "--json"]);
        command.env("PATH", path);
        serde_json::from_str(&world.sandbox.run(command).ok().stdout).expect("JSON")
    };
    let (machine, shims) = (search_path().into_string().expect("plain names"), world.shims().display().to_string());
    let front = status(format!("{shims}:{machine}"));
    assert_eq!((front["in_front"].as_bool(), front["on_path"].as_bool()), (Some(true), Some(true)), "{front}");
    assert!(front["install"]["pip"].as_str().is_some_and(|pip| !pip.starts_with(&shims)), "{front}");
    assert_eq!(front["install"]["injects"].as_bool(), Some(true), "{front}");
    let behind = status(format!("{machine}:{shims}"));
    assert_eq!((behind["in_front"].as_bool(), behind["on_path"].as_bool()), (Some(false), Some(true)), "{behind}");
}

#[test]
fn what_is_not_ours_is_not_linked_over() {
    for what in ["a file", "a folder", "a link"] {
        let world = World::with(b"# mine\n");
        world.file("work/theirs", b"#!/bin/sh\n");
        fs::create_dir_all(world.shims()).expect("the sandbox is ours");
        let name = world.shims().join("pip3");
        match what {
            "a file" => fs::write(&name, "theirs").expect("the sandbox is ours"),
            "a folder" => fs::create_dir(&name).expect("the sandbox is ours"),
            _ => symlink(world.sandbox.path("work/theirs"), &name).expect("the sandbox is ours"),
        }
        let untouched = world.tree();
        let said = world.run(SETUP);
        assert!(said.code == 78 && said.stderr.contains(&name.display().to_string()), "{what}: {said}");
        assert_eq!(world.tree(), untouched, "{what}: nothing else either");
        let hint = said.stderr.lines().find_map(|line| line.strip_prefix("mirror: hint: ")).expect("there is one");
        let (moves, again) = hint.split_once(" && ").expect("two commands");
        let mut shell = world.sandbox.command("sh");
        shell.args(["-c", moves]);
        world.sandbox.run(shell).ok();
        let again: Vec<&str> = again.strip_prefix("cargo mirror ").expect("ours").split(' ').chain(["--yes"]).collect();
        world.run(&again).ok();
    }
}

#[test]
fn a_link_that_somebody_else_changed_since_stays_and_one_made_by_hand_comes_back() {
    let world = World::new();
    fs::create_dir_all(world.shims()).expect("the sandbox is ours");
    // As it was done by hand, before the shim moved.
    symlink("/gone/bin/pip-shim", world.shims().join("pip")).expect("the sandbox is ours");
    let untouched = world.tree();
    assert!(
        world.doctor(&[]).iter().any(|(what, hint)| what.contains("leads nowhere") && hint == "cargo mirror setup pip")
    );
    let said = world.run(LINKS).ok();
    assert!(said.stdout.contains("instead of /gone/bin/pip-shim"), "{said}");
    assert!(!world.doctor(&[]).iter().any(|(what, _)| what.contains("leads nowhere")));
    world.run(UNDO).ok();
    assert_eq!(world.tree(), untouched);
    world.run(LINKS).ok();
    let changed = world.shims().join("pip3");
    fs::remove_file(&changed).expect("it is there");
    symlink("/usr/bin/true", &changed).expect("the sandbox is ours");
    let said = world.run(UNDO).ok();
    assert!(said.stdout.contains("pip3 was changed since, and stays"), "{said}");
    assert_eq!(fs::read_link(&changed).expect("a link"), Path::new("/usr/bin/true"));
    assert!(fs::read_link(world.shims().join("pip")).is_ok_and(|target| target == Path::new("/gone/bin/pip-shim")));
}

#[test]
fn a_shim_that_moved_is_followed() {
    let world = World::new();
    fs::remove_dir(world.sandbox.path("data")).expect("a new sandbox has an empty one");
    let untouched = world.tree();
    world.run(LINKS).ok();
    let moved = world.sandbox.path("bin/pip-shim");
    fs::rename(world.shim(), &moved).expect("the sandbox is ours");
    world.run(LINKS).ok();
    assert_eq!(fs::read_link(world.shims().join("pip")).expect("a link"), moved);
    world.run(UNDO).ok();
    assert_eq!(world.tree(), untouched);
}

#[test]
fn without_the_shim_the_hint_installs_it() {
    let world = World::new();
    fs::remove_file(world.shim()).expect("the sandbox is ours");
    let untouched = world.tree();
    let said = world.run(SETUP);
    assert!(said.code == 78 && said.stderr.contains("pip-shim is neither on PATH"), "{said}");
    let hint = said.stderr.lines().find_map(|line| line.strip_prefix("mirror: hint: ")).expect("there is one");
    let folder = hint.strip_prefix("cargo install --locked --path '").and_then(|rest| rest.strip_suffix('\''));
    let manifest = Path::new(folder.unwrap_or_else(|| panic!("{hint}"))).join("Cargo.toml");
    assert!(fs::read_to_string(manifest).is_ok_and(|text| text.contains("name = \"pip-shim\"")), "{hint}");
    assert_eq!(world.tree(), untouched);
}

#[test]
fn thirty_two_set_ups_at_once_leave_one_that_is_whole() {
    let world = World::with(b"# mine\n[global]\ntimeout = 60\n");
    fs::remove_dir(world.sandbox.path("data")).expect("a new sandbox has an empty one");
    let untouched = world.tree();
    std::thread::scope(|scope| {
        for nth in 0..32 {
            let world = &world;
            let mirror = if nth % 2 == 0 { "campus" } else { "other" };
            scope.spawn(move || world.run(&["setup", "pip", "--pip-conf", "--mirror", mirror, "--yes"]).ok());
        }
    });
    world.run(SETUP).ok();
    assert_eq!(world.text(), format!("# mine\n[global]\ntimeout = 60\nindex-url = {INDEX}\n"));
    for folder in [world.shims(), world.sandbox.path("config/pip")] {
        let left = fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.file_name());
        let odd: Vec<_> = left.filter(|name| name.to_string_lossy().contains("cargo-mirror")).collect();
        assert!(odd.is_empty(), "nothing is left over: {odd:?}");
    }
    world.run(UNDO).ok();
    assert_eq!(world.tree(), untouched);
}

#[test]
fn a_set_up_killed_at_any_moment_leaves_old_or_new_and_the_next_run_repairs() {
    let before = b"# mine\n[global]\ntimeout = 60\n".to_vec();
    let after = [before.clone(), format!("index-url = {INDEX}\n").into_bytes()].concat();
    let fresh = format!("[global]\nindex-url = {INDEX}\n");
    let whole = World::with(&before);
    let started = std::time::Instant::now();
    whole.run(SETUP).ok();
    let takes = started.elapsed();
    let names = tree(&whole.shims()).len();
    let (mut killed, mut begun) = (0, 0);
    for nth in 0..60_u32 {
        // Every third one has no file yet, nor a folder for it.
        let (world, before) = if nth % 3 == 0 { (World::new(), None) } else { (World::with(&before), Some(&before)) };
        fs::remove_dir(world.sandbox.path("data")).expect("a new sandbox has an empty one");
        let untouched = world.tree();
        // All moments of a run, and a little beyond.
        let moment = takes * nth / 48;
        let ended = world.sandbox.run_until(world.command(SETUP), |elapsed| elapsed >= moment);
        killed += u32::from(ended.was_killed());
        let after = before.map_or_else(|| fresh.clone().into_bytes(), |_| after.clone());
        let found = fs::read(world.conf()).ok();
        assert!(found.as_ref() == before || found.as_ref() == Some(&after), "{found:?}");
        for (path, what) in tree(&world.shims()) {
            assert!(what.ends_with("a folder") || what.ends_with("programs/pip-shim"), "{path} {what}");
        }
        begun += u32::from(world.tree() != untouched);
        if nth % 2 == 0 {
            world.run(SETUP).ok();
            assert_eq!(fs::read(world.conf()).expect("it is there by now"), after);
            assert_eq!(tree(&world.shims()).len(), names);
        }
        world.run(UNDO).ok();
        assert_eq!(world.tree(), untouched, "killed after {moment:?} of {takes:?}");
    }
    assert!(killed > 5, "only {killed} were killed, {begun} had begun");
}

#[test]
fn the_doctor_says_what_of_pip_will_not_work() {
    let world = World::new();
    assert_eq!(world.doctor(&[]), [], "nothing is set up");
    world.run(SETUP).ok();
    world.sandbox.add_script("pip", "true");
    let (shims, bin) = (world.shims().display().to_string(), world.sandbox.path("bin").display().to_string());
    let programs = world.sandbox.path("programs").display().to_string();
    let front = [("PATH", format!("{shims}:{bin}:{programs}"))];
    let behind = [("PATH", format!("{bin}:{programs}:{shims}"))];
    let said = |variables: &[(&str, String)]| {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
        world.doctor(&variables)
    };
    assert_eq!(said(&front), []);
    let one = |variables: &[(&str, String)], what: &str, hint: &str| {
        let found = said(variables);
        assert!(found.len() == 1 && found[0].0.contains(what) && found[0].1.contains(hint), "{variables:?}: {found:?}");
    };
    let also = |name: &'static str, text: &str| [front.as_slice(), &[(name, text.to_owned())]].concat();
    one(&behind, "is on PATH behind", &format!("export PATH='{shims}':\"$PATH\""));
    one(&[("PATH", format!("{bin}:{programs}"))], "is not on PATH", "export PATH=");
    one(&also("PIP_INDEX_URL", "https://e.example/"), "PIP_INDEX_URL says otherwise", "unset PIP_INDEX_URL");
    one(
        &also("PIP_TRUSTED_HOST", "x.example pypi.other.example"),
        "PIP_TRUSTED_HOST: x.example pypi.other.example trusted without certificates",
        "unset PIP_TRUSTED_HOST",
    );
    one(&also("PIP_EXTRA_INDEX_URL", "https://pypi.other.example/s"), "is an extra index", "unset PIP_EXTRA_INDEX_URL");
    one(&also("PIP_CONFIG_FILE", "/dev/null"), "keeps pip from reading", "unset PIP_CONFIG_FILE");
    world.file("work/venv/pip.conf", b"[global]\nindex-url = https://e.example/\n");
    let venv = world.sandbox.path("work/venv").display().to_string();
    one(&also("VIRTUAL_ENV", &venv), "venv/pip.conf:2 says otherwise", "venv/pip.conf'");
    world.file("prefix/pip.conf", b"[global]\na = 1\n[global]\n");
    one(&front, "pip.conf:3: this section is there already", "prefix/pip.conf'");
    fs::remove_file(world.sandbox.path("prefix/pip.conf")).expect("it is there");
    world.sandbox.add_script("uv", "true");
    one(&front, "uv goes neither", "cargo mirror setup pip");
    assert_eq!(said(&also("UV_DEFAULT_INDEX", INDEX)), []);
    fs::rename(world.shim(), world.sandbox.path("programs/other")).expect("the sandbox is ours");
    let gone = said(&also("UV_DEFAULT_INDEX", INDEX));
    assert!(gone.iter().all(|(what, _)| what.contains("leads nowhere")) && gone.len() == 2, "{gone:?}");
    assert!(gone[0].1.starts_with("cargo install --locked --path"), "{gone:?}");
}

#[test]
fn status_says_who_chose_the_index_and_what_set_up_did() {
    let world = World::with(b"# mine\n[global]\ntimeout = 60\n");
    world.sandbox.add_script("pip", "true");
    world.add_git();
    let status = |variables: &[(&str, &str)]| world.json(&["status", "pip", "--json"], variables);
    let bare = status(&[]);
    assert!(bare["edit"].is_null() && bare["links"].as_array().is_some_and(Vec::is_empty), "{bare}");
    assert_eq!(bare["install"]["injects"].as_bool(), Some(true), "{bare}");
    world.run(SETUP).ok();
    let done = status(&[]);
    assert_eq!(done["edit"]["index"], INDEX, "{done}");
    assert!(done["links"].as_array().is_some_and(|links| links.len() == 2 && links[0]["leads"] == true), "{done}");
    let told = status(&[("PIP_INDEX_URL", "https://e.example/")]);
    assert_eq!(told["install"]["why"], "PIP_INDEX_URL says where packages come from", "{told}");
    let values = told["values"].as_array().expect("a list");
    let value = |key: &str| values.iter().find(|value| value["key"] == key).unwrap_or_else(|| panic!("{key}: {told}"));
    assert_eq!(value("global.index-url")["in_force"].as_bool(), Some(false));
    assert!(value("global.index-url")["origin"].as_str().is_some_and(|place| place.ends_with("pip.conf:4")));
    assert_eq!(value("PIP_INDEX_URL")["in_force"].as_bool(), Some(true));
    let text = world.run(&["status", "pip"]).ok().stdout;
    assert!(
        text.contains("is not on PATH") && text.contains("without the shim, pip uses https://pypi.campus"),
        "{text}"
    );
    let all = world.json(&["status", "--json"], &[]);
    assert!(all["cargo"].is_object() && all["git"].is_object() && all["pip"]["edit"].is_object(), "{all}");
}

#[test]
fn pip_is_set_up_and_undone_with_all_tools_where_its_shim_is_installed() {
    let world = World::new();
    world.add_git();
    let all = |world: &World| world.run(&["setup", "all", "--mirror", "m", "--yes"]);
    let cargo = "[mirrors.m]\ncargo = \"sparse+https://crates.campus.example/index/\"\n";
    world.sandbox.mirror_config(&format!("{CONFIG}{cargo}"));
    let said = all(&world).ok();
    assert!(world.shims().join("pip").is_symlink() && !world.conf().exists(), "{said}");
    assert!(said.stdout.contains("export UV_DEFAULT_INDEX='https://pypi."), "{said}");
    let undone = world.run(&["undo"]).ok();
    assert!(!world.shims().exists(), "{undone}");
    fs::remove_file(world.shim()).expect("the sandbox is ours");
    let said = all(&world).ok();
    assert!(said.stderr.contains("pip is left as it is") && !world.shims().exists(), "{said}");
}

#[test]
fn without_a_terminal_the_answer_must_be_given() {
    let world = World::with(b"# mine\n");
    let untouched = world.tree();
    let said = world.run(&["setup", "pip"]);
    assert!(said.code == 64 && said.stderr.contains("--yes"), "{said}");
    let said = world.run(&["setup", "pip", "--pip-conf", "--dry-run", "--mirror", "campus"]).ok();
    assert!(said.stdout.contains(&format!("+index-url = {INDEX}")) && said.stdout.contains("link "), "{said}");
    assert_eq!(world.tree(), untouched);
    // Nobody is there to measure, and nobody is asked.
    let nobody = refused_url();
    world.sandbox.mirror_config(&format!("[catalog]\nbuiltin = false\n[mirrors.m]\npypi = \"{nobody}\"\n"));
    let said = world.run(&["setup", "pip", "--pip-conf", "--yes"]).ok();
    assert!(said.stderr.contains("cargo mirror probe pip") && world.text().contains(&nobody), "{said}");
}
