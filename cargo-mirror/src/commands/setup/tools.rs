//! `cargo mirror setup`: which tools, then each in turn.

use mirror_config::{config::LazyConfig, errors::Failure, system::Environment};

use super::{cargo, git, pip};
use crate::{
    cli::{Setup, SetupCargo, SetupGit, SetupPip, SetupTool},
    report,
    terminal::prompt,
};

/// The tools, as a question lists them.
const TOOLS: &[&str] = &[
    "cargo: download crates from a mirror",
    "git: fetch from `mirror::owner/repo`, submodules included",
    "pip: install packages through the shim",
];

pub(crate) fn setup(env: &Environment, config: &LazyConfig<'_>, asked: &Setup) -> Result<(), Failure> {
    match &asked.tool {
        Some(SetupTool::Cargo(asked)) => cargo::set_up(env, config, asked),
        Some(SetupTool::Git(asked)) => git::set_up(env, config, asked),
        Some(SetupTool::Pip(asked)) => pip::set_up(env, config, asked),
        Some(SetupTool::All(asked)) => all(env, config, asked),
        None if asked.cargo.yes || asked.cargo.dry_run || !env.stderr_is_terminal() => all(env, config, &asked.cargo),
        None => {
            let chosen = prompt::several(env, "Which tools?", TOOLS)?;
            if chosen.is_empty() {
                return report::line("nothing was changed");
            }
            let cargo = if chosen.contains(&0) { cargo::set_up(env, config, &asked.cargo) } else { Ok(()) };
            let git = if chosen.contains(&1) { git::set_up(env, config, &SetupGit::default()) } else { Ok(()) };
            let pip = if chosen.contains(&2) { pip::set_up(env, config, &SetupPip::default()) } else { Ok(()) };
            cargo.and(git).and(pip)
        }
    }
}

fn all(env: &Environment, config: &LazyConfig<'_>, asked: &SetupCargo) -> Result<(), Failure> {
    let (dry_run, yes) = (asked.dry_run, asked.yes);
    let cargo = cargo::set_up(env, config, asked);
    // What keeps one from being set up is no reason to leave the others.
    let git = git::set_up(env, config, &SetupGit { transparent: false, dry_run, yes });
    let pip = pip::among_others(env, config, &SetupPip { dry_run, yes, ..SetupPip::default() });
    cargo.and(git).and(pip)
}
