//! The command line: what can be asked for, and the help that teaches it. The only door to clap.
//!
//! cargo starts `cargo-mirror mirror …` for `cargo mirror …`; both spellings mean the same.

use std::ffi::OsString;

use clap::{Parser, Subcommand, error::ErrorKind};
use mirror_config::errors::{Failure, Kind};

use super::{
    cache::{self, Cache},
    catalog::{self, Catalog},
    ledger::{self, Audit, Ledger},
    off::{self, Completions, Off},
    output::Output,
    pin::{self, PinFacts, Recheck},
    probe::{self, Probe},
    run::{self, Run},
    setup::{self, Setup, Undo, Use},
    status::{self, Status},
    verify::{self, VerifyLock},
};

const EXAMPLES: &str = "\
Examples:
  cargo mirror setup                      asks which tools and which mirror
  cargo mirror setup git                  let git fetch from `mirror::owner/repo`
  cargo mirror setup pip                  let pip run through the shim
  cargo mirror status                     what is set, and where
  cargo mirror doctor                     what will not work, and how to go on
  cargo mirror off -- publish             one command without a mirror
  cargo mirror run -- build               crates from all mirrors, checked
  cargo mirror probe                      which mirrors are there, fast and fresh
  cargo mirror verify                     is Cargo.lock what upstream says?
  cargo mirror pin owner/repo             fix what it is now; clones deliver that or nothing
  cargo mirror recheck .                  is this checkout what was pinned?
  cargo mirror cache                      what is kept of repositories that were cloned
  cargo mirror catalog                    which list of mirrors is in force
  cargo mirror undo                       take everything back, byte for byte

Exit codes:
   0  done, or nothing to do
  64  the command line or a name is wrong        (E-USAGE, E-NAME)
  65  data does not match what was promised      (E-DIGEST, E-TRUNCATED, E-LOCK-POISON)
  69  no candidate, proxy or name server served  (E-EXHAUSTED, E-SLOW, E-PROXY, E-DNS)
  70  a defect of this program                   (E-INTERNAL)
  74  a file could not be read or written        (E-IO)
  75  busy; try again                            (E-BUSY, E-RATE)
  76  not a mirror, or beyond a limit            (E-NOT-A-MIRROR, E-LIMIT)
  77  not trustworthy enough                     (E-QUORUM, E-UNPINNED, E-ROLLBACK, E-SIG, …)
  78  a configuration or a permission            (E-CONFIG, E-PERM)";

const LIST_EXAMPLES: &str = "\
Examples:
  cargo mirror list
  cargo mirror list --json

Disable a mirror in $XDG_CONFIG_HOME/mirror/config.toml:
  [mirrors.NAME]
  enabled = false";

/// Find and use mirrors for git, cargo and pip.
#[derive(Debug, Parser)]
#[command(name = "cargo-mirror", bin_name = "cargo mirror", version, after_help = EXAMPLES)]
pub(super) struct Line {
    #[command(subcommand)]
    command: Command,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Let a tool use mirrors: shows the change, asks, makes it, and records how to undo it.
    #[command(after_help = setup::SETUP_EXAMPLES)]
    Setup(Setup),
    /// Have cargo download from another mirror.
    #[command(after_help = setup::USE_EXAMPLES)]
    Use(Use),
    /// Show what is set for each tool, and where each value comes from.
    #[command(after_help = status::STATUS_EXAMPLES)]
    Status(Status),
    /// Say what will not work, and how to go on.
    #[command(after_help = status::DOCTOR_EXAMPLES)]
    Doctor(Output),
    /// Take set-ups back.
    #[command(after_help = setup::UNDO_EXAMPLES)]
    Undo(Undo),
    /// Run one cargo command without a mirror in the place of crates-io, such as publish.
    #[command(after_help = off::OFF_EXAMPLES)]
    Off(Off),
    /// List the mirrors: who runs them, what they carry, and where they are configured.
    #[command(after_help = LIST_EXAMPLES)]
    List(Output),
    /// Show which list of mirrors is in force, or take a newer signed one.
    #[command(after_help = catalog::CATALOG_EXAMPLES)]
    Catalog(Catalog),
    /// Ask the mirrors: there? how fast? how fresh? whole?
    #[command(after_help = probe::PROBE_EXAMPLES)]
    Probe(Probe),
    /// Run one command of cargo's with crates from all mirrors, checked; no configuration is changed.
    #[command(after_help = run::RUN_EXAMPLES)]
    Run(Run),
    /// Hold every checksum of Cargo.lock against the authority's.
    #[command(after_help = verify::VERIFY_EXAMPLES)]
    Verify(VerifyLock),
    /// Fix what is believed now, in mirror.lock: commits, crates, wheels.
    #[command(after_help = pin::PIN_EXAMPLES)]
    Pin(PinFacts),
    /// Hold a checkout against mirror.lock, file by file.
    #[command(after_help = pin::RECHECK_EXAMPLES)]
    Recheck(Recheck),
    /// Show or forget what was seen of repositories before.
    #[command(after_help = ledger::LEDGER_EXAMPLES)]
    Ledger(Ledger),
    /// Check again what operators said when they contradicted each other.
    #[command(after_help = ledger::AUDIT_EXAMPLES)]
    Audit(Audit),
    /// Show, prune or verify the objects that are kept between clones.
    #[command(after_help = cache::CACHE_EXAMPLES)]
    Cache(Cache),
    /// Print what a shell needs to complete `cargo-mirror`.
    #[command(after_help = off::COMPLETIONS_EXAMPLES)]
    Completions(Completions),
    /// Print the manual page.
    #[command(after_help = off::MAN_EXAMPLES)]
    Man,
}

/// What a command line comes to.
#[derive(Debug)]
pub enum Asked {
    /// A command to run.
    Command(Command),
    /// A text to show: help, or the version.
    Help(String),
}

/// Reads the command line, the program's own name first.
///
/// # Errors
///
/// [`Kind::Usage`] for what cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, Failure> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == "mirror") {
        arguments.remove(1);
    }
    match Line::try_parse_from(&arguments) {
        Ok(line) => Ok(Asked::Command(line.command)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Asked::Help(error.render().to_string())),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Err(Failure::new(Kind::Usage, "a command is missing").hint(help_for(&arguments)))
            }
            _ => Err(Failure::new(Kind::Usage, headline(&error.render().to_string())).hint(help_for(&arguments))),
        },
    }
}

/// The first paragraph of clap's message, in one line and without its prefix, with what is spelled like it.
fn headline(rendered: &str) -> String {
    let lines = rendered.lines().take_while(|line| !line.trim().is_empty()).map(str::trim);
    let joined = lines.collect::<Vec<_>>().join(" ");
    let what = joined.strip_prefix("error: ").unwrap_or(&joined);
    let mut tips = rendered.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    match tips.find(|tip| tip.contains(" similar ")) {
        Some(similar) => format!("{what}; {similar}"),
        None => what.to_owned(),
    }
}

/// The help command for as much of the line as is known.
fn help_for(arguments: &[OsString]) -> String {
    use clap::CommandFactory;
    let mut line = "cargo mirror".to_owned();
    let mut known = Line::command();
    for word in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        let Some(next) = known.find_subcommand(word).cloned() else { break };
        line = format!("{line} {word}");
        known = next;
    }
    format!("{line} --help")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory;
    use mirror_config::errors::Kind;

    use super::{Asked, Command, Line, parse};
    use crate::cli::{Output, Setup, SetupCargo, SetupGit, SetupTool};

    fn asked(line: &str) -> Result<Asked, mirror_config::errors::Failure> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn clap_finds_no_contradiction() {
        Line::command().debug_assert();
    }

    #[test]
    fn both_spellings_mean_the_same() {
        for line in ["cargo-mirror mirror list --json", "cargo-mirror list --json"] {
            let Ok(Asked::Command(command)) = asked(line) else { panic!("{line}") };
            assert_eq!(command, Command::List(Output { json: true }));
        }
        let Ok(Asked::Command(command)) = asked("cargo-mirror setup git --dry-run") else { panic!("a command") };
        let git = SetupGit { dry_run: true, ..SetupGit::default() };
        let expected = Setup { tool: Some(SetupTool::Git(git)), cargo: SetupCargo::default() };
        assert_eq!(command, Command::Setup(expected));
    }

    #[test]
    fn a_wrong_line_is_a_usage_error_that_names_its_help() {
        for (line, hint) in [
            ("cargo-mirror nonsense", "cargo mirror --help"),
            ("cargo-mirror", "cargo mirror --help"),
            ("cargo-mirror mirror use", "cargo mirror use --help"),
            ("cargo-mirror setup cargo --auto --mirror a", "cargo mirror setup cargo --help"),
            ("cargo-mirror off", "cargo mirror off --help"),
            ("cargo-mirror setup git --nonsense", "cargo mirror setup git --help"),
            ("cargo-mirror probe git a/b c/d", "cargo mirror probe git --help"),
            ("cargo-mirror cache prune --all --to 1", "cargo mirror cache prune --help"),
        ] {
            let failure = asked(line).expect_err(line);
            assert_eq!((failure.kind, failure.hint.as_deref()), (Kind::Usage, Some(hint)), "{line}");
            assert!(!failure.what.contains('\n') && !failure.what.starts_with("error"), "{failure}");
        }
    }

    #[test]
    fn a_misspelled_word_is_answered_with_the_right_one() {
        let failure = asked("cargo-mirror statsu").expect_err("no such command");
        assert!(failure.what.contains("similar subcommand") && failure.what.contains("'status'"), "{failure}");
    }

    #[test]
    fn every_subcommand_has_examples() {
        fn check(command: &clap::Command, path: &str) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:"), "{path} {}", command.get_name());
            for below in command.get_subcommands() {
                check(below, &format!("{path} {}", command.get_name()));
            }
        }
        check(&Line::command(), "");
    }
}
