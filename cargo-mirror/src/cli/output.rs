//! How an answer is shown: an option of most commands.

use clap::Args;

/// How to show an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Output {
    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,
}
