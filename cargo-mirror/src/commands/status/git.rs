//! `cargo mirror status git`: every value that matters to `mirror::` addresses, with its origin.

use std::collections::BTreeSet;

use mirror_config::{
    config::{Config, LazyConfig, Row},
    errors::Failure,
    message::redact,
    system::Environment,
};

use crate::{
    git::{InForce, config},
    report::{GitStatus, GitValue, SettingRow},
    system::programs,
};

/// The keys that matter; git compares against names in lower case.
const KEYS: &str = r"^(protocol\.version|protocol\.mirror\.allow|http\.(.*\.)?proxy|remote\..*\.(vcs|proxy)|url\..*\.(push)?insteadof)$";

/// git's state, and what is to be warned of.
pub(super) fn read(env: &Environment, config: &LazyConfig<'_>) -> Result<(GitStatus, Vec<String>), Failure> {
    let settings = config.get()?;
    let version = config::version()?;
    let helper = programs::helper(env);
    let mut warnings = Vec::new();
    let too_old = config::too_old(&version);
    let (supported, found) = (too_old.is_none(), config::in_force(KEYS, env.cwd())?);
    warnings.extend(too_old);
    if helper.is_none() {
        let rule = found.iter().find(|rule| rule.leads_to_mirrors());
        warnings.push(rule.map_or_else(
            || programs::HELPER_MISSING.to_owned(),
            |rule| {
                let (what, hint) = rule.without_helper();
                format!("{what}; {hint}")
            },
        ));
    }
    let status = GitStatus {
        version,
        supported,
        helper: helper.map(|path| path.display().to_string()),
        git: values(&found),
        files: settings.files.iter().map(|path| path.display().to_string()).collect(),
        settings: rows(settings),
    };
    Ok((status, warnings))
}

/// What is effective of `found`: the last value of a plain key, every rule that has to do with `mirror::`. Pure.
fn values(found: &[InForce]) -> Vec<GitValue> {
    let is_rule = |found: &&InForce| found.entry.key.starts_with("url.");
    let (rules, plain): (Vec<&InForce>, Vec<&InForce>) = found.iter().partition(is_rule);
    let last = plain.iter().enumerate().filter(|(at, this)| {
        let later = &plain[at + 1..];
        let matters = !this.entry.key.ends_with(".vcs") || this.entry.value == "mirror";
        matters && !later.iter().any(|other| other.entry.has_key(&this.entry.key))
    });
    // The addresses that are rewritten, so that rules for push and rivals of the same addresses are shown too.
    let to_mirror = |rule: &&&InForce| rule.entry.key.starts_with("url.mirror::");
    let prefixes: BTreeSet<&str> = rules.iter().filter(to_mirror).map(|rule| rule.entry.value.as_str()).collect();
    let touches = |rule: &&&InForce| {
        let base = rule.entry.url_base("insteadOf").or_else(|| rule.entry.url_base("pushInsteadOf"));
        to_mirror(rule) || prefixes.contains(rule.entry.value.as_str()) || base.is_some_and(|b| prefixes.contains(b))
    };
    last.map(|(_, found)| *found).chain(rules.iter().filter(touches).copied()).map(value).collect()
}

fn value(found: &InForce) -> GitValue {
    let key = &found.entry.key;
    let shown = if key.ends_with("proxy") { proxy(&found.entry.value) } else { redact::secrets(&found.entry.value) };
    GitValue {
        key: redact::secrets(key),
        value: shown,
        scope: found.scope.clone(),
        origin: redact::secrets(&found.origin),
    }
}

/// A proxy without its user: curl takes `user:password@host:port`, which names no scheme, as well.
pub(super) fn proxy(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        (_, None) => value.to_owned(),
    }
}

fn rows(config: &Config) -> Vec<SettingRow> {
    let row = |row: &Row| SettingRow { key: row.key, value: row.value.clone(), origin: row.origin.clone() };
    config.rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{InForce, proxy, values};
    use crate::change::Entry;

    fn found(key: &str, value: &str) -> InForce {
        InForce { entry: Entry::new(key, value), scope: "global".to_owned(), origin: "/f".to_owned() }
    }

    #[test]
    fn a_proxy_never_shows_its_user() {
        for (given, shown) in [
            ("http://u:p@proxy.example:3128", "http://***@proxy.example:3128"),
            ("u:p@proxy.example:3128", "***@proxy.example:3128"),
            ("u:p/w@x@proxy.example", "***@proxy.example"),
            ("http://u:p/w@proxy.example", "http://***@proxy.example"),
            ("proxy.example:3128", "proxy.example:3128"),
        ] {
            assert_eq!(proxy(given), shown);
        }
    }

    #[test]
    fn the_last_value_and_the_rules_of_mirrors_are_shown() {
        let all = [
            found("protocol.version", "1"),
            found("url.https://token@h.example/.insteadof", "https://h.example/"),
            found("url.mirror::https://h.example/.insteadof", "https://h.example/"),
            found("url.https://h.example/.insteadof", "github-direct:"),
            found("url.git@other:.insteadof", "https://other.example/"),
            found("protocol.version", "2"),
            found("remote.origin.vcs", "mirror"),
            found("remote.old.vcs", "hg"),
        ];
        let shown: Vec<(String, String)> = values(&all).into_iter().map(|v| (v.key, v.value)).collect();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            shown,
            [
                pair("protocol.version", "2"),
                pair("remote.origin.vcs", "mirror"),
                pair("url.https://***@h.example/.insteadof", "https://h.example/"),
                pair("url.mirror::https://h.example/.insteadof", "https://h.example/"),
                pair("url.https://h.example/.insteadof", "github-direct:"),
            ]
        );
    }
}
