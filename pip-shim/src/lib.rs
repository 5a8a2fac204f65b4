//! Stands before pip. Under pip's name it runs the real pip, with an index if the command needs one and the user has not
//! chosen one; under its own it says what it would do.
//!
//! One line: `real_pip` says which pip, `invocation`, `requirements` and `pip_config` what was asked for and by whom,
//! `plan` what is to be done, `pip_env` how pip hears of it, and `exec` becomes pip. What needs no index goes straight
//! from `invocation` to `exec`, and nothing is read for it.

pub mod optparse;
pub mod options;
pub mod invocation;
pub mod requirements;
pub mod pip_config;
pub mod python;
pub mod authority;
pub mod real_pip;
pub mod pip_env;
pub mod plan;
pub mod report;
pub mod exec;
pub mod held;
pub mod relayed;

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use mirror_config::{
    environment::Environment,
    failure::{Failure, Kind},
    report::{Evidence, Report, start_log},
};

use plan::{Plan, Way};
use relayed::Relayed;

/// Exit code of a command that does not exist (POSIX, as of a shell).
const NOT_FOUND: u8 = 127;

/// How a run fails, with its exit code.
type Failed = (Failure, u8);

/// The program.
pub fn main() -> ExitCode {
    let env = Environment::from_process();
    start_log(&env);
    let mut arguments = std::env::args_os();
    let own = PathBuf::from(arguments.next().unwrap_or_default());
    let arguments: Vec<OsString> = arguments.collect();
    let name = if own.extension().is_some_and(|e| e == "exe") { own.file_stem() } else { own.file_name() };
    let file = std::env::current_exe().unwrap_or_else(|_| own.clone());
    let ran = match (held::resume(&env, &arguments), name) {
        (Some(ran), _) => ran.map_err(with_code),
        (None, Some(name)) if name != real_pip::OWN_NAME => run(&env, name, &file, &arguments),
        (None, _) => explain(&env, &file, &arguments),
    };
    ran.unwrap_or_else(|(failure, code)| {
        report::error(&failure);
        ExitCode::from(code)
    })
}

/// Under a pip's name.
fn run(env: &Environment, name: &OsStr, file: &Path, arguments: &[OsString]) -> Result<ExitCode, Failed> {
    let started = Instant::now();
    let pip = real_pip::find(env, name, file).map_err(|failure| (failure, NOT_FOUND))?;
    let plan = Plan::make(env, &pip, arguments);
    let line = note(started, &plan);
    if let (Some((line, error)), false) = (&line, plan.as_ref().is_ok_and(Plan::is_relayed)) {
        line.append(env, *error);
    }
    let plan = plan.map_err(with_code)?;
    plan.warning.iter().for_each(|warning| report::warn(warning));
    if let (Way::Relay(authority), Some((line, _))) = (&plan.way, line) {
        return match Relayed::start(env, authority) {
            Ok(relayed) => relayed.run(env, &pip, arguments, &plan.changes, line).map_err(with_code),
            // pip can do without us.
            Err(failure) if failure.kind == Kind::Io => {
                report::warn(&format!("{}; pip goes without a mirror", failure.what));
                line.append(env, Some(failure.kind));
                exec::run(env, &pip, arguments, &[]).map_err(with_code)
            }
            Err(failure) => Err(with_code(failure)),
        };
    }
    exec::run(env, &pip, arguments, &plan.changes).map_err(with_code)
}

/// Under its own name.
fn explain(env: &Environment, file: &Path, arguments: &[OsString]) -> Result<ExitCode, Failed> {
    let cut = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let mut json = false;
    for word in &arguments[..cut] {
        match word.to_str() {
            Some("--json") => json = true,
            Some("-h" | "--help") => return report::out(report::HELP).map(|()| ExitCode::SUCCESS).map_err(with_code),
            Some("-V" | "--version") => {
                let version = concat!("pip-shim ", env!("CARGO_PKG_VERSION"), "\n");
                return report::out(version).map(|()| ExitCode::SUCCESS).map_err(with_code);
            }
            _ => {
                let what = format!("`{}` is no option of pip-shim", word.display());
                return Err(with_code(Failure::new(Kind::Usage, what).hint("pip-shim --help")));
            }
        }
    }
    let install = [OsString::from("install")];
    let given = arguments.get(cut + 1..).filter(|given| !given.is_empty()).unwrap_or(&install);
    let pip = real_pip::find(env, "pip".as_ref(), file).map_err(|failure| (failure, NOT_FOUND))?;
    let plan = Plan::make(env, &pip, given).map_err(with_code)?;
    let text = if json { format!("{:#}\n", report::object(&pip, &plan)) } else { report::text(&pip, &plan) };
    report::out(&text).map_err(with_code)?;
    Ok(ExitCode::SUCCESS)
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

fn with_code(failure: Failure) -> Failed {
    let code = failure.kind.exit_code();
    (failure, code)
}
