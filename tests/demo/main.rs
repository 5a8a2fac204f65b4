//! `cargo demo`: what the suite does for a clone, shown on this machine alone: a real upstream, real mirrors with real
//! faults, real git, all on loopback.
//!
//! Three acts: bad mirrors beside a good one; upstream gone; nobody left but one mirror. Ends with 0 only if everything
//! held that is claimed. Needs git and cargo, no network and no root, and leaves nothing behind.

mod act;
mod check;
mod program;
mod scene;
mod show;

use std::{panic, process::ExitCode, time::Instant};

use scene::Scene;
use show::say;

fn main() -> ExitCode {
    // The support of the tests panics when it cannot go on, and has said why then.
    match panic::catch_unwind(play) {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) | Err(_) => ExitCode::FAILURE,
        Ok(Err(why)) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

/// Whether all that was claimed held.
fn play() -> Result<bool, String> {
    program::make_sure()?;
    let started = Instant::now();
    let mut scene = Scene::set();
    scene.introduce();
    let held = [act::bad_mirrors(&scene), act::without_upstream(&mut scene), act::one_voice(&mut scene)].concat();
    let failed = held.iter().filter(|held| !**held).count();
    say(&match failed {
        0 => format!("\nAll {} checks held, in {:.1} s.", held.len(), started.elapsed().as_secs_f64()),
        _ => format!("\n{failed} of {} checks failed.", held.len()),
    });
    Ok(failed == 0)
}
