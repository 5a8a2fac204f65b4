//! `cargo mirror undo [cargo|git]`.

use mirror_config::{
    environment::Environment,
    failure::{Failure, Kind},
};

use crate::{
    cargo_setup,
    change::{self, Tool, Turn, Undone},
    cli::UndoTool,
    git_setup, report,
};

pub(super) fn undo(env: &Environment, tool: Option<UndoTool>) -> Result<(), Failure> {
    match tool {
        Some(UndoTool::Cargo) => one(env, cargo_setup::TOOL),
        Some(UndoTool::Git) => one(env, git_setup::TOOL),
        // One that fails does not keep the other from going back.
        None => one(env, cargo_setup::TOOL).and(one(env, git_setup::TOOL)),
    }
}

fn one(env: &Environment, tool: Tool) -> Result<(), Failure> {
    let nothing = || report::line(&format!("nothing to undo: {0} was not set up, or is undone already", tool.name));
    // Without a record there is nothing to wait for, and nothing to lock.
    if change::changed(env, &tool)?.is_empty() {
        return nothing();
    }
    let done = Turn::take(env, tool)?.undo().map_err(|failure| match failure.kind {
        Kind::Config if failure.hint.is_none() => failure.hint("mend the file, then `cargo mirror undo` again"),
        _ => failure,
    })?;
    if done.is_empty() {
        return nothing();
    }
    done.iter().try_for_each(say)
}

fn say(done: &Undone) -> Result<(), Failure> {
    match done {
        Undone::Already(file) => report::line(&format!("nothing to undo: {} is without it already", file.display())),
        Undone::Restored(file) => report::line(&format!("restored {} byte for byte", file.display())),
        Undone::Removed(file) => report::line(&format!("removed {}, which was not there before", file.display())),
        Undone::Keys { file, removed } => {
            report::line(&format!("{} was edited since, so only what the set-up added was removed:", file.display()))?;
            removed.iter().try_for_each(|entry| report::line(&format!("  {} = {}", entry.key, entry.value)))
        }
    }
}
