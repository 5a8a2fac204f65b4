//! How long `cargo mirror status` takes from its start to its end: `status`.

use std::{process::Stdio, time::Instant};

use super::{start::STARTS, task::Task};
use crate::{
    ground::sandbox,
    measure::{Goal, Row, Series},
};

/// As cargo starts it; cargo's own start is not ours to shorten.
const STATUS: &[&str] = &["mirror", "status", "git"];

/// Many starts where git is set up.
pub(crate) fn status(task: &Task) -> Vec<Row> {
    let sandbox = sandbox();
    let mut set_up = sandbox.command("cargo-mirror");
    set_up.args(["mirror", "setup", "git", "--yes"]);
    sandbox.run(set_up).ok();
    let mut milliseconds = Series::default();
    for _ in 0..STARTS {
        let mut command = sandbox.command("cargo-mirror");
        command.args(STATUS).stdin(Stdio::null());
        let started = Instant::now();
        let output = command.output().expect("the program can be started");
        let time = started.elapsed().as_secs_f64() * 1e3;
        let trial = match (output.status.success(), output.stdout.is_empty()) {
            (true, false) => Ok(time),
            (true, true) => Err("said nothing".to_owned()),
            (false, _) => Err(output.status.to_string()),
        };
        if !milliseconds.push(trial) {
            break;
        }
    }
    let notes = format!("{STARTS} starts of `status git`");
    vec![task.values("git, set up", "ms", &milliseconds, Goal::Below(50.0), &notes)]
}
