//! `cargo mirror cache`: its arguments, and the help that teaches it.

use clap::{Args, Subcommand};
use mirror_config::config;

use super::output::Output;

pub(super) const CACHE_EXAMPLES: &str = "\
Examples:
  cargo mirror cache                      what is kept, how large it is, and when it was last used
  cargo mirror cache --json
  cargo mirror cache prune                remove the least recently used, down to `git.store-limit`
  cargo mirror cache verify               have git check all that is kept

Objects are kept under $XDG_CACHE_HOME/mirror/store, usually ~/.cache/mirror/store. Clones do not need them.";

const PRUNE_EXAMPLES: &str = "\
Examples:
  cargo mirror cache prune                the least recently used, down to `git.store-limit`
  cargo mirror cache prune --to '1 GiB'   the same, down to this size
  cargo mirror cache prune --unused-for 30
  cargo mirror cache prune --repository openglm/Open-AutoGLM
  cargo mirror cache prune --all

What a running clone uses is kept. What killed clones left behind or what is damaged is removed as well.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  cargo mirror cache verify
  cargo mirror cache verify openglm/Open-AutoGLM
  cargo mirror cache verify gitlab:owner/repo

git reads every pack whole, then walks from all tips: this can take minutes. Exit code 65 if anything is damaged.";

/// What to do with what is kept; shows it when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cache {
    /// What to do.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}

/// What can be done with what is kept.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Remove what is kept of repositories, the least recently used first, but never what is in use.
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune(Prune),
    /// Have git check packs, objects, and that everything is there.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
}

/// What to remove.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct Prune {
    /// Everything.
    #[arg(long, conflicts_with_all = ["unused_for", "to", "repository"])]
    pub all: bool,
    /// What was not used for so many days.
    #[arg(long, value_name = "DAYS")]
    pub unused_for: Option<u32>,
    /// The least recently used, until this is left, such as `2 GiB`; by default `git.store-limit`.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub to: Option<u64>,
    /// What is kept of this repository; may be given several times.
    #[arg(long, value_name = "OWNER/REPO")]
    pub repository: Vec<String>,
}

/// What to check.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Verify {
    /// The repository; all if none is named.
    #[arg(value_name = "OWNER/REPO")]
    pub repository: Option<String>,
}

fn size(text: &str) -> Result<u64, String> {
    config::bytes(text).ok_or_else(|| "a size is written as in the configuration: `5 GiB`, `300 MB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_written_as_in_the_configuration() {
        assert_eq!((size("2 GiB"), size("0")), (Ok(2 << 30), Ok(0)));
        assert!(size("much").is_err_and(|why| why.contains("5 GiB")));
    }
}
