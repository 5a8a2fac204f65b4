//! What the doctor says of certificates: where verification is off, and authorities that are named and not there.
//!
//! None of it reaches mirrors, whose certificates are always verified; it weakens what git, cargo and pip do by themselves.

use std::path::Path;

use mirror_config::{config::Config, system::Environment};

use crate::{
    git::InForce,
    report::{Finding, Severity},
};

/// Variables that name a file or folder of certificates, and whose they are.
const BUNDLES: &[(&str, &str)] = &[
    ("GIT_SSL_CAINFO", "git"),
    ("GIT_SSL_CAPATH", "git"),
    ("CARGO_HTTP_CAINFO", "cargo"),
    ("CARGO_HTTP_PROXY_CAINFO", "cargo"),
    ("PIP_CERT", "pip"),
    ("REQUESTS_CA_BUNDLE", "pip"),
    ("CURL_CA_BUNDLE", "pip"),
    ("SSL_CERT_FILE", "mirror"),
    ("SSL_CERT_DIR", "mirror"),
];

fn finding(severity: Severity, tool: &'static str, what: String, hint: String) -> Finding {
    Finding { severity, tool, what, hint: Some(hint) }
}

/// Where git does not verify, by its configuration and by variables.
pub(super) fn git(rules: &[InForce], env: &Environment) -> Vec<Finding> {
    let off = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off" | "");
    let mut found = Vec::new();
    for rule in rules.iter().filter(|rule| rule.entry.key.to_ascii_lowercase().ends_with("sslverify")) {
        if !off(&rule.entry.value) {
            continue;
        }
        let (key, scope) = (&rule.entry.key, &rule.scope);
        let what = format!("{}: {key} is off: anybody on the way can change what git receives", rule.origin);
        let hint = match scope.as_str() {
            "command" => {
                "unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS; name your authority in http.sslCAInfo".to_owned()
            }
            scope => format!("git config --{scope} --unset-all {key}; name your authority in http.sslCAInfo"),
        };
        found.push(finding(Severity::Error, "git", what, hint));
    }
    if env.var("GIT_SSL_NO_VERIFY").is_some() {
        let what = "GIT_SSL_NO_VERIFY is set: anybody on the way can change what git receives".to_owned();
        let hint = "unset GIT_SSL_NO_VERIFY; name your authority in GIT_SSL_CAINFO".to_owned();
        found.push(finding(Severity::Error, "git", what, hint));
    }
    found
}

/// Authorities that are named and not there.
pub(super) fn bundles(env: &Environment, config: Option<&Config>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, tool) in BUNDLES {
        if let Some(path) = env.var(name).filter(|path| !env.cwd().join(Path::new(path)).exists()) {
            let what = format!("{name} names {path}, which is not there");
            found.push(finding(Severity::Warning, tool, what, format!("unset {name}, or name a file of certificates")));
        }
    }
    if let Some(ca) = config.and_then(|config| config.ca_file.as_ref())
        && !ca.value.exists()
    {
        let what = format!("{}: `tls.ca-file` names {}, which is not there", ca.origin, ca.value.display());
        found.push(finding(
            Severity::Error,
            "mirror",
            what,
            "name a file of certificates, or take the key out".to_owned(),
        ));
    }
    let note = config.and_then(|config| config.list.note.clone());
    found.extend(note.map(|note| finding(Severity::Warning, "mirror", note, "cargo mirror catalog".to_owned())));
    found
}

#[cfg(test)]
mod tests {
    use mirror_config::system::Environment;

    use super::{InForce, Severity, bundles, git};
    use crate::change::Entry;

    #[test]
    fn verification_that_is_off_is_found_wherever_it_is_said() {
        let rule = |key: &str, value: &str, scope: &str| InForce {
            entry: Entry::new(key, value),
            scope: scope.to_owned(),
            origin: "/f".to_owned(),
        };
        for (key, value, scope, hint) in [
            ("http.sslverify", "false", "global", Some("--global --unset-all http.sslverify")),
            ("http.https://h.example/.sslverify", "No", "local", Some("--unset-all http.https://h.example/.sslverify")),
            ("http.sslverify", "", "system", Some("--system")),
            ("http.sslverify", "0", "command", Some("unset GIT_CONFIG_COUNT")),
            ("http.sslverify", "true", "global", None),
            ("http.proxy", "0", "global", None),
        ] {
            let found = git(&[rule(key, value, scope)], &Environment::default());
            assert_eq!(found.len(), usize::from(hint.is_some()), "{key} {value}");
            for found in found {
                assert_eq!(found.severity, Severity::Error);
                assert!(found.hint.as_deref().is_some_and(|said| said.contains(hint.unwrap_or_default())), "{found:?}");
            }
        }
        let env = Environment::of([("GIT_SSL_NO_VERIFY", "1"), ("PIP_TRUSTED_HOST", "m.example")], "/");
        assert_eq!(git(&[], &env).len(), 1);
    }

    #[test]
    fn a_bundle_that_is_not_there_is_named() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let there = home.path().to_str().expect("plain names");
        let env = Environment::of(
            [
                ("HOME", there),
                ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem"),
                ("SSL_CERT_DIR", there),
                ("GIT_SSL_CAINFO", ""),
            ],
            "/",
        );
        let found = bundles(&env, None);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what.contains("REQUESTS_CA_BUNDLE names /nowhere/ca.pem"), "{found:?}");
    }
}
