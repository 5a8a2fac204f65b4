//! How long a helper takes from its start to the first byte it sends to upstream: `start`.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    time::Instant,
};

use mirror_tests::NAME;

use super::task::Task;
use crate::{
    ground::sandbox,
    measure::{Goal, Row, Times},
};

/// Starts of each side: they are short, and vary.
pub(crate) const STARTS: usize = 200;

/// Many starts of both.
pub(crate) fn start(task: &Task) -> Vec<Row> {
    let times = starts(STARTS);
    vec![task.milliseconds("to the first byte", &times, Goal::Below(10.0), &format!("{STARTS} starts"))]
}

/// Starts both by turns; the seconds each needs.
fn starts(count: usize) -> Times {
    let sandbox = sandbox();
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let base = format!("http://{}", listener.local_addr().expect("a listener has an address"));
    sandbox.mirror_config(&format!("[catalog]\nbuiltin = false\n[upstreams.github]\nurl = \"{base}/{{repo}}.git\"\n"));
    sandbox.git(["init", "-q", "--bare", "here.git"]).ok();
    let command = |program: &str, arguments: &[&str]| {
        let mut command = sandbox.command(program);
        command.args(arguments).env("GIT_DIR", sandbox.work().join("here.git"));
        command
    };
    let url = format!("{base}/{NAME}.git");
    Times::by_turns(
        count,
        |_| Ok(first_byte(&listener, command("git", &["remote-https", "origin", &url]))),
        |_| Ok(first_byte(&listener, command("git-remote-mirror", &["origin", NAME]))),
    )
}

/// Says to a helper what git says to it, and ends it as soon as it has sent something.
fn first_byte(listener: &TcpListener, mut command: Command) -> f64 {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().expect("the helper can be started");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin.write_all(b"stateless-connect git-upload-pack\n").expect("the helper listens");
    let (mut stream, _) = listener.accept().expect("the helper connects");
    let count = stream.read(&mut [0; 1]).expect("the helper sends a request");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(count, 1, "the helper hung up");
    // Before it notices that nobody answers: it would have git's own helper ask, here as well.
    child.kill().expect("a child of ours can be ended");
    child.wait().expect("a child of ours can be waited for");
    drop(stream);
    seconds
}
