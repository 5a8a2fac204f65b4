//! How long `cargo mirror verify` takes with a long lock and a far upstream: `verify`.

use std::{fs, path::PathBuf, time::Duration};

use mirror_tests::{CargoStage, CrateStock, Needs, Ran};
use serde_json::Value;

use super::task::Task;
use crate::{
    ground::{add_programs, excerpt},
    measure::{Goal, Row, Series, Trial},
};

/// Crates in the lock.
const LOCKED: usize = 500;
/// A round trip to each server.
const LATENCY: Duration = Duration::from_millis(100);

/// An honest lock, nothing in the cache.
pub(crate) fn verify(task: &Task) -> Vec<Row> {
    let stage = CargoStage::with_stock(CrateStock::of_workspace().filled_up_to(LOCKED), &["near"]);
    add_programs(&stage.sandbox);
    let project = locked(&stage);
    stage.upstream.web.latency(LATENCY);
    stage.mirrors.iter().for_each(|mirror| mirror.server.web.latency(LATENCY));
    let mut seconds = Series::default();
    let mut requests = 0;
    for _ in 0..task.runs {
        stage.forget();
        stage.upstream.web.forget_log();
        let mut command = stage.sandbox.command("cargo-mirror");
        command.current_dir(&project).args(["mirror", "verify", "--json"]);
        let trial = whole(&stage.sandbox.run(command));
        requests = stage.upstream.web.log().len();
        if !seconds.push(trial) {
            break;
        }
    }
    let notes = format!("100 ms for each request, {requests} at upstream");
    vec![task.values("500 locked crates", "s", &seconds, Goal::AtMost(5.0), &notes)]
}

/// A project whose lock has everything that is in stock. Made crates are in the lock alone: nothing needs them.
fn locked(stage: &CargoStage) -> PathBuf {
    let project = stage.locked_project("project", Needs::Everything);
    let path = project.join("Cargo.lock");
    let mut lock = fs::read_to_string(&path).expect("cargo wrote it");
    let source = lock.lines().find(|line| line.starts_with("source = ")).expect("a package of a registry").to_owned();
    for one in stage.stock.crates().iter().filter(|one| !lock.contains(&one.checksum)).collect::<Vec<_>>() {
        let (name, version, checksum) = (&one.name, &one.version, &one.checksum);
        lock += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}\nchecksum = \"{checksum}\"\n"
        );
    }
    fs::write(path, lock).expect("the project is ours");
    project
}

/// The seconds, if all were compared and none was found wrong.
fn whole(ran: &Ran) -> Trial {
    if ran.code != 0 {
        return Err(excerpt(ran));
    }
    let report: Value = serde_json::from_str(&ran.stdout).map_err(|error| format!("no JSON: {error}"))?;
    let packages = report["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let right = |package: &&Value| matches!(package["check"].as_str(), Some("ok" | "yanked"));
    match packages.iter().filter(right).count() {
        LOCKED => Ok(ran.seconds),
        count => Err(format!("{count} of {LOCKED} were found right")),
    }
}
