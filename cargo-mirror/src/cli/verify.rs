//! `cargo mirror verify`: its arguments, and the help that teaches it.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  cargo mirror verify                     every checksum of Cargo.lock, as upstream says it
  cargo mirror verify --manifest-path path/to/Cargo.toml
  cargo mirror verify --json              for programs, such as a check before a release

The authority is `cargo.upstream`, the official index unless you say otherwise. When it cannot be reached, two operators
have to agree. Pinned commits are looked for where the lock says they are. Path dependencies and other registries are
listed and not checked. Exit code 65 (E-LOCK-POISON) when a checksum is not the authority's, or it knows no such
version; 77 (E-QUORUM) or 69 when nobody whose word is enough could be asked.";

/// What to hold against the authority.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct VerifyLock {
    /// The Cargo.toml of the package or workspace; by default the one that cargo would find.
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// How to show the answer.
    #[command(flatten)]
    pub output: Output,
}
