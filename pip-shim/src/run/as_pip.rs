//! The shim under a pip's name: finds the real pip, decides what it is given, and becomes it or serves it.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    report::{Event, Journal},
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
    let journal = Journal::new("pip", "pip", "pypi");
    let pip = find::find(env, name, file).map_err(|failure| (failure, NOT_FOUND))?;
    let plan = Plan::make(env, config, &pip, arguments);
    note(&journal, &plan);
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            journal.write(env, Some(failure.kind));
            return Err(with_code(failure));
        }
    };
    plan.warning.iter().for_each(|warning| terminal::warn(warning));
    if let Way::Relay(authority) = &plan.way {
        return match Relayed::start(env, config, authority, journal.clone()) {
            Ok(relayed) => relayed.run(env, &pip, arguments, &plan.changes).map_err(with_code),
            // pip can do without us.
            Err(failure) if failure.kind == Kind::Io => {
                terminal::warn(&format!("{}; pip goes without a mirror", failure.what));
                journal.write(env, Some(failure.kind));
                exec::run(env, &pip, arguments, &[]).map_err(with_code)
            }
            Err(failure) => Err(with_code(failure)),
        };
    }
    if plan.command.is_some() {
        // Before pip is there: what it does then is not ours to know.
        journal.write(env, None);
    }
    exec::run(env, &pip, arguments, &plan.changes).map_err(with_code)
}

/// What the plan is, and on whose word; the relay knows better in the end.
fn note(journal: &Journal, plan: &Result<Plan, Failure>) {
    let Ok(Plan { command: Some(command), way, why, .. }) = plan else { return };
    tracing::debug!(command, why, "planned");
    journal.note(Event::Is(command));
    match way {
        Way::Aside => journal.said("user", why),
        Way::Direct(source) => journal.said(&source.name, format!("is pip's index at {}: {why}", source.address)),
        Way::Relay(_) => {}
    }
}
