//! `cargo mirror run`: one command of cargo's with the relay as its registry, and every cargo below it likewise.

use std::{ffi::OsString, sync::Arc};

use mirror_config::{
    cargo::{Ahead, Checksums, Registry, index, routes},
    config::LazyConfig,
    errors::{Failure, Kind},
    fetch::Blobs,
    relay::{Forward, Relay},
    report::{Journal, Later, went_on},
    select::Select,
    system::{Environment, child, tether},
    transport::passed_on,
    trust::pins::Pins,
};

use crate::{
    cargo::{
        command_line, lock_file,
        outward::outward,
        program::{self, AskedVersion},
        run_home::{Given, RELAY, RunHome},
        setup::{Known, Levels, Replacement, standing},
        start,
    },
    cli::Run,
    report::{print_error, warn},
    system::version,
};

/// Commands that ask the registry's own web interface, which no mirror has: for these crates-io itself is meant.
const ASKS_ITSELF: &[&str] = &["login", "logout", "owner", "publish", "search", "yank"];
/// Where the relay is.
const HERE: &str = "127.0.0.1";

/// Runs it, and returns cargo's exit code.
pub(super) fn run(env: &Environment, config: &LazyConfig<'_>, asked: &Run) -> Result<u8, Failure> {
    let config = config.get()?;
    let levels = Levels::read(env, true)?;
    let replaced = standing(env, config, &asked.arguments)?;
    if let Some(kept) = replaced.as_ref().filter(|found| !found.is_public()) {
        warn(&format!(
            "{}: crates-io is replaced with {}; it stays in force, and no mirror hears of these crates",
            kept.found.place(),
            kept.words()
        ));
        return start::become_cargo(env, config, &levels, &asked.arguments);
    }
    let said = AskedVersion::of(&program::program(env));
    let locked = lock_file::find(asked.manifest().as_deref(), env.cwd());
    let (locked, needs) = locked.as_deref().map(lock_file::official).unwrap_or_default();
    let outward = outward(env, said);
    let version = outward.agent.trim_start_matches("cargo/").split(' ').next().unwrap_or_default().to_owned();
    if version.starts_with("1.") && !version::at_least(&version, program::SPARSE) {
        let what =
            format!("cargo {version} knows no sparse index, which is what the relay has; 1.68 is the first that does");
        return Err(Failure::new(Kind::Config, what).hint("cargo mirror run -- +stable …, or `cargo` by itself"));
    }
    let journal = Journal::new("cargo", "run", "crates");
    let later = Later::of(&journal);
    let io = |error: std::io::Error| Failure::new(Kind::Io, format!("the relay: {error}"));
    let select = Select::posing_as(config, env, &outward)?;
    let forward = passed_on::has_secret(config).then(|| Arc::new(Forward::new(select.proxies.clone())));
    let locked = pinned(locked, Pins::find(env, select.config.pins_policy())?.unwrap_or_default())?;
    // cargo names its cache by the address, so that follows from what the relay rests on.
    let name = format!("cargo {} {:?}", index::authority(&select.config), env.state_dir());
    let registry = Arc::new(Registry::new(env, select, Blobs::open(env).map_err(io)?, locked, journal.clone()));
    let serve = |address| routes::serve(Arc::clone(&registry), Ahead::new(needs), address);
    let relay = Relay::start(&name, forward.clone(), serve).map_err(io)?;

    let source = routes::source(relay.address());
    let words = arguments(&asked.arguments, &source, (&levels, &Known::of(config)), env);
    let mut command = start::command(env, config, &levels, &words);
    if let Some(forward) = forward {
        start::keep_secret(&mut command, config, &forward.address(relay.address()));
    }
    // A proxy is for the outside; the relay is here, and asks the proxy by itself.
    let ours = (!config.no_proxy.value.is_empty()).then(|| config.no_proxy.value.join(","));
    let theirs = || env.var("no_proxy").or_else(|| env.var("NO_PROXY")).map(str::to_owned);
    let exceptions = if config.proxy.is_some() { ours } else { theirs() };
    let exceptions = passed_on::with_exception(&exceptions.unwrap_or_default(), HERE);
    command.env("NO_PROXY", &exceptions).env("no_proxy", &exceptions);
    // Links are followed for every file that cargo unpacks, so only where another cargo may read them.
    let home = (!command_line::is_alone(&asked.arguments))
        .then(|| home(env, relay.address().port(), &source, replaced.as_ref(), &version))
        .flatten();
    let has_root = levels.value("install.root").is_some();
    command.envs(home.iter().flat_map(|home| home.variables(env, has_root)));
    let status = child::run(tether::held(command, "cargo-mirror")).map_err(|error| program::not_started(&error))?;

    drop((relay, home));
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

/// cargo's folder for this run. Without one only the cargo that is started goes through the relay, and none below it.
fn home(env: &Environment, number: u16, index: &str, replaced: Option<&Replacement>, version: &str) -> Option<RunHome> {
    RunHome::make(env, number, &Given { index, replaced, version })
        .inspect_err(|error| warn(&format!("cargos below this one take no mirror: no folder for the run: {error}")))
        .ok()
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

/// cargo's arguments, with the relay in front of them, and what lets a command take it.
fn arguments(given: &[OsString], source: &str, (levels, known): (&Levels, &Known), env: &Environment) -> Vec<OsString> {
    let (has_own, default) = default_registry(levels, known, env);
    let words = match command_line::name(given) {
        Some(name) if ASKS_ITSELF.contains(&name) && !has_own => command_line::with_registry(given, "crates-io"),
        Some("info") if !has_own => command_line::with_registry(given, RELAY),
        Some("vendor") if !given.iter().any(|word| word == RESPECT) => {
            command_line::behind_subcommand(given, &[RESPECT.to_owned()])
        }
        _ => given.to_vec(),
    };
    let mut keys =
        vec![format!("source.crates-io.replace-with=\"{RELAY}\""), format!("source.{RELAY}.registry=\"{source}\"")];
    if command_line::name(given) == Some("info") {
        // As a registry as well, since a command can only name such.
        keys.push(format!("registries.{RELAY}.index=\"{source}\""));
    }
    if let Some(replaced) = default {
        keys.push(format!("registry.default=\"{replaced}\""));
    }
    command_line::with(&words, &keys.into_iter().flat_map(|key| ["--config".to_owned(), key]).collect::<Vec<_>>())
}

/// Whether the user has a registry of their own as the default one, and what is to be the default in its place: a known mirror
/// is none, and may be dead.
fn default_registry(levels: &Levels, known: &Known, env: &Environment) -> (bool, Option<&'static str>) {
    let variable = env.var("CARGO_REGISTRY_DEFAULT").map(str::to_owned);
    let Some(name) = variable.or_else(|| Some(levels.value("registry.default")?.text.clone())) else {
        return (false, None);
    };
    match levels.registry(&name).and_then(|index| known.mirror(&index.text)) {
        Some(_) => (false, Some("crates-io")),
        None => (name != "crates-io", None),
    }
}

/// Without it `vendor` asks crates-io, whatever is in its place.
const RESPECT: &str = "--respect-source-config";

#[cfg(test)]
mod tests {
    use super::{RELAY, arguments};
    use crate::cargo::setup::{Known, Levels};
    use mirror_config::system::Environment;
    use std::ffi::OsString;

    #[test]
    fn each_command_is_told_where_its_crates_come_from() {
        let (env, index) = (Environment::of([("HOME", "/h")], "/"), "sparse+http://127.0.0.1:1/");
        let relay =
            format!("--config source.crates-io.replace-with=\"{RELAY}\" --config source.{RELAY}.registry=\"{index}\"");
        let named = format!("{relay} --config registries.{RELAY}.index=\"{index}\"");
        for (given, expected) in [
            ("build -v", format!("{relay} build -v")),
            ("+nightly build", format!("+nightly {relay} build")),
            ("vendor v", format!("{relay} vendor --respect-source-config v")),
            ("vendor --respect-source-config", format!("{relay} vendor --respect-source-config")),
            ("info x", format!("{named} info --registry {RELAY} x")),
            ("publish --dry-run", format!("{relay} publish --registry crates-io --dry-run")),
            ("search --registry corp x", format!("{relay} search --registry corp x")),
        ] {
            let words: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            let found = arguments(&words, index, (&Levels::default(), &Known::default()), &env);
            assert_eq!(found.join(OsString::from(" ").as_os_str()).into_string().expect("UTF-8"), expected);
        }
    }
}
