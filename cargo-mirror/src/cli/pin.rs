//! `cargo mirror pin` and `recheck`: their arguments, and the help that teaches them.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;

pub(super) const PIN_EXAMPLES: &str = "\
Examples:
  cargo mirror pin openglm/Open-AutoGLM   fix what it is now, in mirror.lock
  cargo mirror pin                        the same for all that mirror.lock names
  cargo mirror pin --crates               every checksum of Cargo.lock, once it is verified
  pip download -d wheels -r requirements.txt && cargo mirror pin --wheels wheels
  MIRROR_LOCK=none git clone mirror::openglm/Open-AutoGLM    one command without pins

mirror.lock is looked for in this folder and those above it. A repository that it names is delivered exactly as it says,
or not at all (E-DIGEST, E-EXHAUSTED); `git.trust = \"pinned\"` refuses all others (E-UNPINNED). Commit it.";

pub(super) const RECHECK_EXAMPLES: &str = "\
Examples:
  cargo mirror recheck Open-AutoGLM       is this checkout what mirror.lock says?
  cargo mirror recheck --repository openglm/Open-AutoGLM path/to/a/copy
  cargo mirror recheck --ignored .        files that .gitignore names count as well
  cargo mirror recheck --json .

Exit code 65 (E-DIGEST) when a file was changed, is missing, or was added. Files count as they lie there: line ends that
git converts, and contents that a filter puts in place of others, are changes.";

/// What to fix.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct PinFacts {
    /// Repositories; without any, and without --crates and --wheels, those that mirror.lock names already.
    #[arg(value_name = "OWNER/REPO")]
    pub repositories: Vec<String>,
    /// Fix every crate of Cargo.lock, as the authority says it.
    #[arg(long)]
    pub crates: bool,
    /// Fix every wheel and source archive in this folder, as the authority says it.
    #[arg(long, value_name = "DIR")]
    pub wheels: Option<PathBuf>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What to hold against the pins.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Recheck {
    /// The checkout, or any folder with its files.
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Which pinned repository it is; by default the one that its remote names, or the only one.
    #[arg(long, value_name = "OWNER/REPO")]
    pub repository: Option<String>,
    /// Count files that .gitignore names as added.
    #[arg(long)]
    pub ignored: bool,
    /// How to show the answer.
    #[command(flatten)]
    pub output: Output,
}
