//! What of pip will not work as expected: links, PATH, and who says which index pip uses.

use std::path::Path;

use mirror_config::{
    config::Config,
    errors::Failure,
    message::redact,
    model::address,
    pip::config::{Level, Levels, PIP_CONFIG_FILE, Told},
    system::Environment,
};

use super::finding::finding;
use crate::{
    pip::{
        self,
        setup::{self, Shims},
    },
    report::{Finding, Severity},
    system::programs,
    terminal::{Shell, quoted},
};

/// The hosts of mirrors that are not one's own, with their names. `host:port` and, for the usual port, `host`.
#[derive(Debug, Clone, Default)]
struct Public(Vec<(String, String)>);

impl Public {
    fn of(config: &Config) -> Self {
        let hosts = config
            .mirrors
            .iter()
            .filter(|mirror| !mirror.trusted)
            .filter_map(|mirror| Some((host(mirror.pypi.as_ref()?.expose().as_str())?, mirror.name.clone())));
        Self(hosts.collect())
    }

    /// The mirror that an address or the name of a host is of.
    fn mirror(&self, text: &str) -> Option<&str> {
        let named = host(text).or_else(|| host(&format!("https://{text}/")))?;
        self.0.iter().find(|(known, _)| *known == named).map(|(_, name)| name.as_str())
    }
}

/// Without its port, since pip trusts a host at all of them.
fn host(address: &str) -> Option<String> {
    let address: address::Address = address.parse().ok()?;
    address.expose().host_str().map(str::to_owned)
}

/// All of it.
pub(super) fn found(env: &Environment, config: Option<&Config>) -> Vec<Finding> {
    let levels = pip::levels(env);
    let public = config.map(Public::of).unwrap_or_default();
    let mut found = configuration(&levels, &public);
    found.extend(hidden(&levels, env));
    match state(env, &levels) {
        Ok(more) => found.extend(more),
        Err(failure) => {
            found.push(Finding { severity: Severity::Error, tool: "pip", what: failure.what, hint: failure.hint });
        }
    }
    found
}

/// What set-up did, and what became of it.
fn state(env: &Environment, levels: &Levels) -> Result<Vec<Finding>, Failure> {
    let shims = Shims::read(env)?;
    let mut found = links(env, &shims);
    let given = setup::given(env, levels, &setup::user_file(env)?);
    for told in levels.told.iter().filter(|told| told.level == Some(Level::User) && told.chooses()) {
        if let Some(other) = levels.instead_of(told).filter(|other| other.file != told.file) {
            let what = format!("{}: the index has no effect here, since {} says otherwise", told.place, other.place);
            found.push(finding(Severity::Warning, "pip", what, &gone(other)));
        }
    }
    if let Some(given) = &given
        && !programs::all(env, "pip-compile").is_empty()
    {
        let what =
            format!("pip-compile writes the index of pip.conf into what it makes: {}", redact::secrets(&given.text));
        found.push(finding(Severity::Note, "pip", what, "pip-compile --no-emit-index-url"));
    }
    let uv = || env.var("UV_DEFAULT_INDEX").or_else(|| env.var("UV_INDEX_URL")).is_none();
    if (!shims.links.is_empty() || given.is_some()) && !programs::all(env, "uv").is_empty() && uv() {
        let what = "uv goes neither by the shim nor by pip.conf, so it uses no mirror";
        found.push(finding(Severity::Note, "pip", what, "cargo mirror setup pip, which says the line for uv"));
    }
    Ok(found)
}

/// Links that lead nowhere, and a folder that PATH passes by.
fn links(env: &Environment, shims: &Shims) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, target) in shims.links.iter().filter(|(path, _)| !path.exists()) {
        let what = format!("{} leads nowhere: {} is gone", path.display(), target.display());
        let hint = match programs::pip_shim(env) {
            Some(_) => "cargo mirror setup pip".to_owned(),
            None => programs::pip_shim_missing().hint.unwrap_or_default(),
        };
        found.push(finding(Severity::Error, "pip", what, &hint));
    }
    if shims.links.iter().any(|(path, _)| path.exists()) && !shims.in_front() {
        let folder = shims.folder.display();
        let what = match shims.before().filter(|_| shims.on_path) {
            Some(before) => format!("{folder} is on PATH behind {}, which runs without the shim", before.display()),
            None => format!("{folder} is not on PATH, so pip runs without the shim"),
        };
        let shell = Shell::of(env.var("SHELL"));
        found.push(finding(Severity::Warning, "pip", what, &shell.in_front(&shims.folder, env.home().as_deref())));
    }
    found
}

/// What pip's own configuration has in store.
fn configuration(levels: &Levels, public: &Public) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &levels.files {
        if let Some(wrong) = file.wrong() {
            let what = format!("{}:{}: {}: pip ends with this", file.path.display(), wrong.line, wrong.what);
            found.push(finding(Severity::Error, "pip", what, &format!("${{EDITOR:-vi}} {}", quoted(&file.path))));
        }
    }
    for told in &levels.told {
        let values = || told.text.split_whitespace();
        match told.key.as_str() {
            "extra-index-url" => {
                let Some((url, name)) = values().find_map(|url| Some((url, public.mirror(url)?))) else { continue };
                let what = format!(
                    "{}: {} ({name}) is an extra index, and pip takes the highest version of any index: whoever publishes a \
                     name that you use privately is installed instead",
                    told.place,
                    redact::secrets(url)
                );
                found.push(finding(Severity::Warning, "pip", what, &gone(told)));
            }
            "trusted-host" => {
                let hosts = redact::secrets(&values().collect::<Vec<_>>().join(" "));
                let what = format!(
                    "{}: {hosts} trusted without certificates: anybody on the way can change what pip installs",
                    told.place
                );
                found.push(finding(Severity::Error, "pip", what, &gone(told)));
            }
            _ => {}
        }
    }
    found
}

/// How a value goes away. Not by `pip config`, which loses all comments.
fn gone(told: &Told) -> String {
    match &told.file {
        Some(file) => format!("remove that line: ${{EDITOR:-vi}} {}", quoted(file)),
        None => format!("unset {}", told.place),
    }
}

/// A variable that keeps pip from the user's file.
fn hidden(levels: &Levels, env: &Environment) -> Option<Finding> {
    let file = levels.files.iter().find(|file| file.document.is_some() && file.hidden)?;
    let own = env.var_os(PIP_CONFIG_FILE)?;
    let what = format!("{PIP_CONFIG_FILE}={} keeps pip from reading {}", Path::new(own).display(), file.path.display());
    Some(finding(Severity::Warning, "pip", what, &format!("unset {PIP_CONFIG_FILE}")))
}

#[cfg(test)]
mod tests {
    use super::Public;

    #[test]
    fn a_public_mirror_is_known_by_address_and_by_host() {
        let public = Public(vec![("m.example".to_owned(), "campus".to_owned())]);
        for (text, found) in [
            ("https://m.example/simple/", true),
            ("https://u:p@m.example:8443/other", true),
            ("m.example", true),
            ("m.example:443", true),
            ("pypi.corp.example", false),
            ("https://pypi.corp.example/m.example", false),
            ("", false),
        ] {
            assert_eq!(public.mirror(text).is_some(), found, "{text}");
        }
    }
}
