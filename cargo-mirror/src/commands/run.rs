//! `cargo mirror run`: one command of cargo's with the relay as its registry.

use std::{ffi::OsString, sync::Arc};

use mirror_config::{
    cargo::{Checksums, Registry, index, routes},
    config::LazyConfig,
    errors::{Failure, Kind},
    fetch::Blobs,
    relay::Relay,
    report::{Journal, Later, went_on},
    select::Select,
    system::{Environment, child},
    trust::pins::Pins,
};

use crate::{
    cargo::{config::SOURCE, lock_file, program},
    cli::Run,
    report::{print_error, warn},
};

/// Runs it, and returns cargo's exit code.
pub(super) fn run(env: &Environment, config: &LazyConfig<'_>, asked: &Run) -> Result<u8, Failure> {
    let journal = Journal::new("cargo", "run", "crates");
    let later = Later::of(&journal);
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("the relay: {error}"));
    let select = Select::posing_as(config.get()?, env, &program::agent(&program::program(env)))?;
    let locked = lock_file::find(asked.manifest().as_deref(), env.cwd());
    let locked = locked.as_deref().map(lock_file::checksums).unwrap_or_default();
    let locked = pinned(locked, Pins::find(env, select.config.pins_policy())?.unwrap_or_default())?;
    // cargo names its cache by the address, so that follows from what the relay rests on.
    let name = format!("cargo {} {:?}", index::authority(&select.config), env.state_dir());
    let registry = Arc::new(Registry::new(env, select, Blobs::open(env).map_err(io)?, locked, journal.clone()));
    let relay = Relay::start(&name, |address| routes::serve(Arc::clone(&registry), address));
    let relay = relay.map_err(io)?;

    let mut command = program::command(env, names_toolchain(&asked.arguments));
    command.args(arguments(&asked.arguments, &routes::source(relay.address())));
    // A proxy is for the outside; the relay is here, and asks the proxy by itself.
    for name in ["NO_PROXY", "no_proxy"] {
        let others = env.var("NO_PROXY").or_else(|| env.var("no_proxy")).unwrap_or_default();
        command.env(name, if others.is_empty() { "127.0.0.1".to_owned() } else { format!("{others},127.0.0.1") });
    }
    let status = child::run(command).map_err(|error| program::not_started(&error))?;

    drop(relay);
    later.warnings().iter().for_each(|warning| warn(warning));
    registry.close(env, None);
    for source in journal.report().sources {
        match &source.why {
            Some(fault) if fault.is_deceit() => warn(&went_on(&source.name, fault)),
            Some(fault) if !status.success() => print_error(&format!("mirror: note: {}: {fault}", source.name)),
            _ => {}
        }
    }
    Ok(child::code(status))
}

/// What the project has fixed: its lock and its pins, which must not differ.
fn pinned(mut locked: Checksums, pins: Pins) -> Result<Checksums, Failure> {
    for (key, sum) in pins.crates {
        match locked.get(&key) {
            Some(other) if *other != sum => {
                let (name, version) = key;
                return Err(Failure::new(
                    Kind::LockPoison,
                    format!("{name} {version}: Cargo.lock says {other}, {} says {sum}", pins.path.display()),
                )
                .hint("cargo mirror verify; then: cargo mirror pin --crates"));
            }
            _ => locked.insert(key, sum),
        };
    }
    Ok(locked)
}

/// Whether they begin with `+toolchain`.
fn names_toolchain(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|first| first.as_encoded_bytes().starts_with(b"+"))
}

/// cargo's arguments, with the relay in front of them.
fn arguments(given: &[OsString], source: &str) -> Vec<OsString> {
    let (toolchain, others) = given.split_at(usize::from(names_toolchain(given)));
    let ours = [
        "--config".to_owned(),
        format!("source.crates-io.replace-with=\"{SOURCE}\""),
        "--config".to_owned(),
        format!("source.{SOURCE}.registry=\"{source}\""),
    ];
    toolchain.iter().cloned().chain(ours.map(OsString::from)).chain(others.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use std::ffi::OsString;

    #[test]
    fn a_toolchain_stays_in_front() {
        let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let shown = |text: &str| {
            let all = arguments(&line(text), "sparse+http://127.0.0.1:1/");
            (all[0].clone(), all.len(), all[all.len() - 1].clone())
        };
        assert_eq!(shown("build -v"), ("--config".into(), 6, "-v".into()));
        assert_eq!(shown("+nightly build"), ("+nightly".into(), 6, "build".into()));
    }
}
