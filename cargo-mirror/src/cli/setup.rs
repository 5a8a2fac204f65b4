//! `cargo mirror setup`, `use` and `undo`: their arguments, and the help that teaches them.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const SETUP_EXAMPLES: &str = "\
Examples:
  cargo mirror setup                      asks which tools and which mirror, then shows the change
  cargo mirror setup --yes                cargo, git and pip, the best mirror, no question
  cargo mirror setup cargo --dry-run      show what would change for cargo, make no change
  cargo mirror setup git --transparent    plain https addresses of the upstream take mirrors too

`cargo mirror undo` takes everything back, byte for byte.";

const SETUP_CARGO_EXAMPLES: &str = "\
Examples:
  cargo mirror setup cargo                asks which mirror; they are ranked by what was measured
  cargo mirror setup cargo --auto --yes   the best, without a question, as in a script
  cargo mirror setup cargo --mirror ustc --dry-run
  cargo mirror setup cargo --scope project --mirror campus

A replacement by another public mirror is taken over; vendored sources and a company's registry are left alone. The file
is $CARGO_HOME/config.toml, or the project's .cargo/config.toml. `cargo mirror undo cargo` takes every set-up back.";

const SETUP_GIT_EXAMPLES: &str = "\
Examples:
  cargo mirror setup git --dry-run        show the change as a diff, make none
  cargo mirror setup git --yes            make it without asking, as in a script
  cargo mirror setup git --transparent    git clone https://… takes mirrors too, push does not

The file is the one `git config --global` writes. `cargo mirror undo git` takes every set-up back.";

const SETUP_PIP_EXAMPLES: &str = "\
Examples:
  cargo mirror setup pip                  link pip, pip3 and pip3.X to the shim
  cargo mirror setup pip --dry-run        show the links and the change, make none
  cargo mirror setup pip --pip-conf       python -m pip uses the best mirror, too
  cargo mirror setup pip --pip-conf --mirror tuna --yes

The links are in $XDG_DATA_HOME/mirror/shims, usually ~/.local/share/mirror/shims; what puts them in front on PATH is
printed, not written. The file is the one that `pip config --user` edits; where you have chosen an index it is left
alone. `cargo mirror undo pip` takes everything back.";

pub(super) const USE_EXAMPLES: &str = "\
Examples:
  cargo mirror use ustc                   cargo downloads from ustc from now on
  cargo mirror use campus --scope project
  cargo mirror use tuna --dry-run
  cargo mirror list                       the names";

pub(super) const UNDO_EXAMPLES: &str = "\
Examples:
  cargo mirror undo                       every set-up of every tool
  cargo mirror undo cargo
  cargo mirror undo git
  cargo mirror undo pip

An unchanged file is restored byte for byte. A file edited since loses only what the set-up added.";

/// What to set up; asks when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Setup {
    /// Which tool.
    #[command(subcommand)]
    pub tool: Option<SetupTool>,
    /// How to set up cargo, among others.
    #[command(flatten)]
    pub cargo: SetupCargo,
}

impl Setup {
    /// Whether nothing is to change.
    pub fn is_dry_run(&self) -> bool {
        match &self.tool {
            Some(SetupTool::Cargo(asked) | SetupTool::All(asked)) => asked.dry_run,
            Some(SetupTool::Git(asked)) => asked.dry_run,
            Some(SetupTool::Pip(asked)) => asked.dry_run,
            None => self.cargo.dry_run,
        }
    }
}

/// The tool to set up.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum SetupTool {
    /// Let cargo download from a mirror: source replacement that cannot hurt.
    #[command(after_help = SETUP_CARGO_EXAMPLES)]
    Cargo(SetupCargo),
    /// Let git fetch through `mirror::` addresses.
    #[command(after_help = SETUP_GIT_EXAMPLES)]
    Git(SetupGit),
    /// Let `pip` run through the shim, and pip itself use a mirror if you like.
    #[command(after_help = SETUP_PIP_EXAMPLES)]
    Pip(SetupPip),
    /// Every tool.
    #[command(after_help = SETUP_EXAMPLES)]
    All(SetupCargo),
}

/// How to set up cargo.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct SetupCargo {
    /// Use this mirror.
    #[arg(long, value_name = "NAME")]
    pub mirror: Option<String>,
    /// Take the best mirror by what was measured, without asking which.
    #[arg(long, conflicts_with = "mirror")]
    pub auto: bool,
    /// Whose configuration to change.
    #[arg(long, value_enum, default_value_t = Scope::User)]
    pub scope: Scope,
    /// Take over vendored sources, or a registry that is no known mirror.
    #[arg(long)]
    pub force: bool,
    /// Show the change and make none.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
}

/// Whose configuration to change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// That of all your projects.
    #[default]
    User,
    /// That of the workspace you are in.
    Project,
}

/// How to set up git.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct SetupGit {
    /// Fetch plain addresses of `git.upstream` through mirrors too; push still goes to the upstream.
    #[arg(long)]
    pub transparent: bool,
    /// Show the change and make none.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
}

/// How to set up pip.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub struct SetupPip {
    /// Also give the user's pip.conf an index, for `python -m pip`, activated environments and pipx.
    #[arg(long)]
    pub pip_conf: bool,
    /// The mirror for pip.conf and uv; the best by what was measured unless one is named.
    #[arg(long, value_name = "NAME")]
    pub mirror: Option<String>,
    /// Show the links and the change, and make none.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
}

/// The mirror to use.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Use {
    /// Its name, as `cargo mirror list` shows it.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Whose configuration to change.
    #[arg(long, value_enum, default_value_t = Scope::User)]
    pub scope: Scope,
    /// Take over vendored sources, or a registry that is no known mirror.
    #[arg(long)]
    pub force: bool,
    /// Show the change and make none.
    #[arg(long)]
    pub dry_run: bool,
}

/// What to take back; everything when nothing is said.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Undo {
    /// Which tool.
    #[command(subcommand)]
    pub tool: Option<UndoTool>,
}

/// The tool whose set-up to take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum UndoTool {
    /// cargo's configuration, the user's and that of projects, as it was before the first set-up.
    #[command(after_help = UNDO_EXAMPLES)]
    Cargo,
    /// git's global configuration, as it was before the first set-up.
    #[command(after_help = UNDO_EXAMPLES)]
    Git,
    /// The links to pip-shim, and pip's configuration as it was before the first set-up.
    #[command(after_help = UNDO_EXAMPLES)]
    Pip,
}
