//! An upstream that swallows packets: it costs pip once, and what it says late still counts.

use std::time::Duration;

use mirror_tests::{Fault, IndexServer, Tamper};

use super::world::{NAME, World, each_pip, one_pip};

#[test]
fn a_black_hole_is_learned_and_forgotten_when_upstream_is_heard() {
    each_pip(|pip| {
        let world = World::new(pip);
        world.upstream.web.set(Fault::BlackHole);
        for _ in 0..2 {
            let ran = world.download(&["requests"]).ok();
            assert!(ran.stderr.contains("upstream does not answer"), "{ran}");
        }
        world.upstream.web.heal();
        world.download(&["requests"]).ok();
        world.sandbox.forget_reports();
        let ran = world.download(&["requests"]).ok();
        assert_eq!(world.sandbox.report()[0]["verdict"], "upstream", "{ran}");
        assert!(!ran.stderr.contains("mirror:"), "{ran}");
    });
}

#[test]
fn upstream_that_contradicts_late_stops_pip_before_a_file_is_handed_on() {
    one_pip(|pip| {
        let world = World::new(pip);
        world.upstream.web.set_where(IndexServer::is_page, Fault::Delay(Duration::from_millis(1900)));
        world.each_mirror(|server| {
            server.tamper(NAME, Tamper::Both);
            let late = |seen: &mirror_tests::Seen| IndexServer::is_file(seen) || IndexServer::is_metadata(seen);
            server.web.set_where(late, Fault::Delay(Duration::from_millis(2700)));
        });
        let ran = world.download(&["--retries", "0", NAME]).fails();
        assert!(ran.stderr.contains("E-DIGEST") && ran.stderr.contains("answers now"), "{ran}");
        assert!(!world.folder().is_dir() || world.folder().read_dir().is_ok_and(|mut all| all.next().is_none()));
    });
}
