//! `cargo mirror ledger` and `audit`: their arguments, and the help that teaches them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::Output;

pub(super) const LEDGER_EXAMPLES: &str = "\
Examples:
  cargo mirror ledger                     what was seen of each repository, when, and on whose word
  cargo mirror ledger --json
  cargo mirror ledger forget owner/repo   believe mirrors about it anew

Mirrors may show newer commits than these, never older ones or another history (E-ROLLBACK). Upstream may show anything.";

const FORGET_EXAMPLES: &str = "\
Examples:
  cargo mirror ledger forget owner/repo
  cargo mirror ledger forget gitlab:owner/repo";

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  cargo mirror audit ~/.local/state/mirror/evidence/FILE.json
  cargo mirror audit --json FILE.json

When operators contradict each other, what each said is kept in such a file, and a warning names it. Anybody can check
it anywhere: the mirrors are asked what they say now, and upstream what is true.";

/// What was seen before; shows it when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Ledger {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Option<LedgerAction>,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}

/// What can be done with the ledger.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum LedgerAction {
    /// Forget what was seen of a repository, so that mirrors may go back behind it.
    #[command(after_help = FORGET_EXAMPLES)]
    Forget {
        /// The repository.
        #[arg(value_name = "OWNER/REPO")]
        repository: String,
    },
}

/// The evidence to check.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Audit {
    /// The file that a warning named.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to show the answer.
    #[command(flatten)]
    pub output: Output,
}
