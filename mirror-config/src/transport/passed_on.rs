//! What `[proxy]` and `[tls]` say, to programs that we start: the variables that they read.
//!
//! Those of proxies, since only they know exceptions; of authorities a file that has the platform's as well, since the
//! variables of git, cargo and pip replace those.

use std::{fs, io, path::PathBuf};

use crate::{
    config::Config,
    system::{Environment, sha256, state},
};

/// Which proxies a program is to use, by `[proxy]`; nothing where there is none, and what is set already stays.
pub fn proxies(config: &Config) -> Vec<(&'static str, String)> {
    let Some(proxy) = &config.proxy else { return Vec::new() };
    let proxy = proxy.value.expose().as_str().trim_end_matches('/').to_owned();
    let exceptions = config.no_proxy.value.join(",");
    // curl reads `http_proxy` in small letters alone.
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let proxies = names.into_iter().map(|name| (name, proxy.clone()));
    proxies.chain(["NO_PROXY", "no_proxy"].into_iter().map(|name| (name, exceptions.clone()))).collect()
}

/// The same with this in the place of `[proxy]`, which keeps its password: what it opens is `https` alone.
pub fn through(proxies: Vec<(&'static str, String)>, forward: &str) -> Vec<(&'static str, String)> {
    let is_https = |name: &str| name.eq_ignore_ascii_case("HTTPS_PROXY");
    let is_http = |name: &str| name.eq_ignore_ascii_case("HTTP_PROXY");
    let changed = |(name, value)| if is_https(name) { (name, forward.to_owned()) } else { (name, value) };
    proxies.into_iter().filter(|(name, _)| !is_http(name)).map(changed).collect()
}

/// Whether `[proxy]` has a password that programs below the one that needs it must not see, and the relay can go on by it.
pub fn has_secret(config: &Config) -> bool {
    let is_ours = |proxy: &crate::model::Address| matches!(proxy.expose().scheme(), "http" | "socks5" | "socks5h");
    let proxy = config.proxy.as_ref().map(|proxy| &proxy.value);
    proxy.is_some_and(|proxy| is_ours(proxy) && proxy.expose().password().is_some())
}

/// A list for `NO_PROXY` with one more host. A star is for everything, and only alone (curl, Python's requests).
pub fn with_exception(list: &str, host: &str) -> String {
    match list.trim() {
        "" => host.to_owned(),
        "*" => "*".to_owned(),
        _ => format!("{list},{host}"),
    }
}

/// A file of the authorities that `tls.ca-file` adds together with the platform's; nothing where there is no such key.
/// Where that file cannot be written, or the platform has none, it is the key's own.
pub fn authorities(config: &Config, env: &Environment) -> Option<PathBuf> {
    let own = &config.ca_file.as_ref()?.value;
    Some(joined(own, env).unwrap_or_else(|error| {
        tracing::debug!(%error, "authorities are passed on without the platform's");
        own.clone()
    }))
}

fn joined(own: &PathBuf, env: &Environment) -> io::Result<PathBuf> {
    let told = env.var_os("SSL_CERT_FILE").map(PathBuf::from);
    let platform = told.or_else(|| openssl_probe::probe().cert_file).ok_or(io::ErrorKind::NotFound)?;
    let mut all = fs::read(platform)?;
    if !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend(fs::read(own)?);
    let folder = env.cache_dir().ok_or(io::ErrorKind::NotFound)?.join("tls");
    let file = folder.join(format!("{}.pem", &sha256(all.as_slice())?[..32]));
    if !file.is_file() {
        state::private_folder(&folder)?;
        state::write_whole(&file, &all)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{authorities, with_exception};
    use crate::{config::Config, system::Environment};

    #[test]
    fn a_star_stays_alone() {
        for (list, expected) in [
            ("", "127.0.0.1"),
            ("*", "*"),
            (" * ", "*"),
            ("a.example", "a.example,127.0.0.1"),
            ("a.example,*", "a.example,*,127.0.0.1"),
        ] {
            assert_eq!(with_exception(list, "127.0.0.1"), expected, "{list}");
        }
    }

    #[test]
    fn authorities_are_joined_with_those_of_the_platform() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("platform.pem"), "one").expect("our folder");
        std::fs::write(at("corp.pem"), "two\n").expect("our folder");
        std::fs::write(at("config.toml"), format!("[tls]\nca-file = {:?}\n", at("corp.pem"))).expect("our folder");
        let variables = |platform: &str| {
            [("MIRROR_CONFIG", at("config.toml")), ("XDG_CACHE_HOME", at("cache")), ("SSL_CERT_FILE", at(platform))]
        };
        let env = Environment::of(variables("platform.pem"), dir.path());
        let config = Config::load(&env).expect("a configuration");
        let file = authorities(&config, &env).expect("there is a key");
        assert_eq!(std::fs::read_to_string(&file).expect("it was written"), "one\ntwo\n");
        let env = Environment::of(variables("nowhere.pem"), dir.path());
        assert_eq!(authorities(&config, &env), Some(at("corp.pem")));
    }
}
