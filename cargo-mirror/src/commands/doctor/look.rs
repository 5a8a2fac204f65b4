//! `cargo mirror doctor`: what will not work as expected, and how to go on. Looks, changes nothing.

use mirror_config::{config::LazyConfig, errors::Failure, system::Environment};

use super::{
    cargo::cargo,
    certificates,
    git::{GIT_KEYS, git},
    pip,
};
use crate::{
    cargo::{
        program,
        setup::{self, Known, Levels},
    },
    cli::Output,
    git::config as git_config,
    report::{self, Finding, Severity},
    system::version,
};

pub(crate) fn doctor(env: &Environment, config: &LazyConfig<'_>, output: Output) -> Result<(), Failure> {
    let (mut found, config) = match config.get() {
        Ok(config) => (Vec::new(), Some(config)),
        Err(broken) => (vec![suite(broken)], None),
    };
    let known = config.map(Known::of).unwrap_or_default();
    let version = program::version(env);
    let includes = version.as_deref().is_some_and(|version| version::at_least(version, program::INCLUDES));
    let rules = git_config::in_force(GIT_KEYS, env.cwd());
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
        Ok(rules) => {
            found.extend(git(&rules, env, config));
            let too_old = git_config::version().ok().and_then(|version| git_config::too_old(&version));
            let hint = Some("install a newer git, or put one before it on PATH".to_owned());
            found.extend(too_old.map(|what| Finding { severity: Severity::Error, tool: "git", what, hint }));
        }
        Err(failure) => {
            found.push(Finding { severity: Severity::Error, tool: "git", what: failure.what, hint: failure.hint });
        }
    }
    found.extend(pip::found(env, config));
    found.extend(certificates::bundles(env, config));
    found.sort_by_key(|finding| finding.severity);
    report::findings(&found, output.json)
}

/// Our own configuration, which is broken.
fn suite(broken: Failure) -> Finding {
    Finding { severity: Severity::Error, tool: "mirror", what: broken.what, hint: broken.hint }
}
