//! How a pip with the relay ends: with the shim, whoever ends first and however.

use std::{
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{Fault, processes};

use super::world::{NAME, World, each_pip};

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A pip that waits for the relay, which waits for mirrors and upstream, and the port of the relay.
fn waiting(world: &World) -> (Child, u16) {
    world.each_mirror(|server| server.web.set(Fault::BlackHole));
    world.upstream.web.set(Fault::BlackHole);
    let mut command = world.downloading(&[NAME]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let child = command.spawn().expect("the shim can be started");
    wait(world, "pip asks", || !world.upstream.web.log().is_empty());
    let index = processes(&world.sandbox).iter().find_map(|process| process.variable("PIP_INDEX_URL"));
    let index = index.expect("pip was told where the relay is");
    let port = index.trim_start_matches("http://127.0.0.1:").split('/').next().and_then(|port| port.parse().ok());
    (child, port.unwrap_or_else(|| panic!("{index}")))
}

#[track_caller]
fn wait(world: &World, what: &str, until: impl Fn() -> bool) {
    let started = Instant::now();
    while !until() {
        assert!(started.elapsed() < PATIENCE, "{what}: {:?}", processes(&world.sandbox));
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal(name: &str, to: &str) {
    assert!(Command::new("kill").args(["-s", name, "--", to]).status().is_ok_and(|status| status.success()));
}

#[test]
fn neither_pip_nor_the_relay_outlives_a_killed_shim() {
    each_pip(|pip| {
        let world = World::new(pip);
        let (mut shim, port) = waiting(&world);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok(), "the relay listens");
        signal("KILL", &shim.id().to_string());
        shim.wait().expect("a child of ours can be waited for");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the relay is gone");
        wait(&world, "pip ends as well", || processes(&world.sandbox).is_empty());
    });
}

#[test]
fn ctrl_c_ends_both_with_pip_s_own_code() {
    each_pip(|pip| {
        let world = World::new(pip);
        let (mut shim, port) = waiting(&world);
        // As a terminal does: everyone in the foreground gets it.
        signal("INT", &format!("-{}", shim.id()));
        let status = shim.wait().expect("a child of ours can be waited for");
        // 1 is pip's own; 130 when it came before pip was ready for it.
        assert!(matches!(status.code(), Some(1 | 130)), "{status}");
        wait(&world, "all is over", || processes(&world.sandbox).is_empty());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the relay is gone");
    });
}

#[test]
fn a_signal_to_the_shim_alone_reaches_pip() {
    each_pip(|pip| {
        let world = World::new(pip);
        let (mut shim, _) = waiting(&world);
        signal("TERM", &shim.id().to_string());
        let status = shim.wait().expect("a child of ours can be waited for");
        assert_eq!(status.code(), Some(128 + 15), "{status}");
        wait(&world, "all is over", || processes(&world.sandbox).is_empty());
    });
}
