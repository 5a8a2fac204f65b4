//! Each program opens a configuration file once, and one that needs no configuration not at all.

use std::fs;

use mirror_tests::{Openings, Ran, Sandbox};

use super::{
    setup_stage,
    stage::{MIRROR, PipStage},
    world::{self, NAME, one_pip},
};

/// How often the user's file is opened meanwhile; it is an ordinary file again afterwards.
fn opened(sandbox: &Sandbox, run: impl FnOnce() -> Ran) -> (usize, Ran) {
    let path = sandbox.path("config/mirror/config.toml");
    let text = fs::read(&path).expect("it was written");
    let openings = Openings::of(&path);
    let ran = run();
    let count = openings.count();
    fs::remove_file(&path).and_then(|()| fs::write(&path, text)).expect("the sandbox is ours");
    (count, ran)
}

#[test]
fn the_control_panel_opens_it_once() {
    let world = setup_stage::World::new();
    world.add_git();
    // A mirror that is switched off is known all the same.
    let more = "[mirrors.crates]\ncargo = \"sparse+https://crates.example/\"\n[mirrors.off]\nenabled = false\n";
    world.sandbox.mirror_config(&format!("{}{more}", setup_stage::CONFIG));
    let count = |arguments: &[&str]| {
        let (count, ran) = opened(&world.sandbox, || world.run(arguments));
        (count, ran.ok())
    };
    for arguments in [
        &["doctor"][..],
        &["status"],
        &["status", "cargo"],
        &["status", "git"],
        &["list"],
        &["catalog"],
        &["setup", "--dry-run"],
        &["setup", "git", "--transparent", "--dry-run"],
        &["use", "crates", "--dry-run"],
        &["setup", "pip", "--dry-run"],
        &["cache"],
    ] {
        let (count, said) = count(arguments);
        assert_eq!(count, 1, "{said}");
    }
    for arguments in [&["undo"][..], &["status", "pip"], &["setup", "git", "--dry-run"], &["ledger"]] {
        let (count, said) = count(arguments);
        assert_eq!(count, 0, "{said}");
    }
    // With a pip behind it the shim has something to say of its own, and it is another program.
    world.sandbox.add_script("pip", "true");
    let (count, said) = count(&["status"]);
    assert_eq!(count, 2, "{said}");
}

#[test]
fn a_broken_one_stops_only_who_needs_it() {
    let world = setup_stage::World::new();
    world.add_git();
    world.sandbox.mirror_config("[git]\ntrust = \"blind\"\n");
    let broken = |said: &str| said.contains("config.toml:2") && said.contains("git.trust");
    let (count, said) = opened(&world.sandbox, || world.run(&["doctor", "--json"]));
    assert!(count == 1 && said.code == 0 && broken(&said.stdout), "{count}: {said}");
    assert!(said.stdout.contains("cargo cannot be started"), "the doctor goes on: {said}");
    for arguments in [&["undo"][..], &["status", "pip"], &["setup", "git", "--dry-run"]] {
        world.run(arguments).ok();
    }
    for arguments in [&["status"][..], &["list"], &["setup", "cargo", "--dry-run"]] {
        let said = world.run(arguments);
        assert!(said.code == 78 && broken(&said.stderr), "{said}");
    }
    world.sandbox.mirror_config("[mirrors.plain]\npypi = \"http://m.example/simple/\"\n");
    let said = world.run(&["doctor", "--json"]).ok();
    assert!(said.stdout.contains("config.toml:2"), "an address that is not allowed: {said}");
}

#[test]
fn pip_through_the_relay_opens_it_once() {
    one_pip(|pip| {
        let world = world::World::new(pip);
        // For this file the shim asks what is allowed, before it asks for anything else.
        world.file("requirements.txt", &format!("--extra-index-url {}\n{NAME}\n", world.upstream.index()));
        for wanted in [&[NAME][..], &["-r", "requirements.txt"]] {
            let (count, said) = opened(&world.sandbox, || world.download(wanted));
            assert_eq!((count, said.code), (1, 0), "{said}");
            assert!(said.stdout.contains("/pypi/simple/"), "pip asked the relay: {said}");
        }
    });
}

#[test]
fn the_shim_opens_it_once_at_most() {
    let stage = PipStage::new(MIRROR);
    stage.file("moved.txt", "--index-url https://other.example/simple/\nx\n");
    for (line, expected) in [
        ("install x", 1),
        ("list", 1),
        ("install -r moved.txt", 1),
        // pip goes where it is told to, by our `[proxy]` and with our `[tls]`.
        ("install -i https://own.example/simple/ x", 1),
        ("--version", 0),
        ("freeze", 0),
    ] {
        let (count, ran) = opened(&stage.sandbox, || stage.sandbox.run(stage.pip(line.split(' '))));
        assert_eq!((count, ran.code), (expected, 0), "{line}: {ran}");
    }
}
