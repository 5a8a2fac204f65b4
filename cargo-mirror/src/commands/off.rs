//! `cargo mirror off -- ARGS`: one cargo command with the official index in the mirror's place. Changes no file.

use std::ffi::OsString;

use mirror_config::{cargo::index, config::LazyConfig, errors::Failure, system::Environment};

use crate::{
    cargo::{
        command_line,
        config::SOURCE,
        setup::{Known, Levels, ReplacedBy, in_force},
        start,
    },
    cli::Off,
    report,
};

pub(super) fn off(env: &Environment, config: &LazyConfig<'_>, asked: &Off) -> Result<u8, Failure> {
    let config = config.get()?;
    let levels = Levels::read(env, true)?;
    let replaced = in_force(&levels.0, &levels.0, &Known::of(config));
    if let Some(other) = replaced.as_ref().filter(|found| found.kind != ReplacedBy::Ours) {
        report::warn(&format!(
            "{}: crates-io is replaced with `{}`, which is not ours and stays in force",
            other.found.place(),
            other.source
        ));
    }
    let default = levels.value("registry.default").is_some() || env.var("CARGO_REGISTRY_DEFAULT").is_some();
    let words = match &replaced {
        Some(found) if found.kind == ReplacedBy::Ours => past_ours(&asked.arguments, default),
        _ => asked.arguments.clone(),
    };
    start::become_cargo(env, config, &levels, &words)
}

/// cargo's words, with what leads past our mirror. `+toolchain` stays first.
fn past_ours(given: &[OsString], default: bool) -> Vec<OsString> {
    let ours = ["--config".to_owned(), format!("source.{SOURCE}.registry=\"sparse+{}\"", official())];
    let named = if default { given.to_vec() } else { command_line::with_registry(given, "crates-io") };
    command_line::with(&named, &ours)
}

/// The official index with its port. Measured with cargo 1.95: with the address as everybody writes it the source is
/// crates-io itself, and to define that twice is an error; with `:443` it is another name for the same place.
fn official() -> String {
    let address = index::official();
    let url = address.expose();
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}:{}{}", url.scheme(), url.port_or_known_default().unwrap_or(443), url.path())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{official, past_ours};

    #[test]
    fn the_mirror_is_overruled_and_the_registry_named_where_cargo_asks() {
        let config = format!("--config source.cargo-mirror.registry=\"sparse+{}\"", official());
        let line = |given: &str, default: bool| {
            let given: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            past_ours(&given, default).join(OsString::from(" ").as_os_str()).into_string().expect("UTF-8")
        };
        for (given, expected) in [
            ("publish --dry-run", format!("{config} publish --registry crates-io --dry-run")),
            ("+nightly search x", format!("+nightly {config} search --registry crates-io x")),
            ("build --release", format!("{config} build --release")),
        ] {
            assert_eq!(line(given, false), expected);
        }
        assert_eq!(line("publish", true), format!("{config} publish"), "the user's default registry is meant");
    }

    #[test]
    fn the_official_index_is_named_with_its_port() {
        assert!(official().starts_with("https://") && official().ends_with(":443/"), "{}", official());
    }
}
