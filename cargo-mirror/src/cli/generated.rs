//! What follows from the command line itself: completions for shells, the manual page.

use clap::CommandFactory;
use clap_complete::Shell;
use mirror_config::errors::{Failure, Kind};

use super::command::Line;

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
