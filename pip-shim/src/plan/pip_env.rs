//! The variables that give pip an index, proxies, a certificate authority and its patience. Pure.
//!
//! Never an extra index, a trusted host, `PIP_PROXY` (it ignores NO_PROXY) or `PIP_CONFIG_FILE` (it drops the user's
//! files). Everything goes by the environment: command lines are for everyone on the machine to read.

use mirror_config::{
    config::Config,
    model::{Address, Mirror, OwnProxy, is_loopback},
    pip::config::Settings,
    system::Environment,
    transport::passed_on,
};

use crate::command_line::Invocation;

/// Seconds of silence pip is to bear. Its own default, said out loud since versions differ.
const TIMEOUT: &str = "15";
/// Fewer than pip's five: a mirror that is dead is better left for another one than asked again.
const RETRIES: &str = "2";
/// What a proxy of the mirror's own does not serve.
const LOOPBACK: &str = "localhost,127.0.0.1,::1";

/// A variable as pip is to see it. Its value may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The variable.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// What the user's own words leave to us.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The surroundings.
    pub env: &'a Environment,
    /// Our configuration.
    pub config: &'a Config,
    /// pip's.
    pub settings: &'a Settings,
    /// The command line.
    pub invocation: &'a Invocation,
}

/// What pip is given with this index; `mirror` is the one whose it is, if it is a mirror's.
pub fn changes(asked: &Asked<'_>, index: &Address, mirror: Option<&Mirror>) -> Vec<Change> {
    let parsed = &asked.invocation.parsed;
    let own = |option: &str, keys: &[&str]| parsed.has(option) || asked.settings.get(keys).is_some();
    let mut changes = vec![change("PIP_INDEX_URL", index.expose().as_str())];
    changes.extend(ways(asked, Some(index), mirror));
    if !own("--timeout", &["timeout", "default-timeout"]) {
        changes.push(change("PIP_DEFAULT_TIMEOUT", TIMEOUT));
    }
    if !own("--retries", &["retries"]) {
        changes.push(change("PIP_RETRIES", RETRIES));
    }
    changes
}

/// What `[proxy]` and `[tls]` say, for an index or for a pip that goes where its user has told it to.
pub fn ways(asked: &Asked<'_>, index: Option<&Address>, mirror: Option<&Mirror>) -> Vec<Change> {
    let parsed = &asked.invocation.parsed;
    let own = |option: &str, keys: &[&str]| parsed.has(option) || asked.settings.get(keys).is_some();
    let mut changes = Vec::new();
    let no_proxies = parsed.has("--no-proxy-env") || asked.settings.on("no-proxy-env").is_some();
    if !own("--proxy", &["proxy"]) && !no_proxies {
        changes.extend(proxies(asked, index, mirror));
    }
    let bundles = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    if !own("--cert", &["cert"])
        && !bundles.iter().any(|name| asked.env.var_os(name).is_some())
        && let Some(ca) = passed_on::authorities(asked.config, asked.env)
    {
        changes.push(change("PIP_CERT", &ca.display().to_string()));
        // git, where pip has it fetch.
        if asked.env.var_os("GIT_SSL_CAINFO").is_none() {
            changes.push(change("GIT_SSL_CAINFO", &ca.display().to_string()));
        }
    }
    changes
}

/// The mirror's own proxy, else `[proxy]`; without either the user's variables stay as they are.
fn proxies(asked: &Asked<'_>, index: Option<&Address>, mirror: Option<&Mirror>) -> Vec<Change> {
    let host = index.and_then(|index| index.expose().host_str()).unwrap_or_default();
    let own = mirror.and_then(|mirror| mirror.proxy.as_ref());
    let direct = own == Some(&OwnProxy::Direct) || index.is_some_and(|index| is_loopback(index.expose()));
    let proxy = match (own, &asked.config.proxy) {
        (Some(OwnProxy::Through(proxy)), _) => Some((proxy, LOOPBACK.to_owned())),
        (_, Some(proxy)) => Some((&proxy.value, asked.config.no_proxy.value.join(","))),
        (_, None) => None,
    };
    let theirs = || ["no_proxy", "NO_PROXY"].iter().find_map(|name| asked.env.var(name)).unwrap_or_default().to_owned();
    let any = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    let exceptions = match &proxy {
        Some((_, exceptions)) => exceptions.clone(),
        None if direct && any.iter().any(|name| asked.env.var_os(name).is_some()) => theirs(),
        None => return Vec::new(),
    };
    let exceptions = if direct { passed_on::with_exception(&exceptions, host) } else { exceptions };
    let mut wanted: Vec<(&[&'static str], &str)> = Vec::new();
    if let Some((proxy, _)) = &proxy {
        let proxy = proxy.expose().as_str().trim_end_matches('/');
        wanted.push((&["HTTPS_PROXY", "https_proxy"], proxy));
        wanted.push((&["HTTP_PROXY", "http_proxy"], proxy));
    }
    wanted.push((&["NO_PROXY", "no_proxy"], exceptions.as_str()));
    // Python prefers the small spelling, so one that is there would win over ours.
    wanted
        .into_iter()
        .flat_map(|(names, value)| names.iter().enumerate().map(move |(n, name)| (n, *name, value)))
        .filter(|(n, name, _)| *n == 0 || asked.env.var_os(name).is_some())
        .map(|(_, name, value)| change(name, value))
        .collect()
}

fn change(name: &'static str, value: &str) -> Change {
    Change { name, value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Asked, changes};
    use crate::command_line::invocation;
    use mirror_config::{
        config::Config,
        pip::config::{Levels, Settings},
        system::Environment,
    };
    use std::ffi::OsString;

    /// The changes but the index, with this configuration, these variables and this command line.
    fn given(config: &str, variables: &[(&str, &str)], line: &str) -> String {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("config.toml");
        let mirror = "[catalog]\nbuiltin = false\n[mirrors.m]\npypi = \"https://m.example/simple/\"\n";
        std::fs::write(&file, format!("{mirror}{config}")).expect("a file");
        let own = [("MIRROR_CONFIG", file.to_str().expect("plain names"))];
        let env = Environment::of(own.iter().chain(variables).copied(), dir.path());
        let config = Config::load(&env).expect("a valid configuration");
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let invocation = invocation::read(&words).expect("it reads an index");
        let settings = Settings::of(&Levels::of(Vec::new(), env.beginning_with("PIP_")), "install");
        let asked = Asked { env: &env, config: &config, settings: &settings, invocation: &invocation };
        let mirror = &config.mirrors[0];
        let found = changes(&asked, mirror.pypi.as_ref().expect("configured"), Some(mirror));
        assert_eq!((found[0].name, found[0].value.as_str()), ("PIP_INDEX_URL", "https://m.example/simple/"));
        found[1..].iter().map(|c| format!("{}={}", c.name, c.value)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_user_s_own_words_are_left_alone() {
        let ca = "[tls]\nca-file = \"/ca.pem\"\n";
        for (config, variables, line, wanted) in [
            ("", &[][..], "install x", "PIP_DEFAULT_TIMEOUT=15 PIP_RETRIES=2"),
            ("", &[("PIP_TIMEOUT", "3")], "install x --retries 9", ""),
            ("", &[("PIP_DEFAULT_TIMEOUT", "3"), ("PIP_RETRIES", "1")], "install x", ""),
            (ca, &[("PIP_TIMEOUT", "3")], "install x --retries 9", "PIP_CERT=/ca.pem GIT_SSL_CAINFO=/ca.pem"),
            (ca, &[("PIP_TIMEOUT", "3"), ("PIP_CERT", "/c")], "install x --retries 9", ""),
            (ca, &[("PIP_TIMEOUT", "3"), ("REQUESTS_CA_BUNDLE", "/c")], "install x --retries 9", ""),
            (ca, &[], "install --timeout 3 --cert /c --retries 9 x", ""),
        ] {
            assert_eq!(given(config, variables, line), wanted, "{config} {variables:?} {line}");
        }
    }

    #[test]
    fn proxies_are_given_by_the_variables_that_know_exceptions() {
        let proxy = "[proxy]\nurl = \"http://u:p@proxy.example:3128\"\nno-proxy = [\"a.example\", \"10.0.0.0/8\"]\n";
        let set = "HTTPS_PROXY=http://u:p@proxy.example:3128 HTTP_PROXY=http://u:p@proxy.example:3128";
        let own = "HTTPS_PROXY=socks5h://127.0.0.1:1080 HTTP_PROXY=socks5h://127.0.0.1:1080";
        let theirs = [("https_proxy", "http://other.example"), ("no_proxy", "b.example")];
        for (config, variables, line, wanted) in [
            (proxy.to_owned(), &[][..], "", format!("{set} NO_PROXY=a.example,10.0.0.0/8")),
            (
                proxy.to_owned(),
                &theirs,
                "",
                "HTTPS_PROXY=http://u:p@proxy.example:3128 https_proxy=http://u:p@proxy.example:3128 \
                 HTTP_PROXY=http://u:p@proxy.example:3128 NO_PROXY=a.example,10.0.0.0/8 no_proxy=a.example,10.0.0.0/8"
                    .to_owned(),
            ),
            (proxy.to_owned(), &[], " --proxy P", String::new()),
            (proxy.to_owned(), &[("PIP_PROXY", "P")], "", String::new()),
            (proxy.to_owned(), &[], " --no-proxy-env", String::new()),
            (String::new(), &theirs, "", String::new()),
            ("proxy = \"direct\"\n".to_owned(), &[], "", String::new()),
            (
                "proxy = \"direct\"\n".to_owned(),
                &theirs,
                "",
                "NO_PROXY=b.example,m.example no_proxy=b.example,m.example".to_owned(),
            ),
            (format!("proxy = \"direct\"\n{proxy}"), &[], "", format!("{set} NO_PROXY=a.example,10.0.0.0/8,m.example")),
            (
                format!("proxy = \"socks5h://127.0.0.1:1080\"\n{proxy}"),
                &[],
                "",
                format!("{own} NO_PROXY=localhost,127.0.0.1,::1"),
            ),
        ] {
            let found = given(&config, variables, &format!("install x --timeout 3 --retries 9{line}"));
            assert_eq!(found, wanted, "{config} {variables:?} {line}");
        }
    }
}
