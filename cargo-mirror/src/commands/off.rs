//! `cargo mirror off -- ARGS`: one cargo command with the official index in the mirror's place. Changes no file.

use std::ffi::OsString;

use mirror_config::{config::Config, crates, environment::Environment, failure::Failure};

use super::setup::cargo::known;
use crate::{
    cargo_config::SOURCE,
    cargo_program,
    cargo_setup::{Levels, ReplacedBy, Replacement, in_force},
    cli::Off,
    report,
};

pub(super) fn off(env: &Environment, asked: &Off) -> Result<u8, Failure> {
    let levels = Levels::read(env, true)?;
    let replaced = in_force(&levels.0, &levels.0, &known(env, &Config::load(env, &[])?)?);
    if let Some(other) = replaced.as_ref().filter(|found| found.kind != ReplacedBy::Ours) {
        report::warn(&format!(
            "{}: crates-io is replaced with `{}`, which is not ours and stays in force",
            other.found.place(),
            other.source
        ));
    }
    let words = arguments(&asked.arguments, replaced.as_ref());
    let toolchain = words.first().is_some_and(|word| word.to_string_lossy().starts_with('+'));
    let mut command = cargo_program::command(env, toolchain);
    command.args(words);
    #[cfg(unix)]
    return Err(cargo_program::not_started(&std::os::unix::process::CommandExt::exec(&mut command)));
    #[cfg(not(unix))]
    {
        let status = command.status().map_err(|error| cargo_program::not_started(&error))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

/// cargo's arguments with the address in the place of ours, if ours is in force. `+toolchain` stays first.
fn arguments(given: &[OsString], replaced: Option<&Replacement>) -> Vec<OsString> {
    if replaced.is_none_or(|found| found.kind != ReplacedBy::Ours) {
        return given.to_vec();
    }
    let first = usize::from(given.first().is_some_and(|word| word.to_string_lossy().starts_with('+')));
    let (toolchain, rest) = given.split_at(first);
    let ours = ["--config".into(), format!("source.{SOURCE}.registry=\"sparse+{}\"", official()).into()];
    toolchain.iter().cloned().chain(ours).chain(rest.iter().cloned()).collect()
}

/// The official index with its port. Measured with cargo 1.95: with the address as everybody writes it the source is
/// crates-io itself, and a source that replaces itself is an error; with `:443` it is another name for the same place.
fn official() -> String {
    let address = crates::official();
    let url = address.expose();
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}:{}{}", url.scheme(), url.port_or_known_default().unwrap_or(443), url.path())
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, path::PathBuf};

    use super::{arguments, official};
    use crate::cargo_setup::{Found, ReplacedBy, Replacement};

    fn replaced(kind: ReplacedBy) -> Replacement {
        let found = Found { key: String::new(), text: String::new(), file: PathBuf::new(), line: 1 };
        Replacement { found, source: "cargo-mirror".to_owned(), target: None, kind }
    }

    fn line(given: &str, kind: Option<ReplacedBy>) -> String {
        let given: Vec<OsString> = given.split(' ').map(OsString::from).collect();
        let words = arguments(&given, kind.map(replaced).as_ref());
        words.join(OsString::from(" ").as_os_str()).into_string().expect("UTF-8")
    }

    #[test]
    fn ours_is_overruled_before_the_command_and_nothing_else_is() {
        let config = format!("--config source.cargo-mirror.registry=\"sparse+{}\"", official());
        assert_eq!(line("publish --dry-run", Some(ReplacedBy::Ours)), format!("{config} publish --dry-run"));
        assert_eq!(line("+nightly search x", Some(ReplacedBy::Ours)), format!("+nightly {config} search x"));
        for kind in [None, Some(ReplacedBy::Own), Some(ReplacedBy::Vendored)] {
            assert_eq!(line("publish", kind), "publish");
        }
    }

    #[test]
    fn the_official_index_is_named_with_its_port() {
        assert!(official().starts_with("https://") && official().ends_with(":443/"), "{}", official());
    }
}
