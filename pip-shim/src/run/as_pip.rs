//! The shim under a pip's name: finds the real pip, decides what it is given, and becomes it or serves it.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
    time::Instant,
};

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    report::{Evidence, Report},
    system::Environment,
};

use super::{
    exec,
    failed::{Failed, NOT_FOUND, with_code},
    relayed::Relayed,
};
use crate::{
    plan::{Plan, Way},
    real_pip::find,
    terminal,
};

/// Runs the real pip with these arguments.
///
/// # Errors
///
/// When there is no pip, or the configuration is wrong; what pip itself says passes through.
pub fn run(
    env: &Environment,
    config: &LazyConfig<'_>,
    name: &OsStr,
    file: &Path,
    arguments: &[OsString],
) -> Result<ExitCode, Failed> {
    let started = Instant::now();
    let pip = find::find(env, name, file).map_err(|failure| (failure, NOT_FOUND))?;
    let plan = Plan::make(env, config, &pip, arguments);
    let line = note(started, &plan);
    if let (Some((line, error)), false) = (&line, plan.as_ref().is_ok_and(Plan::is_relayed)) {
        line.append(env, *error);
    }
    let plan = plan.map_err(with_code)?;
    plan.warning.iter().for_each(|warning| terminal::warn(warning));
    if let (Way::Relay(authority), Some((line, _))) = (&plan.way, line) {
        return match Relayed::start(env, config, authority) {
            Ok(relayed) => relayed.run(env, &pip, arguments, &plan.changes, line).map_err(with_code),
            // pip can do without us.
            Err(failure) if failure.kind == Kind::Io => {
                terminal::warn(&format!("{}; pip goes without a mirror", failure.what));
                line.append(env, Some(failure.kind));
                exec::run(env, &pip, arguments, &[]).map_err(with_code)
            }
            Err(failure) => Err(with_code(failure)),
        };
    }
    exec::run(env, &pip, arguments, &plan.changes).map_err(with_code)
}

/// A line of `MIRROR_REPORT`. Without the relay it is written before pip is there: what pip does then is not ours to know.
fn note(started: Instant, plan: &Result<Plan, Failure>) -> Option<(Report, Option<Kind>)> {
    let (operation, error) = match plan {
        Ok(Plan { command: Some(command), .. }) => (*command, None),
        Ok(_) => return None,
        Err(failure) => ("pip", Some(failure.kind)),
    };
    let mut line = Report::new("pip", operation, "pypi");
    line.evidence = plan.iter().filter_map(evidence).collect();
    line.seconds = started.elapsed().as_secs_f64();
    tracing::debug!(?line, "planned");
    Some((line, error))
}

/// Nothing for the relay, which knows better in the end.
fn evidence(plan: &Plan) -> Option<Evidence> {
    match &plan.way {
        Way::Aside => Some(Evidence { who: "user".into(), said: plan.why.clone() }),
        Way::Direct(source) => {
            let said = format!("is pip's index at {}: {}", source.address, plan.why);
            Some(Evidence { who: source.name.clone(), said })
        }
        Way::Relay(_) => None,
    }
}
