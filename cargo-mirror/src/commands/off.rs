//! `cargo mirror off -- ARGS`: one cargo command with the official index in the mirror's place. Changes no file.

use std::ffi::OsString;

use mirror_config::{cargo::index, config::LazyConfig, errors::Failure, system::Environment};

use crate::{
    cargo::{
        config::SOURCE,
        program,
        setup::{Known, Levels, ReplacedBy, in_force},
    },
    cli::Off,
    report,
};

/// Commands that refuse to guess which registry is meant while crates-io is replaced, unless one is named.
const ASKS_WHICH: &[&str] = &["info", "login", "logout", "owner", "publish", "search", "yank"];

pub(super) fn off(env: &Environment, config: &LazyConfig<'_>, asked: &Off) -> Result<u8, Failure> {
    let levels = Levels::read(env, true)?;
    let replaced = in_force(&levels.0, &levels.0, &Known::of(config.get()?));
    if let Some(other) = replaced.as_ref().filter(|found| found.kind != ReplacedBy::Ours) {
        report::warn(&format!(
            "{}: crates-io is replaced with `{}`, which is not ours and stays in force",
            other.found.place(),
            other.source
        ));
    }
    let default = levels.value("registry.default").is_some() || env.var("CARGO_REGISTRY_DEFAULT").is_some();
    let words = match &replaced {
        Some(found) if found.kind == ReplacedBy::Ours => arguments(&asked.arguments, default),
        _ => asked.arguments.clone(),
    };
    let toolchain = words.first().is_some_and(|word| word.to_string_lossy().starts_with('+'));
    let mut command = program::command(env, toolchain);
    command.args(words);
    #[cfg(unix)]
    return Err(program::not_started(&std::os::unix::process::CommandExt::exec(&mut command)));
    #[cfg(not(unix))]
    {
        let status = command.status().map_err(|error| program::not_started(&error))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

/// cargo's arguments, with what leads past our mirror. `+toolchain` stays first.
fn arguments(given: &[OsString], default: bool) -> Vec<OsString> {
    let first = usize::from(given.first().is_some_and(|word| word.as_encoded_bytes().starts_with(b"+")));
    let (toolchain, rest) = given.split_at(first);
    let ours = ["--config".into(), format!("source.{SOURCE}.registry=\"sparse+{}\"", official()).into()];
    let mut words: Vec<OsString> = toolchain.iter().cloned().chain(ours).collect();
    let at = subcommand(rest).filter(|at| rest[*at].to_str().is_some_and(|word| ASKS_WHICH.contains(&word)));
    let names = |word: &OsString| {
        let word = word.to_string_lossy();
        ["--registry", "--index"].iter().any(|option| word == *option || word.starts_with(&format!("{option}=")))
    };
    match at.filter(|_| !default && !rest.iter().any(names)) {
        Some(at) => {
            words.extend_from_slice(&rest[..=at]);
            words.extend(["--registry".into(), "crates-io".into()]);
            words.extend_from_slice(&rest[at + 1..]);
        }
        None => words.extend_from_slice(rest),
    }
    words
}

/// Where the subcommand stands among cargo's arguments.
fn subcommand(words: &[OsString]) -> Option<usize> {
    let mut at = 0;
    loop {
        let word = words.get(at)?.to_str()?;
        match word {
            "--config" | "--color" | "-C" | "-Z" => at += 2,
            _ if word.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
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

    use super::{arguments, official};

    #[test]
    fn the_mirror_is_overruled_and_the_registry_named_where_cargo_asks() {
        let config = format!("--config source.cargo-mirror.registry=\"sparse+{}\"", official());
        let line = |given: &str, default: bool| {
            let given: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            arguments(&given, default).join(OsString::from(" ").as_os_str()).into_string().expect("UTF-8")
        };
        for (given, expected) in [
            ("publish --dry-run", format!("{config} publish --registry crates-io --dry-run")),
            ("+nightly search x", format!("+nightly {config} search --registry crates-io x")),
            ("--config a=1 -q yank x", format!("{config} --config a=1 -q yank --registry crates-io x")),
            ("publish --registry corp", format!("{config} publish --registry corp")),
            ("publish --index=https://h.example/", format!("{config} publish --index=https://h.example/")),
            ("build --release", format!("{config} build --release")),
            ("run -- publish", format!("{config} run -- publish")),
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
