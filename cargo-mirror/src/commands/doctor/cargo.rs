//! What of cargo's configuration will not work.

use mirror_config::system::Environment;

use super::finding::finding;
use crate::{
    cargo::{
        program,
        setup::{Found, Known, Levels, ReplacedBy, Replacement, in_force},
    },
    report::{Finding, Severity},
};

/// What cargo's configuration has in store. `rules` says that git's rules lead to the helper.
pub(super) fn cargo(levels: &Levels, known: &Known, env: &Environment, rules: bool) -> Vec<Finding> {
    let mut problems = Vec::new();
    let replaced = in_force(&levels.0, &levels.0, known);
    problems.extend(replaced.iter().flat_map(|replaced| replacement(replaced, levels)));
    for (file, ignored) in levels.0.iter().filter_map(|level| Some((&level.file, level.ignored.as_ref()?))) {
        let what = format!("{} is not read, since {} stands beside it", ignored.display(), file.display());
        problems.push(finding(
            Severity::Warning,
            "cargo",
            what,
            "move what you need into one of them, and remove the other",
        ));
    }
    let sparse = |found: &&Found| found.text.starts_with("sparse+");
    let definition =
        replaced.as_ref().and_then(|replaced| levels.value(&format!("source.{}.registry", replaced.source)));
    if let Some(found) = definition.filter(sparse).filter(|found| !levels.is_included(&found.file)) {
        for (cargo, version) in program::too_old(env) {
            let what = format!(
                "{}: cargo {version} ({}) reads it too, knows no sparse index, and ends with this",
                found.place(),
                cargo.display()
            );
            let hint = "cargo mirror undo cargo, then set up with cargo 1.94 or newer; or do without that one";
            problems.push(finding(Severity::Warning, "cargo", what, hint));
        }
    }
    if let Some(default) = levels.value("registry.default")
        && let Some(mirror) = levels.registry(&default.text).and_then(|index| known.mirror(&index.text))
    {
        let what = format!(
            "{}: `{}` ({mirror}) is the default registry, so `cargo install` and `search` ask that mirror alone",
            default.place(),
            default.text
        );
        problems.push(finding(Severity::Warning, "cargo", what, "remove that line; cargo mirror setup cargo"));
    }
    if replaced.as_ref().is_none_or(|replaced| replaced.kind != ReplacedBy::Ours) && has_run(env) {
        let what = "what `cargo mirror run` has fetched is cargo's only under the relay's address: plain `cargo --offline`, and \
                    editors that use it, do not find it";
        let hint =
            "cargo mirror run -- metadata --offline; or for all of them: cargo mirror setup cargo, then cargo fetch";
        problems.push(finding(Severity::Note, "cargo", what, hint));
    }
    for (name, _) in env.beginning_with("CARGO_SOURCE_").filter(|(_, value)| !value.is_empty()) {
        let hint = "cargo reads sources from files only: `cargo mirror setup cargo`";
        problems.push(finding(Severity::Warning, "cargo", format!("{name} is set and does nothing"), hint));
    }
    let fetches = levels.value("net.git-fetch-with-cli").is_some_and(|found| found.text == "true")
        || env.var("CARGO_NET_GIT_FETCH_WITH_CLI") == Some("true");
    if rules && !fetches {
        let what = "git's rules lead to mirror:: addresses, which cargo's own git does not know: git dependencies fail";
        let hint = "cargo mirror setup cargo, which sets net.git-fetch-with-cli = true";
        problems.push(finding(Severity::Error, "cargo", what, hint));
    }
    problems
}

/// Whether cargo keeps anything by the address of a relay.
fn has_run(env: &Environment) -> bool {
    let index = program::home(env).map(|home| home.join("registry/index"));
    let entries = index.ok().and_then(|folder| std::fs::read_dir(folder).ok());
    entries.into_iter().flatten().flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("127.0.0.1-"))
}

/// What follows from what stands in for crates-io.
fn replacement(replaced: &Replacement, levels: &Levels) -> Vec<Finding> {
    let place = replaced.found.place();
    let mut found = Vec::new();
    let shadowed = levels.0.iter().flat_map(|level| &level.values).find(|other| {
        other.key == replaced.found.key && other.file != replaced.found.file && other.text != replaced.found.text
    });
    if let Some(other) = shadowed {
        let what =
            format!("{place} replaces crates-io with `{}`; {} has no effect here", replaced.found.text, other.place());
        found.push(finding(Severity::Warning, "cargo", what, "cargo mirror status cargo"));
    }
    match &replaced.kind {
        ReplacedBy::Ours => {
            let what = "publish, login, search, owner and yank do not work through a mirror";
            found.push(finding(Severity::Note, "cargo", what, "cargo mirror off -- publish"));
            let what = "what was downloaded before a mirror was set up or switched does not count: `--offline` fails until the next download";
            found.push(finding(Severity::Note, "cargo", what, "cargo fetch"));
            let what = "tools that ask the registry's web interface themselves take no mirror";
            found.push(finding(Severity::Note, "cargo", what, "set HTTPS_PROXY for them, or do without them"));
            if replaced.target.as_deref().is_none_or(|index| !index.ends_with('/')) {
                let what = format!("{place}: the mirror's address is missing, or has no slash at its end");
                found.push(finding(Severity::Error, "cargo", what, "cargo mirror setup cargo"));
            }
        }
        ReplacedBy::Mirror(name) => {
            let what = format!("{place}: crates-io is replaced with {name} by hand, so nothing here looks after it");
            found.push(finding(Severity::Note, "cargo", what, "cargo mirror setup cargo, which can be undone"));
        }
        ReplacedBy::Vendored => {
            let what =
                format!("{place}: sources are vendored, so no mirror is asked, and what is not vendored is missing");
            found.push(finding(Severity::Warning, "cargo", what, "cargo vendor"));
        }
        ReplacedBy::Own => {
            let what = format!(
                "{place}: crates-io is replaced with `{}`, a registry of your own; set-up leaves it alone",
                replaced.source
            );
            found.push(finding(Severity::Note, "cargo", what, "cargo mirror status cargo"));
        }
        ReplacedBy::Undefined => {
            let what = format!(
                "{place}: crates-io is replaced with `{}`, which nothing defines: cargo stops",
                replaced.source
            );
            found.push(finding(Severity::Error, "cargo", what, "cargo mirror setup cargo --force"));
        }
    }
    found
}
