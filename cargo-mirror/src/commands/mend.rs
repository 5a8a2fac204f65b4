//! What earlier versions of this program set up, and set up differently today since it broke something: put right by
//! the next command, whichever it is. Undo goes on to restore what was there before the first set-up.

use mirror_config::{errors::Failure, system::Environment};

use crate::{cargo::setup, change::Turn, cli::Command, report};

/// Puts it right, in front of a command that may change files or rests on what cargo reads. Failing to do so keeps
/// nobody from anything.
pub(super) fn mend(env: &Environment, before: &Command) {
    let looks_only = match before {
        Command::Undo(_) | Command::Completions(_) | Command::Man => true,
        Command::Setup(asked) => asked.is_dry_run(),
        Command::Use(asked) => asked.dry_run,
        _ => false,
    };
    if looks_only {
        return;
    }
    // Whoever comes next tries again.
    let _ = cargos(env);
}

/// A cargo before 1.94 ended with the line that includes our file.
fn cargos(env: &Environment) -> Result<(), Failure> {
    if setup::mended(env)?.is_empty() {
        return Ok(());
    }
    let turn = Turn::take(env, setup::TOOL)?;
    // Again, now that nobody else is about to.
    let edits = setup::mended(env)?;
    turn.apply(&edits, &[])?;
    edits.iter().for_each(|edit| {
        report::warn(&format!("{}: `include` is written now as older cargos load it too", edit.file.display()));
    });
    Ok(())
}
