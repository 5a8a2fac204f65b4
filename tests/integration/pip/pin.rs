//! Wheels that `mirror.lock` fixes, seen by real pips.

use std::fs;

use mirror_tests::{Ran, Tamper, refused_url};

use super::world::{NAME, World, each_pip};

fn pin(world: &World) -> Ran {
    let mut command = world.sandbox.command("cargo-mirror");
    command.args(["mirror", "pin", "--wheels", "got"]);
    world.sandbox.run(command)
}

#[test]
fn wheels_that_are_pinned_come_as_pinned_or_not_at_all() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.download(&[NAME]).ok();
        pin(&world).ok();
        let lock = world.sandbox.work().join("mirror.lock");
        let text = fs::read_to_string(&lock).expect("it was written");
        assert!(text.contains(&world.stock.wheel(NAME).checksum), "{text}");

        // Upstream and everyone else say something new: nothing comes.
        world.forget();
        world.upstream.tamper(NAME, Tamper::Both);
        world.each_mirror(|server| server.tamper(NAME, Tamper::Both));
        let ran = world.download(&[NAME]).fails();
        assert!(ran.stderr.contains("error[E-DIGEST]") && ran.stderr.contains("mirror.lock says"), "{ran}");
        world.upstream.restore();
        world.each_mirror(mirror_tests::IndexServer::restore);

        // Upstream is silent and one mirror is left: the pin is evidence enough.
        world.forget();
        let nowhere = format!("{}/simple/", refused_url());
        world.configure(|name| if name == "ash" { world.mirror(name).index() } else { nowhere.clone() }, "");
        let config = fs::read_to_string(world.sandbox.path("config/mirror/config.toml")).expect("it was written");
        world.sandbox.mirror_config(&config.replacen(&world.upstream.index(), &nowhere, 1));
        world.download(&[NAME]).ok();
        world.assert_right(NAME, "pinned");
        assert_eq!(world.sandbox.report().last().expect("a report")["verdict"], "pinned");
    });
}

#[test]
fn where_only_pins_count_no_other_wheel_comes_and_a_wrong_one_is_not_pinned() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.download(&[NAME]).ok();
        world.configure(|name| world.mirror(name).index(), "trust = \"pinned\"\n");
        world.forget();
        let ran = world.download(&[NAME]).fails();
        assert!(ran.stderr.contains("error[E-UNPINNED]"), "{ran}");
        let wheel = world.folder().join(&world.stock.wheel(NAME).name);
        fs::create_dir_all(world.folder()).and_then(|()| fs::write(&wheel, "not it")).expect("ours");
        let ran = pin(&world).fails();
        assert!(ran.code == 65 && ran.stderr.contains("error[E-DIGEST]"), "{ran}");
    });
}
