//! `cargo mirror off`, `completions` and `man`: their arguments, and the help that teaches them.

use std::ffi::OsString;

use clap::Args;
use clap_complete::Shell;

pub(super) const OFF_EXAMPLES: &str = "\
Examples:
  cargo mirror off -- publish
  cargo mirror off -- search serde
  cargo mirror off -- +nightly update

With a mirror in the place of crates-io, cargo refuses publish, login, search, owner and yank. This runs one command with
the official index in the mirror's place; no file is changed, and cargo's own exit code is this one's.";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  cargo mirror completions bash > ~/.local/share/bash-completion/completions/cargo-mirror
  cargo mirror completions fish > ~/.config/fish/completions/cargo-mirror.fish
  cargo mirror completions zsh > ~/.zfunc/_cargo-mirror";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  cargo mirror man > ~/.local/share/man/man1/cargo-mirror.1
  cargo mirror man | man -l -";

/// What to run without a mirror.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Off {
    /// cargo's own arguments.
    #[arg(value_name = "ARGS", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

/// For which shell.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use crate::cli::generated::{completions, man};

    #[test]
    fn shells_and_man_know_every_command() {
        let page = man().expect("text");
        for command in ["setup", "status", "doctor", "off", "undo"] {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
                assert!(completions(shell).expect("text").contains(command), "{shell} {command}");
            }
            assert!(page.contains(&format!(".SH CARGO MIRROR {}", command.to_uppercase())), "{command}");
        }
    }
}
