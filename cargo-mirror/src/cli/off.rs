//! `cargo mirror off`, `completions` and `man`: their arguments, and the help that teaches them.

use std::ffi::OsString;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use mirror_config::failure::{Failure, Kind};

use super::Line;

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

/// What a shell needs to complete command lines.
///
/// # Errors
///
/// [`Kind::Internal`] when that is not text.
pub fn completions(shell: Shell) -> Result<String, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), "cargo-mirror", &mut text);
    String::from_utf8(text).map_err(|error| Failure::new(Kind::Internal, error.to_string()))
}

/// The manual page, in roff: the program, then every command.
///
/// # Errors
///
/// [`Kind::Internal`] when it cannot be made.
pub fn man() -> Result<String, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(Kind::Internal, error.to_string());
    let mut text = Vec::new();
    let line = Line::command();
    clap_mangen::Man::new(line.clone()).render(&mut text).map_err(|error| failed(&error))?;
    for command in line.get_subcommands() {
        let page = clap_mangen::Man::new(command.clone());
        text.extend_from_slice(format!(".SH CARGO MIRROR {}\n", command.get_name().to_uppercase()).as_bytes());
        page.render_description_section(&mut text).map_err(|error| failed(&error))?;
        page.render_options_section(&mut text).map_err(|error| failed(&error))?;
        page.render_extra_section(&mut text).map_err(|error| failed(&error))?;
    }
    String::from_utf8(text).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::{completions, man};

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
