//! When pip ends with "No matching distribution found" because of the network, the shim adds why, and says nothing more.

use mirror_tests::{Fault, IndexServer, Ran, refused_url};

use super::world::{NAME, World, each_pip};

/// The lines that the shim said, of which the first is an error of this kind.
#[track_caller]
fn causes(ran: &Ran, kind: &str) -> Vec<String> {
    let said: Vec<String> = ran.stderr.lines().filter(|line| line.starts_with("mirror: ")).map(str::to_owned).collect();
    assert_eq!(ran.code, 1, "pip's own: {ran}");
    assert!(said.first().is_some_and(|line| line.starts_with(&format!("mirror: error[{kind}]: {NAME}: "))), "{ran}");
    assert!(said.len() == 2 && said[1].starts_with("mirror: hint: "), "one line and its hint: {ran}");
    let at = |text: &str| ran.stderr.rfind(text);
    assert!(at("mirror: error") > at("No matching distribution found"), "behind pip's own last line: {ran}");
    said
}

#[test]
fn who_was_asked_and_why_each_could_not_help_is_told_behind_pip_s_own_error() {
    each_pip(|pip| {
        let mut world = World::new(pip);
        world.upstream.web.stop();
        let dead = format!("{}/simple/", refused_url());
        world.configure(|_| dead.clone(), "");
        let said = causes(&world.download(&[NAME]), "E-EXHAUSTED");
        for name in ["upstream", "ash", "birch", "cedar"] {
            assert!(said[0].contains(&format!("{name}: connection refused")), "{said:?}");
        }
        assert_eq!(world.sandbox.report()[0]["error"], "E-EXHAUSTED");

        world.forget();
        world.configure(|name| world.mirror(name).index(), "");
        world.mirror("ash").web.set(Fault::status(503));
        world.mirror("birch").web.set(Fault::captive_portal());
        let said = causes(&world.download(&[NAME]), "E-QUORUM");
        assert!(
            said[0].contains("ash: HTTP 503") && said[0].contains("birch: does not answer like a mirror"),
            "{said:?}"
        );

        world.forget();
        world.each_mirror(|server| server.web.refuse_agent("pip/"));
        let said = causes(&world.download(&[NAME]), "E-EXHAUSTED");
        assert!(said[0].contains("cedar: HTTP 403"), "{said:?}");
    });
}

#[test]
fn a_private_name_that_upstream_cannot_be_asked_about_stays_private_and_that_is_told() {
    each_pip(|pip| {
        let mut world = World::new(pip);
        world.upstream.web.stop();
        world.configure(|name| world.mirror(name).index(), "private = [\"certi*\"]\n");
        let said = causes(&world.download(&[NAME]), "E-EXHAUSTED");
        assert!(said[0].contains("mirrors may not hear of a private name (upstream: connection refused)"), "{said:?}");
        world.mirrors.iter().for_each(|(name, server)| assert!(server.web.log().is_empty(), "{name} was asked"));
    });
}

#[test]
fn a_file_that_nobody_has_is_a_cause_and_one_that_pip_does_without_is_none() {
    each_pip(|pip| {
        let world = World::new(pip);
        let spoil = |server: &IndexServer| server.web.set_where(IndexServer::is_file, Fault::status(503));
        world.each_mirror(spoil);
        spoil(&world.upstream);
        let ran = world.download(&[NAME]);
        assert_eq!(ran.code, 1, "{ran}");
        let lines = ran.stderr.lines().filter(|line| line.starts_with("mirror: error[E-EXHAUSTED]: certifi-")).count();
        assert_eq!(lines, 1, "{ran}");
        assert!(ran.stderr.contains("upstream: HTTP 503"), "{ran}");
        assert!(!ran.stderr.contains("went on without it"), "nothing went on: {ran}");
    });
}

#[test]
fn what_is_not_the_network_s_fault_is_left_to_pip() {
    each_pip(|pip| {
        let world = World::new(pip);
        for arguments in [&["no-such-project-here"][..], &["certifi==0.0.1"], &["-r", "missing.txt"], &["--unknown"]] {
            let ran = world.download(arguments).fails();
            assert!(!ran.stderr.contains("mirror:"), "{ran}");
        }
    });
}

#[test]
fn that_mirrors_alone_say_that_there_is_no_such_project_is_told() {
    each_pip(|pip| {
        let mut world = World::new(pip);
        world.upstream.web.stop();
        let ran = world.download(&["no-such-project-here"]).fails();
        let told = "mirror: warning: upstream does not answer; mirrors say that there is no no-such-project-here";
        assert!(ran.stderr.contains(told), "{ran}");
    });
}
