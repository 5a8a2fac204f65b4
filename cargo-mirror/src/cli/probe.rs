//! `cargo mirror probe`: its arguments, and the help that teaches it.

use clap::{Args, Subcommand};

use super::output::Output;

pub(super) const PROBE_EXAMPLES: &str = "\
Examples:
  cargo mirror probe                      mirrors for git, cargo and pip, all at once
  cargo mirror probe cargo                which mirror of crates is near, fresh, and has the files
  cargo mirror probe pip --json
  cargo mirror probe git openglm/Open-AutoGLM
  cargo mirror probe --tls                certificates: who issued them, for which names, for how long

Takes five seconds at most; who has not answered by then is `timeout`. What is measured is remembered and used.";

const GIT_EXAMPLES: &str = "\
Examples:
  cargo mirror probe git                  every git mirror of the upstream
  cargo mirror probe git openglm/Open-AutoGLM
  cargo mirror probe git openglm/Open-AutoGLM --json";

const CARGO_EXAMPLES: &str = "\
Examples:
  cargo mirror probe cargo
  cargo mirror probe cargo --json

`index only`: the mirror's `config.json` sends cargo somewhere else for the files, or to where they are not.
Upstream is `cargo.upstream`, the official index unless you say otherwise.";

const PIP_EXAMPLES: &str = "\
Examples:
  cargo mirror probe pip
  cargo mirror probe pip --json
  MIRROR_PIP__UPSTREAM=https://pypi.corp.example/simple/ cargo mirror probe pip

Upstream is `pip.upstream`, else the index that is built into your pip; without pip there is no row for it.
Some firewalls answer 403 to pip and 200 to browsers: mirrors are asked as pip asks them.";

/// Whom to ask; all of them when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Probe {
    /// The tool whose mirrors to ask.
    #[command(subcommand)]
    pub tool: Option<ProbeTool>,
    /// Look at the certificates of all mirrors' hosts instead; none that fails is believed, it is shown with the reason.
    #[arg(long)]
    pub tls: bool,
    /// How to show the answer.
    #[command(flatten)]
    pub output: Output,
}

/// The tool whose mirrors to ask.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum ProbeTool {
    /// The git mirrors, for one repository or in general.
    #[command(after_help = GIT_EXAMPLES)]
    Git(ProbeGit),
    /// The mirrors of crates.
    #[command(after_help = CARGO_EXAMPLES)]
    Cargo(Output),
    /// The mirrors of Python packages.
    #[command(after_help = PIP_EXAMPLES)]
    Pip(Output),
}

/// What to ask git mirrors for.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct ProbeGit {
    /// The repository to ask for.
    #[arg(value_name = "OWNER/REPO")]
    pub repo: Option<String>,
    /// How to show the answer.
    #[command(flatten)]
    pub output: Output,
}
