//! `cargo mirror status` and `doctor`: their arguments, and the help that teaches them.

use clap::{Args, Subcommand};

use super::output::Output;

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  cargo mirror status                     all tools
  cargo mirror status cargo               every value that matters, with its file and line
  cargo mirror status git --json
  cargo mirror status pip                 which pip runs, and who chose its index";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  cargo mirror doctor                     what will not work as you may expect, and how to go on
  cargo mirror doctor --json

Changes nothing. Exit code 0, whatever is found.";

/// What to show; all tools when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Status {
    /// Which tool.
    #[command(subcommand)]
    pub tool: Option<StatusTool>,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}

/// The tool to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum StatusTool {
    /// What stands in for crates-io, and every other value that matters, with its file and line or its variable.
    #[command(after_help = STATUS_EXAMPLES)]
    Cargo(Output),
    /// git's configuration, its version, its helper, and the suite's own settings.
    #[command(after_help = STATUS_EXAMPLES)]
    Git(Output),
    /// Where the links to the shim are, which pip would run, who chose its index, and what pip.conf says.
    #[command(after_help = STATUS_EXAMPLES)]
    Pip(Output),
}
