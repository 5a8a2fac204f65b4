//! `cargo demo`: what the suite does for a clone, shown on this machine alone: a real upstream, real mirrors with real
//! faults, real git, all on loopback.
//!
//! Three acts: bad mirrors beside a good one; upstream gone; nobody left but one mirror. Ends with 0 only if everything
//! held that is claimed. Needs git and cargo, no network and no root, and leaves nothing behind.

mod show;
mod scene;
mod check;
mod act;

use std::{panic, path::PathBuf, process::ExitCode, time::Instant};

use scene::Scene;
use show::say;

/// Under this name the demo is the program that it shows: `cargo run` builds one program, so it is both.
const HELPER: &str = "git-remote-mirror";

fn main() -> ExitCode {
    let started_as = std::env::args_os().next().map(PathBuf::from);
    if started_as.is_some_and(|path| path.file_stem().is_some_and(|name| name == HELPER)) {
        return git_mirror_helper::main();
    }
    // The support of the tests panics when it cannot go on, and has said why then.
    match panic::catch_unwind(play) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Whether all that was claimed held.
fn play() -> bool {
    let started = Instant::now();
    let mut scene = Scene::set();
    scene.introduce();
    let held = [act::bad_mirrors(&scene), act::without_upstream(&mut scene), act::one_voice(&mut scene)].concat();
    let failed = held.iter().filter(|held| !**held).count();
    say(&match failed {
        0 => format!("\nAll {} checks held, in {:.1} s.", held.len(), started.elapsed().as_secs_f64()),
        _ => format!("\n{failed} of {} checks failed.", held.len()),
    });
    failed == 0
}
