//! `cargo mirror doctor`: what will not work as expected, and how to go on. Looks, changes nothing.

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    system::Environment,
};

use super::{
    cargo::cargo,
    certificates,
    git::{GIT_KEYS, git},
    pip,
};
use crate::{
    cargo::{
        program,
        setup::{self, Levels},
    },
    cli::Output,
    commands::setup::known,
    git::config,
    report::{self, Finding, Severity},
    system::version,
};

pub(crate) fn doctor(env: &Environment, output: Output) -> Result<(), Failure> {
    let mut found = suite(env);
    let known = Config::load(env, &[]).and_then(|config| known(env, &config)).unwrap_or_default();
    let version = program::version(env);
    let includes = version.as_deref().is_some_and(|version| version::at_least(version, program::INCLUDES));
    let rules = config::in_force(GIT_KEYS, env.cwd());
    match Levels::read(env, includes) {
        Ok(levels) => found.extend(cargo(&levels, &known, env, setup::helper_rules(env))),
        Err(failure) => found.push(Finding {
            severity: Severity::Error,
            tool: "cargo",
            what: format!("{}, so cargo starts nothing", failure.what),
            hint: Some("mend that line".to_owned()),
        }),
    }
    if version.is_none() {
        let what = "cargo cannot be started".to_owned();
        let hint = Some("install cargo, or add it to PATH".to_owned());
        found.push(Finding { severity: Severity::Error, tool: "cargo", what, hint });
    }
    match rules {
        Ok(rules) => found.extend(git(&rules, env)),
        Err(failure) => {
            found.push(Finding { severity: Severity::Error, tool: "git", what: failure.what, hint: failure.hint });
        }
    }
    found.extend(pip::found(env));
    found.extend(certificates::bundles(env));
    found.sort_by_key(|finding| finding.severity);
    report::findings(&found, output.json)
}

/// Our own configuration.
fn suite(env: &Environment) -> Vec<Finding> {
    let broken = Config::load(env, &[]).err().filter(|failure| failure.kind == Kind::Config);
    let finding = |failure: Failure| Finding {
        severity: Severity::Error,
        tool: "mirror",
        what: failure.what,
        hint: failure.hint,
    };
    broken.into_iter().map(finding).collect()
}
