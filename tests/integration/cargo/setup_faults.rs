//! Set-ups of cargo at once, killed, and where nothing can be written: a configuration is old or new, and nothing else of it
//! changes.

use std::{collections::BTreeMap, fs, path::Path};

use super::setup::{Cargo, INCLUDED, SETUP, UNDO, World, contents};

#[test]
fn thirty_two_set_ups_at_once_leave_one_that_is_whole() {
    let before = b"# mine\n[build]\njobs = 2\n";
    let world = World::new(Cargo::New, Some(before));
    std::thread::scope(|scope| {
        for nth in 0..32 {
            let world = &world;
            let mirror = if nth % 2 == 0 { "campus" } else { "other" };
            scope.spawn(move || world.run(&["setup", "cargo", "--mirror", mirror, "--yes"]).ok());
        }
    });
    let last = world.run(&["use", "campus"]).ok();
    assert!(last.code == 0, "{last}");
    let files = contents(&world.home());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["config.toml", "mirror.toml"], "nothing is left over");
    assert_eq!(String::from_utf8_lossy(&files["mirror.toml"]), INCLUDED);
    world.run(UNDO).ok();
    assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), before.to_vec())]));
}

#[test]
fn a_set_up_killed_at_any_moment_leaves_old_or_new_and_can_be_undone() {
    let before = b"# mine\n[source.crates-io]\nreplace-with = 'tuna'\n[source.tuna]\nregistry = \"sparse+https://mirrors.tuna.tsinghua.edu.cn/crates.io-index/\"\n".to_vec();
    let whole = World::new(Cargo::New, Some(&before));
    let started = std::time::Instant::now();
    whole.run(SETUP).ok();
    let takes = started.elapsed();
    let after = contents(&whole.home());
    let (mut killed, mut done) = (0, 0);
    for nth in 0..50_u32 {
        let world = World::new(Cargo::New, Some(&before));
        // All moments of a run, and a little beyond.
        let moment = takes * nth / 40;
        let ended = world.sandbox.run_until(world.command(SETUP), |elapsed| elapsed >= moment);
        killed += u32::from(ended.was_killed());
        let found = fs::read(world.file()).expect("it is always there");
        assert!(found == before || found == after["config.toml"], "{}", String::from_utf8_lossy(&found));
        if let Ok(own) = fs::read(world.home().join("mirror.toml")) {
            assert_eq!(own, after["mirror.toml"]);
        } else {
            assert_eq!(found, before, "what is included comes first");
        }
        done += u32::from(found != before);
        if nth % 2 == 0 {
            world.run(SETUP).ok();
            assert_eq!(fs::read(world.file()).ok().as_ref(), after.get("config.toml"));
        }
        world.run(UNDO).ok();
        assert_eq!(fs::read(world.file()).expect("it is always there"), before);
        assert!(!world.home().join("mirror.toml").exists());
    }
    assert!(killed > 5, "only {killed} were killed, {done} were done");
}

#[cfg(unix)]
#[test]
fn mode_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    for cargo in [Cargo::New, Cargo::Old] {
        for wanted in [0o600, 0o640, 0o664] {
            let world = World::new(cargo, Some(b"# mine\n"));
            fs::set_permissions(world.file(), fs::Permissions::from_mode(wanted)).expect("the sandbox is ours");
            world.run(SETUP).ok();
            assert_eq!(mode(&world.file()), wanted);
            world.run(UNDO).ok();
            assert_eq!((mode(&world.file()), world.text().as_str()), (wanted, "# mine\n"));
        }
        let world = World::new(cargo, None);
        let target = world.sandbox.path("dotfiles/cargo.toml");
        fs::create_dir(world.sandbox.path("dotfiles")).expect("the sandbox is ours");
        fs::write(&target, "# mine\n").expect("the sandbox is ours");
        symlink("../dotfiles/cargo.toml", world.file()).expect("the sandbox is ours");
        world.run(SETUP).ok();
        assert!(world.file().is_symlink() && fs::read_to_string(&target).is_ok_and(|text| text.contains("mirror")));
        world.run(UNDO).ok();
        assert!(world.file().is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "# mine\n");
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(Cargo::New, Some(b"# mine\n"));
    fs::set_permissions(world.file(), fs::Permissions::from_mode(0o444)).expect("the sandbox is ours");
    let said = world.run(SETUP);
    assert_eq!(said.code, 78, "{said}");
    assert!(said.stderr.contains("E-PERM") && said.stderr.contains("config.toml is read-only"), "{said}");
    assert_eq!(contents(&world.home()), BTreeMap::from([("config.toml".to_owned(), b"# mine\n".to_vec())]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_folder_change_nothing() {
    for (options, full, words) in [("size=16k", true, "space"), ("size=64k", false, "ead-only")] {
        let world = World::new(Cargo::New, None);
        // A mount of one's own needs root, or a kernel that lets everybody have a user namespace.
        let home = world.home().display().to_string();
        let program = world.sandbox.path("programs/cargo-mirror").display().to_string();
        let spoil = if full {
            format!("dd if=/dev/zero of='{home}/fill' bs=1k status=none 2>/dev/null; true")
        } else {
            format!("mount -o remount,ro '{home}'")
        };
        let script = format!(
            "mount -t tmpfs -o {options} none '{home}' || exit 99\nprintf '# mine\\n' > '{home}/config.toml'\n{spoil}\n\
             '{program}' {}\ncode=$?\ncat '{home}/config.toml'\nls -A '{home}'\nexit $code",
            SETUP.join(" ")
        );
        let mut command = world.sandbox.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script]);
        let said = world.sandbox.run(command);
        if said.code == 99 || said.stderr.contains("unshare") {
            eprintln!("not tested here, since nothing can be mounted: {said}");
            return;
        }
        assert!(said.code == 74 || said.code == 78, "{said}");
        assert!(said.stderr.contains(words) && said.stderr.contains(&home), "{said}");
        let listed: Vec<&str> = said.stdout.lines().skip_while(|line| *line != "# mine").collect();
        let expected: &[&str] = if full { &["# mine", "config.toml", "fill"] } else { &["# mine", "config.toml"] };
        assert_eq!(listed, expected, "{said}");
        assert!(!world.sandbox.path("state/mirror/undo/cargo.json").exists(), "nothing to undo");
    }
}
