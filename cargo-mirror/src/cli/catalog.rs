//! `cargo mirror catalog`: its arguments, and the help that teaches it.

use clap::{Args, Subcommand};

use super::output::Output;

pub(super) const CATALOG_EXAMPLES: &str = "\
Examples:
  cargo mirror catalog                    which list of mirrors is in force, how new it is, who signed it
  cargo mirror catalog --json
  cargo mirror catalog update https://mirrors.corp.example/mirrors.toml

A list may name mirrors and their operators; it loosens nothing, and your own files win over it.";

const UPDATE_EXAMPLES: &str = "\
Examples:
  cargo mirror catalog update https://mirrors.corp.example/mirrors.toml
  cargo mirror catalog update https://mirrors.corp.example/mirrors.toml --dry-run

Whose signatures count stands in your own configuration file:
  [signatures]
  keys = [\"RWQ…, the second line of minisign.pub\", \"ssh-ed25519 AAAA… ada@example.org\"]
  threshold = 1

A list has the form of mirrors.toml, with `version = 7` and `expires = 2027-01-31` on top.
Its signatures stand beside it, those of further signers with a number:
  mirrors.toml.minisig, mirrors.toml.2.minisig …   minisign -Sm mirrors.toml
  mirrors.toml.sig, mirrors.toml.2.sig …           ssh-keygen -Y sign -n mirror -f KEY mirrors.toml";

/// Which list of mirrors is in force; shows it when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Catalog {
    /// What to do.
    #[command(subcommand)]
    pub action: Option<CatalogAction>,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}

/// What can be done with the list.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum CatalogAction {
    /// Take a newer list that is signed by keys of your configuration.
    #[command(after_help = UPDATE_EXAMPLES)]
    Update(Update),
}

/// Which list to take.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Update {
    /// Where the list is.
    #[arg(value_name = "URL")]
    pub address: String,
    /// Check it, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How to show what happened.
    #[command(flatten)]
    pub output: Output,
}
