//! What the shim adds to a start of pip: `pip-start`. pyenv's shim is measured beside it, where there is one.
//!
//! Most rows have a pip that does nothing, so that pip's own time and its spread do not hide what the shim adds.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use mirror_tests::{IndexServer, Pip, WheelStock, search_path};

use super::{start::STARTS, task::Task};
use crate::{
    ground::{machines, sandbox},
    measure::{Goal, Row, Times, Trial},
};

/// A program that ends at once.
const NOTHING: &str = "/bin/true";

pub(crate) fn start(task: &Task) -> Vec<Row> {
    let pip = Pip::newest().unwrap_or(Pip::Machines);
    let real = match &pip {
        Pip::Newest(folder) => Some(folder.join("pip")),
        Pip::Machines => machines(),
    };
    let mut rows = vec![
        row(task, "shim, no index, idle pip", Some(Goal::More(1.2)), beside_idle(&pip, &["freeze"])),
        row(task, "shim with relay, idle pip", Some(Goal::More(5.0)), beside_idle(&pip, &["install", "x"])),
    ];
    if let Some(real) = real {
        rows.push(row(task, "shim, pip --version", Some(Goal::More(3.0)), beside_real(real)));
    }
    rows.extend(pyenv().map(|times| row(task, "pyenv's shim, idle python", None, times)));
    rows
}

/// The shim before a pip that does nothing but has a Python beside it, and that pip alone. The first start, which asks that
/// Python, does not count.
fn beside_idle(pip: &Pip, words: &[&str]) -> Times {
    let sandbox = sandbox();
    let upstream = IndexServer::start(&WheelStock::downloaded());
    sandbox.mirror_config(&format!(
        "[catalog]\nbuiltin = false\n[pip]\nupstream = \"{0}\"\n[mirrors.ash]\npypi = \"{0}\"\n",
        upstream.index()
    ));
    for folder in ["shim", "idle"] {
        fs::create_dir(sandbox.path(folder)).expect("the sandbox is ours");
    }
    let link = |to: PathBuf, at: &str| symlink(to, sandbox.path(at)).expect("the sandbox is ours");
    link(sandbox.path("programs/pip-shim"), "shim/pip");
    link(NOTHING.into(), "idle/pip");
    if let Pip::Newest(folder) = pip {
        link(folder.join("python3"), "idle/python3");
    } else if let Some(folder) = machines().and_then(|pip| pip.parent().map(PathBuf::from)) {
        link(folder.join("python3"), "idle/python3");
    }
    let command = |program: &str| {
        let mut command = sandbox.command(sandbox.path(program));
        command.args(words).env("PATH", format!("{0}/shim:{0}/idle:/usr/bin:/bin", sandbox.path("").display()));
        command.env_remove("MIRROR_REPORT");
        command
    };
    if let Err(why) = once(command("shim/pip")) {
        return Times::by_turns(1, |_| Ok(0.0), |_| Err(why.clone()));
    }
    Times::by_turns(STARTS, |_| once(command("idle/pip")), |_| once(command("shim/pip")))
}

/// The shim before a real pip, and that pip alone.
fn beside_real(pip: PathBuf) -> Times {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("shim")).expect("the sandbox is ours");
    symlink(sandbox.path("programs/pip-shim"), sandbox.path("shim/pip")).expect("the sandbox is ours");
    symlink(&pip, sandbox.path("bin/pip")).expect("the sandbox is ours");
    let command = |program: PathBuf| {
        let mut command = sandbox.command(program);
        command.arg("--version");
        command
    };
    Times::by_turns(STARTS, |_| once(command(pip.clone())), |_| once(command(sandbox.path("shim/pip"))))
}

/// pyenv's shim before a Python that does nothing, and that Python alone.
fn pyenv() -> Option<Times> {
    let sandbox = sandbox();
    let shim = std::env::split_paths(&search_path())
        .filter(|folder| folder.ends_with(".pyenv/shims"))
        .map(|folder| folder.join("python3"))
        .find(|python| python.is_file())?;
    let idle = |program: &PathBuf| {
        let mut command = sandbox.command(program);
        // Neither its site nor its own variables: as little as it can do.
        command.args(["-I", "-S", "-c", "pass"]);
        command
    };
    let mut ask = sandbox.command(&shim);
    ask.args(["-c", "import sys; print(sys.executable)"]);
    let real = PathBuf::from(sandbox.run(ask).stdout.trim());
    real.is_file().then(|| Times::by_turns(STARTS, |_| once(idle(&real)), |_| once(idle(&shim))))
}

/// Seconds from the start of a program to its end.
fn once(mut command: Command) -> Trial {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    let seconds = started.elapsed().as_secs_f64();
    if status.success() { Ok(seconds) } else { Err(status.to_string()) }
}

fn row(task: &Task, what: &str, goal: Option<Goal>, times: Times) -> Row {
    task.milliseconds(what, &times, goal, &format!("{STARTS} starts of each, by turns"))
}
