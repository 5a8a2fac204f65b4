//! `cargo mirror setup`: which tools, then each in turn.

pub(super) mod cargo;
mod git;
mod rustup;

use mirror_config::{environment::Environment, failure::Failure};

use crate::{
    cli::{Setup, SetupCargo, SetupGit, SetupTool},
    prompt, report,
};

/// The tools, as a question lists them.
const TOOLS: &[&str] =
    &["cargo: download crates from a mirror", "git: fetch from `mirror::owner/repo`, submodules included"];

pub(super) fn setup(env: &Environment, asked: &Setup) -> Result<(), Failure> {
    match &asked.tool {
        Some(SetupTool::Cargo(asked)) => cargo::set_up(env, asked),
        Some(SetupTool::Git(asked)) => git::set_up(env, asked),
        Some(SetupTool::All(asked)) => both(env, asked),
        None if asked.cargo.yes || asked.cargo.dry_run || !env.stderr_is_terminal() => both(env, &asked.cargo),
        None => {
            let chosen = prompt::several(env, "Which tools?", TOOLS)?;
            if chosen.is_empty() {
                return report::line("nothing was changed");
            }
            if chosen.contains(&0) {
                cargo::set_up(env, &asked.cargo)?;
            }
            if chosen.contains(&1) { git::set_up(env, &SetupGit::default()) } else { Ok(()) }
        }
    }
}

fn both(env: &Environment, asked: &SetupCargo) -> Result<(), Failure> {
    let cargo = cargo::set_up(env, asked);
    // What keeps one from being set up is no reason to leave the other.
    let git = git::set_up(env, &SetupGit { transparent: false, dry_run: asked.dry_run, yes: asked.yes });
    cargo.and(git)
}
