//! How pip goes out by its own options and configuration: `--proxy`, `--cert`, and what Python's requests read.

use std::path::PathBuf;

use super::config::Settings;
use crate::{
    system::Environment,
    transport::{self, Outward, Route},
};

/// What a command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayOptions {
    /// `--cert`.
    pub cert: Option<PathBuf>,
    /// `--proxy`.
    pub proxy: Option<String>,
    /// `--no-proxy-env`.
    pub no_proxy_env: bool,
}

/// How pip goes out. Its `proxy` knows no exceptions; without one, or a certificate of its own, the variables count.
pub fn outward(env: &Environment, settings: &Settings, said: &WayOptions, agent: &str) -> Outward {
    let proxy = said.proxy.clone().or_else(|| settings.get(&["proxy"]).map(|told| told.text.clone()));
    let no_env = said.no_proxy_env || settings.on("no-proxy-env").is_some();
    let way = match proxy.as_deref().map(transport::proxy) {
        Some(Some(proxy)) => Some((Route::Through(proxy), false)),
        _ if no_env => Some((Route::Direct, false)),
        _ => None,
    };
    let own = said.cert.clone().or_else(|| settings.get(&["cert"]).map(|told| PathBuf::from(&told.text)));
    let variable = |name: &&str| env.var_os(name).map(PathBuf::from);
    let file = own.or_else(|| ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].iter().find_map(variable));
    let authorities = file.into_iter().map(|file| env.cwd().join(file)).collect();
    Outward { agent: agent.to_owned(), way, authorities }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{WayOptions, outward};
    use crate::{
        pip::config::{Levels, Settings},
        system::Environment,
        transport::Route,
    };

    #[test]
    fn pip_goes_where_it_is_told_to() {
        let through = |url: &str| Some((Route::Through(url.parse().expect("an address")), false));
        let none = WayOptions::default();
        let option = WayOptions { cert: Some("c.pem".into()), proxy: Some("p.example:1".into()), no_proxy_env: false };
        for (variables, said, way, authority) in [
            (&[][..], &none, None, None),
            (&[("PIP_PROXY", "h.example:3128")], &none, through("http://h.example:3128"), None),
            (
                &[("PIP_PROXY", "h.example:3128"), ("PIP_CERT", "/e.pem")],
                &option,
                through("http://p.example:1"),
                Some("/w/c.pem"),
            ),
            (&[("PIP_NO_PROXY_ENV", "1")], &none, Some((Route::Direct, false)), None),
            (&[("PIP_CERT", "/e.pem"), ("REQUESTS_CA_BUNDLE", "/r.pem")], &none, None, Some("/e.pem")),
            (&[("REQUESTS_CA_BUNDLE", "/r.pem"), ("CURL_CA_BUNDLE", "/u.pem")], &none, None, Some("/r.pem")),
            (&[("CURL_CA_BUNDLE", "/u.pem")], &none, None, Some("/u.pem")),
        ] {
            let env = Environment::of(variables.iter().copied(), "/w");
            let settings = Settings::of(&Levels::of(Vec::new(), env.beginning_with("PIP_")), "install");
            let found = outward(&env, &settings, said, "pip/1");
            let authorities: Vec<PathBuf> = authority.into_iter().map(PathBuf::from).collect();
            assert_eq!((found.way, found.authorities), (way, authorities), "{variables:?}");
        }
    }
}
