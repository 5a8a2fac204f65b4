//! The shim under its own name: what it would do, and why. Looks, starts nothing.

use std::{ffi::OsString, path::Path, process::ExitCode};

use mirror_config::{
    config::LazyConfig,
    errors::{Failure, Kind},
    system::Environment,
};

use super::failed::{Failed, NOT_FOUND, with_code};
use crate::{plan::Plan, real_pip::find, terminal};

/// Says what pip would be given for the arguments behind `--`.
///
/// # Errors
///
/// As [`super::as_pip::run`], and [`Kind::Usage`] for an option that it does not have.
pub fn explain(
    env: &Environment,
    config: &LazyConfig<'_>,
    file: &Path,
    arguments: &[OsString],
) -> Result<ExitCode, Failed> {
    let cut = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let mut json = false;
    for word in &arguments[..cut] {
        match word.to_str() {
            Some("--json") => json = true,
            Some("-h" | "--help") => {
                return terminal::out(terminal::HELP).map(|()| ExitCode::SUCCESS).map_err(with_code);
            }
            Some("-V" | "--version") => {
                let version = concat!("pip-shim ", env!("CARGO_PKG_VERSION"), "\n");
                return terminal::out(version).map(|()| ExitCode::SUCCESS).map_err(with_code);
            }
            _ => {
                let what = format!("`{}` is no option of pip-shim", word.display());
                return Err(with_code(Failure::new(Kind::Usage, what).hint("pip-shim --help")));
            }
        }
    }
    let install = [OsString::from("install")];
    let given = arguments.get(cut + 1..).filter(|given| !given.is_empty()).unwrap_or(&install);
    let pip = find::find(env, "pip".as_ref(), file).map_err(|failure| (failure, NOT_FOUND))?;
    let plan = Plan::make(env, config, &pip, given).map_err(with_code)?;
    let text = if json { format!("{:#}\n", terminal::object(&pip, &plan)) } else { terminal::text(&pip, &plan) };
    terminal::out(&text).map_err(with_code)?;
    Ok(ExitCode::SUCCESS)
}
