//! What of git's configuration will not work.

use mirror_config::{config::Config, system::Environment};

use super::{certificates, finding::finding, gits_way::gits_way};
use crate::{
    git::InForce,
    report::{Finding, Severity},
    system::programs,
};

/// The keys of git's that matter here.
pub(super) const GIT_KEYS: &str = r"^(http\.(.*\.)?[a-z]+|protocol\.([^.]+\.)?allow|url\..*\.insteadof)$";

/// What git's configuration has in store.
pub(super) fn git(rules: &[InForce], env: &Environment, config: Option<&Config>) -> Vec<Finding> {
    let mut found = certificates::git(rules, env);
    found.extend(gits_way(rules, env, config));
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
    let leads = rules.iter().find(|rule| rule.leads_to_mirrors());
    match leads {
        Some(rule) if programs::helper(env).is_none() => {
            let (what, hint) = rule.without_helper();
            found.push(finding(Severity::Error, "git", what, &hint));
        }
        None if allowed && programs::helper(env).is_none() => {
            let hint = "cargo install --locked --path git-mirror-helper";
            found.push(finding(Severity::Error, "git", programs::HELPER_MISSING, hint));
        }
        _ => {}
    }
    // Each rule rewrites what git shows of an address as well (git-remote(1), get-url).
    if let Some(rule) = leads {
        let (shown, written) = (rule.entry.url_base("insteadOf").unwrap_or_default(), &rule.entry.value);
        let what = format!(
            "{}: programs that ask git for an address (git remote get-url, ls-remote --get-url) are told {shown}… for {written}…",
            rule.origin
        );
        let hint = "where that is in the way, without the rule: git config remote.origin.vcs mirror";
        found.push(finding(Severity::Note, "git", what, hint));
    }
    if leads.is_some() && !allowed {
        let what = "submodules cannot use mirror:: addresses: protocol.mirror.allow is not set";
        found.push(finding(Severity::Warning, "git", what, "cargo mirror setup git"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::git;
    use mirror_config::system::Environment;

    use super::{InForce, Severity};
    use crate::change::Entry;

    fn found(key: &str, value: &str) -> InForce {
        InForce { entry: Entry::new(key, value), scope: "global".to_owned(), origin: "/f".to_owned() }
    }

    #[test]
    fn verification_that_is_off_is_an_error_and_a_proxy_a_note_without_its_password() {
        let rules = [found("http.sslverify", "false"), found("http.proxy", "http://u:hunter2@p.example")];
        let env = Environment::of([("GIT_SSL_NO_VERIFY", "1")], "/");
        let all = git(&rules, &env, None);
        assert_eq!(
            all.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
            [Severity::Error, Severity::Error, Severity::Note]
        );
        assert!(!format!("{all:?}").contains("hunter2"));
        assert_eq!(git(&[found("http.sslverify", "true")], &Environment::of([("A", "")], "/"), None), []);
    }
}
