//! `cargo mirror undo [cargo|git|pip]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use mirror_config::{
    errors::{Failure, Kind},
    system::Environment,
};

use crate::{
    cargo,
    change::{Tool, Turn, Undone, turn},
    cli::UndoTool,
    git, pip, report,
};

pub(super) fn undo(env: &Environment, tool: Option<UndoTool>) -> Result<(), Failure> {
    match tool {
        Some(UndoTool::Cargo) => one(env, cargo::setup::TOOL),
        Some(UndoTool::Git) => one(env, git::setup::TOOL),
        Some(UndoTool::Pip) => one(env, pip::setup::TOOL),
        None => {
            // One that fails does not keep the others from going back.
            let all = [cargo::setup::TOOL, git::setup::TOOL, pip::setup::TOOL].map(|tool| one(env, tool));
            all.into_iter().collect()
        }
    }
}

fn one(env: &Environment, tool: Tool) -> Result<(), Failure> {
    let nothing = || report::line(&format!("nothing to undo: {0} was not set up, or is undone already", tool.name));
    // Without a record there is nothing to wait for, and nothing to lock.
    if turn::record(env, &tool)?.is_empty() {
        return nothing();
    }
    let done = Turn::take(env, tool)?.undo().map_err(|failure| match failure.kind {
        Kind::Config if failure.hint.is_none() => failure.hint("mend the file, then `cargo mirror undo` again"),
        _ => failure,
    })?;
    if done.is_empty() {
        return nothing();
    }
    done.iter().try_for_each(say)?;
    let gone = done.iter().filter_map(|done| if let Undone::Unlinked(link) = done { Some(link) } else { None });
    unlinked(&gone.collect::<Vec<_>>())
}

/// The links that are gone, a line for each folder.
fn unlinked(links: &[&PathBuf]) -> Result<(), Failure> {
    let mut folders: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
    for (folder, name) in links.iter().filter_map(|link| Some((link.parent()?, link.file_name()?))) {
        folders.entry(folder).or_default().push(name.display().to_string());
    }
    folders.iter_mut().try_for_each(|(folder, names)| {
        names.sort();
        report::line(&format!("removed the links in {}: {}", folder.display(), names.join(", ")))
    })
}

fn say(done: &Undone) -> Result<(), Failure> {
    match done {
        Undone::Already(file) => report::line(&format!("nothing to undo: {} is without it already", file.display())),
        Undone::Restored(file) => report::line(&format!("restored {} byte for byte", file.display())),
        Undone::Removed(file) => report::line(&format!("removed {}, which was not there before", file.display())),
        Undone::Unlinked(_) => Ok(()),
        Undone::Kept(link) => report::line(&format!("{} was changed since, and stays", link.display())),
        Undone::Keys { file, removed } => {
            report::line(&format!("{} was edited since, so only what the set-up added was removed:", file.display()))?;
            removed.iter().try_for_each(|entry| match entry.value.as_str() {
                "" => report::line(&format!("  {}", entry.key)),
                value => report::line(&format!("  {} = {value}", entry.key)),
            })
        }
    }
}
