//! `cargo mirror doctor`: what will not work as expected, and how to go on. Looks, changes nothing.

mod pip;

use mirror_config::{
    config::Config,
    environment::Environment,
    failure::{Failure, Kind},
};

use super::{setup::cargo::known, unverified};
use crate::{
    cargo_program,
    cargo_setup::{self, Known, Levels, ReplacedBy, Replacement, in_force},
    cli::Output,
    git_config::{self, Found},
    programs,
    report::{self, Finding, Severity},
};

/// The keys of git's that matter here.
const GIT_KEYS: &str = r"^(http\.(.*\.)?(proxy|sslverify)|protocol\.mirror\.allow|url\.mirror::.*\.insteadof)$";

pub(super) fn doctor(env: &Environment, output: Output) -> Result<(), Failure> {
    let mut found = suite(env);
    let known = Config::load(env, &[]).and_then(|config| known(env, &config)).unwrap_or_default();
    let version = cargo_program::version(env);
    let includes = version.as_deref().is_some_and(|version| git_config::at_least(version, cargo_program::INCLUDES));
    let rules = git_config::in_force(GIT_KEYS, env.cwd());
    match Levels::read(env, includes) {
        Ok(levels) => found.extend(cargo(&levels, &known, env, cargo_setup::helper_rules(env))),
        Err(failure) => found.push(Finding {
            severity: Severity::Error,
            tool: "cargo",
            what: format!("{}, so cargo starts nothing", failure.what),
            hint: Some("mend that line".to_owned()),
        }),
    }
    if version.is_none() {
        let what = "cargo cannot be started".to_owned();
        let hint = Some("install cargo, or add it to PATH".to_owned());
        found.push(Finding { severity: Severity::Error, tool: "cargo", what, hint });
    }
    match rules {
        Ok(rules) => found.extend(git(&rules, env)),
        Err(failure) => {
            found.push(Finding { severity: Severity::Error, tool: "git", what: failure.what, hint: failure.hint });
        }
    }
    found.extend(pip::found(env));
    found.extend(unverified::bundles(env));
    found.sort_by_key(|finding| finding.severity);
    report::findings(&found, output.json)
}

/// Our own configuration.
fn suite(env: &Environment) -> Vec<Finding> {
    let broken = Config::load(env, &[]).err().filter(|failure| failure.kind == Kind::Config);
    let finding = |failure: Failure| Finding {
        severity: Severity::Error,
        tool: "mirror",
        what: failure.what,
        hint: failure.hint,
    };
    broken.into_iter().map(finding).collect()
}

fn finding(severity: Severity, tool: &'static str, what: impl Into<String>, hint: &str) -> Finding {
    Finding { severity, tool, what: what.into(), hint: Some(hint.to_owned()) }
}

/// What cargo's configuration has in store. `rules` says that git's rules lead to the helper.
fn cargo(levels: &Levels, known: &Known, env: &Environment, rules: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let replaced = in_force(&levels.0, &levels.0, known);
    found.extend(replaced.iter().flat_map(|replaced| replacement(replaced, levels)));
    for (file, ignored) in levels.0.iter().filter_map(|level| Some((&level.file, level.ignored.as_ref()?))) {
        let what = format!("{} is not read, since {} stands beside it", ignored.display(), file.display());
        found.push(finding(
            Severity::Warning,
            "cargo",
            what,
            "move what you need into one of them, and remove the other",
        ));
    }
    for (name, _) in env.beginning_with("CARGO_SOURCE_").filter(|(_, value)| !value.is_empty()) {
        let hint = "cargo reads sources from files only: `cargo mirror setup cargo`";
        found.push(finding(Severity::Warning, "cargo", format!("{name} is set and does nothing"), hint));
    }
    let fetches = levels.value("net.git-fetch-with-cli").is_some_and(|found| found.text == "true")
        || env.var("CARGO_NET_GIT_FETCH_WITH_CLI") == Some("true");
    if rules && !fetches {
        let what = "git's rules lead to mirror:: addresses, which cargo's own git does not know: git dependencies fail";
        let hint = "cargo mirror setup cargo, which sets net.git-fetch-with-cli = true";
        found.push(finding(Severity::Error, "cargo", what, hint));
    }
    found
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

/// What git's configuration has in store.
fn git(rules: &[Found], env: &Environment) -> Vec<Finding> {
    let mut found = unverified::git(rules, env);
    for rule in rules {
        let key = rule.entry.key.to_ascii_lowercase();
        let place = &rule.origin;
        if key.starts_with("http.") && key.ends_with("proxy") && !rule.entry.value.is_empty() {
            let what = format!("{place}: {} sends git and cargo through a proxy", rule.entry.key);
            let hint = format!("if it is forgotten: git config --{} --unset-all {}", rule.scope, rule.entry.key);
            found.push(finding(Severity::Note, "git", what, &hint));
        }
    }
    let allowed = rules.iter().any(|rule| rule.entry.has_key("protocol.mirror.allow"));
    let leads = rules.iter().any(|rule| rule.entry.key.starts_with("url.mirror::"));
    if (allowed || leads) && programs::helper(env).is_none() {
        found.push(finding(
            Severity::Error,
            "git",
            programs::HELPER_MISSING,
            "cargo install --locked --path git-mirror-helper",
        ));
    }
    if leads && !allowed {
        let what = "submodules cannot use mirror:: addresses: protocol.mirror.allow is not set";
        found.push(finding(Severity::Warning, "git", what, "cargo mirror setup git"));
    }
    found
}

#[cfg(test)]
mod tests {
    use mirror_config::environment::Environment;

    use super::{Found, Severity, git};
    use crate::git_config::Entry;

    fn found(key: &str, value: &str) -> Found {
        Found { entry: Entry::new(key, value), scope: "global".to_owned(), origin: "/f".to_owned() }
    }

    #[test]
    fn verification_that_is_off_is_an_error_and_a_proxy_a_note_without_its_password() {
        let rules = [found("http.sslverify", "false"), found("http.proxy", "http://u:hunter2@p.example")];
        let env = Environment::of([("GIT_SSL_NO_VERIFY", "1")], "/");
        let all = git(&rules, &env);
        assert_eq!(
            all.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
            [Severity::Error, Severity::Error, Severity::Note]
        );
        assert!(!format!("{all:?}").contains("hunter2"));
        assert_eq!(git(&[found("http.sslverify", "true")], &Environment::of([("A", "")], "/")), []);
    }
}
