//! What of git's configuration keeps mirrors from being asked, or upstream; and what has upstream asked by git's own helper.

use mirror_config::{
    config::Config,
    git::settings::{Listed, Means, only_git, refusal, rewritten},
    message::redact,
    model::Address,
    system::Environment,
};

use super::finding::finding;
use crate::{
    git::InForce,
    report::{Finding, Severity},
};

/// What the helper finds in git's configuration, as it finds it.
pub(super) fn gits_way(rules: &[InForce], env: &Environment, config: Option<&Config>) -> Vec<Finding> {
    let listed = Listed::of(rules.iter().map(|rule| (rule.entry.key.as_str(), rule.entry.value.as_str())));
    let mut found: Vec<Finding> = allowed(rules, &listed, env, config).into_iter().collect();
    found.extend(rules.iter().filter_map(key));
    found.extend(only_git::only_git(&Listed::default(), env).into_iter().filter(|set| !is_verify(set.name)).map(
        |set| {
            let what = format!("{} is set: {}", set.name, consequence(set.means));
            finding(Severity::Note, "git", what, &format!("if it is forgotten: unset {}", set.name))
        },
    ));
    let upstreams = config.iter().flat_map(|config| config.upstreams.values());
    found.extend(upstreams.filter_map(|upstream| {
        let address = upstream.url.fill(&"owner/repo".parse().expect("a name"))?;
        let instead: Address = rewritten(&listed, &address)?;
        let what = format!("git's rules lead upstream {} to {instead}: {}", upstream.name, consequence(Means::Who));
        Some(finding(Severity::Note, "git", what, "git config --show-origin --get-regexp '^url\\..*\\.insteadof$'"))
    }));
    found
}

/// Verification that is off is told as what it is (`certificates`).
fn is_verify(name: &str) -> bool {
    matches!(name, "http.sslVerify" | "GIT_SSL_NO_VERIFY")
}

/// A setting that our own client does not have.
fn key(rule: &InForce) -> Option<Finding> {
    let (section, name) = rule.entry.key.rsplit_once('.')?;
    let known = (section == "http" || section.starts_with("http.")).then(|| only_git::of_key(name, &rule.entry.value));
    let known = known.flatten().filter(|known| !is_verify(known.name))?;
    let what = format!("{}: {} is set: {}", rule.origin, redact::secrets(&rule.entry.key), consequence(known.means));
    let hint = format!("if it is forgotten: {}", redact::secrets(&rule.unset()));
    Some(finding(Severity::Note, "git", what, &hint))
}

fn consequence(means: Means) -> &'static str {
    match means {
        Means::Way => {
            "git's own helper asks upstream, as only git has it; mirrors are used as before, and never see it"
        }
        Means::Who => {
            "git's own helper asks upstream, and no mirror hears of what is not shown to everybody, nor of this setting"
        }
    }
}

/// Transports that git does not let be used: ours, and those to the upstreams.
fn allowed(rules: &[InForce], listed: &Listed, env: &Environment, config: Option<&Config>) -> Option<Finding> {
    let leads = rules.iter().any(InForce::leads_to_mirrors);
    let upstreams = config.iter().flat_map(|config| config.upstreams.values());
    let schemes = upstreams.filter_map(|upstream| upstream.url.fill(&"owner/repo".parse().expect("a name")));
    let schemes = schemes.map(|address| address.expose().scheme().to_owned());
    let said = std::iter::once("mirror".to_owned()).chain(schemes).find_map(|scheme| refusal(listed, env, &scheme))?;
    let by_variable = env.beginning_with("GIT_ALLOW_PROTOCOL").next().is_some();
    let (severity, what) = match leads {
        true => (Severity::Error, format!("{said}: what the rule in force sends to mirrors cannot be fetched")),
        false => (Severity::Warning, format!("{said}: mirror:: addresses cannot be used")),
    };
    let hint = match by_variable {
        true => "export GIT_ALLOW_PROTOCOL=\"$GIT_ALLOW_PROTOCOL:mirror:https\"",
        false => "git config --show-origin --get-regexp '^protocol\\.'",
    };
    Some(finding(severity, "git", what, hint))
}

#[cfg(test)]
mod tests {
    use super::{InForce, Severity, gits_way};
    use crate::change::Entry;
    use mirror_config::{config::Config, system::Environment};

    #[test]
    fn what_only_git_has_is_a_note_and_what_it_forbids_an_error() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let home = home.path().to_str().expect("plain names");
        let leads = ("url.mirror::https://github.com/.insteadof", "https://github.com/");
        for (entries, variable, expected) in [
            (&[][..], ("A", ""), &[][..]),
            (&[leads], ("A", ""), &[]),
            (&[("http.useragent", "x")], ("A", ""), &[(Severity::Note, "http.useragent is set")]),
            (&[("http.https://h/.extraheader", "A: hunter2")], ("A", ""), &[(Severity::Note, "extraheader is set")]),
            (&[("http.sslverify", "false"), ("http.postbuffer", "1")], ("A", ""), &[]),
            (&[], ("GIT_SSL_CERT", "c.pem"), &[(Severity::Note, "GIT_SSL_CERT is set")]),
            (
                &[("url.https://u:hunter2@github.com/.insteadof", "https://github.com/")],
                ("A", ""),
                &[(Severity::Note, "upstream github to https://***@github.com/owner/repo.git")],
            ),
            (&[("protocol.mirror.allow", "never")], ("A", ""), &[(Severity::Warning, "'mirror' not allowed")]),
            (&[leads, ("protocol.allow", "never")], ("A", ""), &[(Severity::Error, "'mirror' not allowed")]),
            (&[leads], ("GIT_ALLOW_PROTOCOL", "https"), &[(Severity::Error, "'mirror' not allowed")]),
            (&[leads], ("GIT_ALLOW_PROTOCOL", "mirror"), &[(Severity::Error, "'https' not allowed")]),
            (&[leads, ("protocol.https.allow", "never")], ("A", ""), &[(Severity::Error, "'https' not allowed")]),
        ] {
            let env = Environment::of([("HOME", home), variable], home);
            let config = Config::load(&env).expect("the defaults");
            let rule = |(key, value): &(&str, &str)| InForce {
                entry: Entry::new(*key, *value),
                scope: "global".to_owned(),
                origin: "/f".to_owned(),
            };
            let rules: Vec<InForce> = entries.iter().map(rule).collect();
            let found = gits_way(&rules, &env, Some(&config));
            let same = |(found, (severity, words)): (&crate::report::Finding, &(Severity, &str))| {
                found.severity == *severity && found.what.contains(words)
            };
            assert!(found.len() == expected.len() && found.iter().zip(expected).all(same), "{entries:?}: {found:?}");
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
    }
}
