//! `cargo mirror undo git`.

use mirror_config::{environment::Environment, failure::Failure};

use crate::{
    git_setup::{self, Undone},
    report,
};

pub(super) fn git(env: &Environment) -> Result<(), Failure> {
    match git_setup::undo(env)? {
        Undone::Nothing => report::line("nothing to undo: git was not set up, or is undone already"),
        Undone::Already(file) => report::line(&format!("nothing to undo: {} is without it already", file.display())),
        Undone::Restored(file) => report::line(&format!("restored {} byte for byte", file.display())),
        Undone::Removed(file) => report::line(&format!("removed {}, which was not there before", file.display())),
        Undone::Keys { file, removed } => {
            report::line(&format!("{} was edited since, so only what the set-up added was removed:", file.display()))?;
            removed.iter().try_for_each(|entry| report::line(&format!("  {} = {}", entry.key, entry.value)))
        }
    }
}
