//! `cargo mirror status cargo`: every value of cargo's that matters to where it downloads from.

use std::collections::BTreeSet;

use mirror_config::{config::LazyConfig, errors::Failure, message::redact, system::Environment};

use super::git::proxy;
use crate::{
    cargo::{
        program,
        setup::{Found, Known, Level, Levels, ReplacedBy, in_force},
    },
    report::{CargoFile, CargoStatus, CargoValue},
    system::version,
};

/// Variables of others that cargo, or rustup, looks at. Those that begin with `CARGO_` are looked for by their beginning.
const VARIABLES: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "CARGO_HOME",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_UPDATE_ROOT",
];
/// Beginnings of variables that stand for keys (The Cargo Book, "Environment variables").
const PREFIXES: &[&str] = &["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_", "CARGO_SOURCE_"];

/// cargo's state as the working directory sees it.
pub(super) fn read(env: &Environment, config: &LazyConfig<'_>) -> Result<CargoStatus, Failure> {
    let version = program::version(env);
    let includes = version.as_deref().is_some_and(|version| version::at_least(version, program::INCLUDES));
    let levels = Levels::read(env, includes)?;
    let replaced = in_force(&levels.0, &levels.0, &Known::of(config.get()?));
    let kind = replaced.as_ref().map(|found| match found.kind {
        ReplacedBy::Ours => "cargo-mirror",
        ReplacedBy::Mirror(_) => "mirror",
        ReplacedBy::Own => "registry",
        ReplacedBy::Vendored => "vendored",
        ReplacedBy::Undefined => "undefined",
    });
    Ok(CargoStatus {
        includes,
        version,
        kind,
        address: replaced.as_ref().and_then(|found| found.target.as_deref()).map(redact::secrets),
        origin: replaced.as_ref().map(|found| found.found.place()),
        replaced_with: replaced.map(|found| found.source),
        files: levels.0.iter().flat_map(files).collect(),
        values: values(&levels, env),
        variables: variables(env),
    })
}

fn files(level: &Level) -> Vec<CargoFile> {
    let own = level.file.display().to_string();
    let file =
        |path: &std::path::Path, read, included_by| CargoFile { path: path.display().to_string(), read, included_by };
    let included = level.included.iter().map(|path| file(path, true, Some(own.clone())));
    let ignored = level.ignored.iter().map(|path| file(path, false, None));
    [file(&level.file, true, None)].into_iter().chain(included).chain(ignored).collect()
}

/// Whether a key has to do with where crates come from, and how. Tokens have not, and are not for showing.
fn matters(key: &str) -> bool {
    let names: Vec<&str> = key.split('.').collect();
    match names.as_slice() {
        ["source", ..] => !key.ends_with("token"),
        ["registries", _, name] => matches!(*name, "index" | "protocol"),
        ["registry", name] => matches!(*name, "default" | "index"),
        ["http" | "net", ..] => true,
        ["include", ..] => true,
        _ => false,
    }
}

fn values(levels: &Levels, env: &Environment) -> Vec<CargoValue> {
    let mut seen = BTreeSet::new();
    let all = levels.0.iter().flat_map(|level| &level.values).filter(|found| matters(&found.key));
    let value = |found: &Found| CargoValue {
        // A variable wins over every file, but those for sources, which cargo does not read.
        in_force: seen.insert(found.key.clone())
            && (found.key.starts_with("source.") || env.var(&variable(&found.key)).is_none()),
        key: redact::secrets(&found.key),
        value: display(&found.key, &found.text),
        origin: found.place(),
    };
    all.map(value).collect()
}

fn variables(env: &Environment) -> Vec<CargoValue> {
    let others = VARIABLES.iter().filter_map(|name| Some((*name, env.var(name)?)));
    let own = PREFIXES.iter().flat_map(|prefix| env.beginning_with(prefix)).filter(|(_, text)| !text.is_empty());
    let value = |(name, text): (&str, &str)| CargoValue {
        in_force: !name.starts_with("CARGO_SOURCE_"),
        key: name.to_owned(),
        value: display(name, text),
        origin: "environment".to_owned(),
    };
    others.chain(own).filter(|(name, _)| !name.ends_with("_TOKEN")).map(value).collect()
}

/// The variable that stands for a key.
fn variable(key: &str) -> String {
    format!("CARGO_{}", key.to_uppercase().replace(['.', '-'], "_"))
}

fn display(key: &str, text: &str) -> String {
    let is_proxy = key.to_ascii_lowercase().ends_with("proxy") && !key.eq_ignore_ascii_case("no_proxy");
    if is_proxy { proxy(text) } else { redact::secrets(text) }
}

#[cfg(test)]
mod tests {
    use super::{display, matters, variable};

    #[test]
    fn tokens_are_not_shown_and_proxies_without_their_user() {
        for (key, shown) in [
            ("source.crates-io.replace-with", true),
            ("registries.corp.index", true),
            ("registries.corp.token", false),
            ("registry.token", false),
            ("http.proxy", true),
            ("net.retry", true),
            ("build.jobs", false),
        ] {
            assert_eq!(matters(key), shown, "{key}");
        }
        assert_eq!(display("http.proxy", "ada:pw@p.example:1"), "***@p.example:1");
        assert_eq!(display("HTTPS_PROXY", "ada:pw@p.example:1"), "***@p.example:1");
        assert_eq!(display("source.x.registry", "sparse+https://u:pw@h.example/"), "sparse+https://***@h.example/");
        assert_eq!(variable("net.git-fetch-with-cli"), "CARGO_NET_GIT_FETCH_WITH_CLI");
    }
}
