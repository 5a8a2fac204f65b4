//! Which proxy a connection goes through: the mirror's own, else `[proxy]`, else the tool's (`outward`), else the environment.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::spelled;
use crate::{
    config::Config,
    model::{Address, Mirror, OwnProxy},
    system::Environment,
};

/// How a connection leaves this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// Straight.
    Direct,
    /// Through this proxy, with its credentials if it has any.
    Through(Address),
}

/// What is known about proxies, read once.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    configured: Option<(Address, Exceptions)>,
    https: Option<Address>,
    http: Option<Address>,
    exceptions: Exceptions,
    /// The way that the tool's own configuration names, and whether the environment's exceptions count there.
    tool: Option<(Route, bool)>,
}

impl Route {
    /// Whether whoever is told the way is told a name or a password.
    pub fn has_credentials(&self) -> bool {
        let whose = |url: &Url| !url.username().is_empty() || url.password().is_some();
        matches!(self, Self::Through(proxy) if whose(proxy.expose()))
    }
}

impl Proxies {
    /// Reads `[proxy]`, and curl's variables: `https_proxy`, `HTTPS_PROXY`, `http_proxy`, `all_proxy`, `ALL_PROXY`,
    /// `no_proxy`, `NO_PROXY`. As in curl, `HTTP_PROXY` in capitals counts for nothing inside a CGI program.
    pub fn new(config: &Config, env: &Environment) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| env.var(name)).and_then(spelled::proxy);
        let plain =
            if env.var("REQUEST_METHOD").is_some() { &["http_proxy"][..] } else { &["http_proxy", "HTTP_PROXY"] };
        let all = first(&["all_proxy", "ALL_PROXY"]);
        Self {
            configured: config
                .proxy
                .as_ref()
                .map(|proxy| (proxy.value.clone(), Exceptions::new(config.no_proxy.value.iter().map(String::as_str)))),
            https: first(&["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone()),
            http: first(plain).or(all),
            exceptions: Exceptions::new(
                ["no_proxy", "NO_PROXY"].iter().find_map(|name| env.var(name)).unwrap_or_default().split(','),
            ),
            tool: None,
        }
    }

    /// The same, where the tool's own configuration names a way.
    pub fn by_tool(self, tool: Option<(Route, bool)>) -> Self {
        Self { tool, ..self }
    }

    /// The route to an address; `mirror` is the one it belongs to, `None` for an upstream.
    pub fn route(&self, to: &Url, mirror: Option<&Mirror>) -> Route {
        let own = mirror.and_then(|mirror| mirror.proxy.as_ref());
        let found = match (own, &self.configured) {
            (Some(OwnProxy::Direct), _) => None,
            (Some(OwnProxy::Through(proxy)), _) => Some(proxy),
            (None, Some((proxy, exceptions))) => Some(proxy).filter(|_| !exceptions.cover(to)),
            (None, None) if self.tool.is_some() => match &self.tool {
                Some((Route::Through(proxy), counts)) => {
                    Some(proxy).filter(|_| !(*counts && self.exceptions.cover(to)))
                }
                _ => None,
            },
            (None, None) => {
                let proxy = if to.scheme() == "http" { &self.http } else { &self.https };
                proxy.as_ref().filter(|_| !self.exceptions.cover(to))
            }
        };
        found.map_or(Route::Direct, |proxy| Route::Through(proxy.clone()))
    }

    /// The route to an upstream by `[proxy]`, where there is one: then nobody else's word on proxies counts.
    pub fn by_ours(&self, to: &Url) -> Option<Route> {
        self.configured.as_ref().map(|_| self.route(to, None))
    }

    /// The route to an upstream for which git's configuration names one. `[proxy]` stays in front of it, and the environment's
    /// exceptions are git's as well (its `http.c`).
    pub fn route_by_git(&self, to: &Url, git: Option<&Route>) -> Route {
        match git.filter(|_| self.by_ours(to).is_none()) {
            None => self.route(to, None),
            Some(Route::Through(_)) if self.exceptions.cover(to) => Route::Direct,
            Some(route) => route.clone(),
        }
    }
}

/// What NO_PROXY names: hosts with what is below them, addresses, CIDR ranges, each with a port or without, or `*`.
#[derive(Debug, Clone, Default)]
pub struct Exceptions(Vec<Exception>);

#[derive(Debug, Clone)]
enum Exception {
    Everything,
    /// Addresses, and a port if one was given.
    Net(IpNet, Option<u16>),
    /// A name without its leading dot, in lower case, and a port if one was given.
    Name(String, Option<u16>),
}

impl Exceptions {
    /// Reads the parts of a list; blanks around a part do not count, parts without a name neither.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let named = |part: &&str| !part.trim_matches('.').is_empty();
        Self(parts.into_iter().map(str::trim).filter(named).map(Exception::parse).collect())
    }

    /// Whether a connection to this URL is to go without the proxy.
    pub fn cover(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let right = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        self.0.iter().any(|exception| match (exception, url.host()) {
            (Exception::Everything, _) => true,
            (Exception::Net(net, wanted), Some(Host::Ipv4(ip))) => net.contains(&IpAddr::V4(ip)) && right(wanted),
            (Exception::Net(net, wanted), Some(Host::Ipv6(ip))) => net.contains(&IpAddr::V6(ip)) && right(wanted),
            (Exception::Name(name, wanted), Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let below = host.strip_suffix(name.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'));
                below && right(wanted)
            }
            _ => false,
        })
    }
}

impl Exception {
    fn parse(part: &str) -> Self {
        if part == "*" {
            return Self::Everything;
        }
        // Many write a range of IPv6 in brackets as well; whole, a part without them is never a port's.
        if let Some(net) = net(part).or_else(|| net(&part.replace(['[', ']'], "")).filter(|_| !part.contains("]:"))) {
            return Self::Net(net, None);
        }
        let (name, port) = match part.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
            _ => (part, None),
        };
        match net(name.trim_start_matches('[').trim_end_matches(']')) {
            Some(net) => Self::Net(net, port),
            None => Self::Name(name.trim_matches('.').to_ascii_lowercase(), port),
        }
    }
}

/// A range, or one address.
fn net(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::{Exceptions, Proxies, Route};
    use crate::{config::Config, system::Environment};

    #[test]
    fn no_proxy_knows_names_suffixes_and_ranges() {
        for (list, url, covered) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "https://a.example.com/", true),
            (".example.com", "https://a.example.com/", true),
            ("example.com", "https://badexample.com/", false),
            ("EXAMPLE.com", "https://Example.COM./", true),
            ("example.com:8443", "https://example.com/", false),
            ("example.com:443", "https://example.com/", true),
            ("10.0.0.0/8, 192.168.1.1", "http://10.1.2.3/", true),
            ("10.0.0.0/8, 192.168.1.1", "http://192.168.1.1:80/", true),
            ("10.0.0.0/8", "http://11.0.0.1/", false),
            ("fd00::/8,[::1]", "http://[fd12::1]/", true),
            ("[::1]", "http://[::1]:80/", true),
            ("[::1]:81", "http://[::1]:80/", false),
            ("[::1]:80", "http://[::1]/", true),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/", true),
            ("127.0.0.1:8080", "http://127.0.0.1:8081/", false),
            ("127.0.0.1", "http://127.0.0.1:8081/", true),
            ("fd00::1", "http://[fd00::1]/", true),
            ("[::1]:8080", "http://[::1]:8080/", true),
            ("[::1]:8080", "http://[::1]/", false),
            ("[fd00::]/8", "http://[fd12::1]/", true),
            ("10.1.2.3:80", "http://10.1.2.3/", true),
            ("10.1.2.3:81", "http://10.1.2.3/", false),
            ("*", "https://anything/", true),
            ("", "https://anything/", false),
            (" , .", "https://anything/", false),
        ] {
            let url = url.parse().expect("a URL of this table");
            assert_eq!(Exceptions::new(list.split(',')).cover(&url), covered, "{list} {url}");
        }
    }

    fn proxies(config: &str, variables: &[(&str, &str)]) -> (Config, Proxies) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let file = home.path().join("c.toml");
        std::fs::write(&file, config).expect("a file");
        let path = file.to_str().expect("temporary folders have plain names");
        let env = Environment::of([("MIRROR_CONFIG", path)].into_iter().chain(variables.iter().copied()), home.path());
        let config = Config::load(&env).expect("a configuration of this table");
        let proxies = Proxies::new(&config, &env);
        (config, proxies)
    }

    fn route(config: &str, variables: &[(&str, &str)], to: &str, mirror: Option<&str>) -> String {
        let (config, proxies) = proxies(config, variables);
        let mirror = mirror.map(|name| config.mirrors.iter().find(|m| m.name == name).expect("configured"));
        match proxies.route(&to.parse().expect("a URL"), mirror) {
            Route::Direct => "direct".to_owned(),
            Route::Through(proxy) => proxy.to_string(),
        }
    }

    #[test]
    fn gits_word_on_proxies_goes_before_the_environments_and_after_ours() {
        let through = |proxy: &str| Some(Route::Through(proxy.parse().expect("a URL")));
        let ours = "[proxy]\nurl = \"http://c:1\"\nno-proxy = [\"near.example\"]\n";
        let env = [("https_proxy", "http://e:2"), ("no_proxy", "near.example")];
        for (config, variables, git, to, expected) in [
            ("", &env[..], None, "https://h/", "http://e:2/"),
            ("", &env, through("http://g:3"), "https://h/", "http://g:3/"),
            ("", &env, through("http://g:3"), "https://a.near.example/", "direct"),
            ("", &env, Some(Route::Direct), "https://h/", "direct"),
            ("", &[], through("http://g:3"), "https://near.example/", "http://g:3/"),
            ("", &[("NO_PROXY", "*")], through("http://g:3"), "https://h/", "direct"),
            (ours, &env, through("http://g:3"), "https://h/", "http://c:1/"),
            (ours, &env, Some(Route::Direct), "https://h/", "http://c:1/"),
            (ours, &env, through("http://g:3"), "https://near.example/", "direct"),
        ] {
            let (proxies, to) = (proxies(config, variables).1, to.parse().expect("a URL"));
            let found = match proxies.route_by_git(&to, git.as_ref()) {
                Route::Direct => "direct".to_owned(),
                Route::Through(proxy) => proxy.to_string(),
            };
            assert_eq!(found, expected, "{config:?} {variables:?} {git:?} {to}");
        }
    }

    #[test]
    fn the_nearest_word_on_proxies_wins() {
        let own = "[mirrors.m]\nproxy = \"socks5h://127.0.0.1:1\"\n[mirrors.d]\nproxy = \"direct\"\n";
        let all = format!("[proxy]\nurl = \"http://c:1\"\nno-proxy = [\"near.example\"]\n{own}");
        let env = [("https_proxy", "http://u:p@e:2"), ("NO_PROXY", "env.example"), ("ALL_PROXY", "e3:3")];
        for (config, env, to, mirror, expected) in [
            (all.as_str(), &env[..], "https://h/", Some("m"), "socks5h://127.0.0.1:1"),
            (&all, &env, "https://h/", Some("d"), "direct"),
            (&all, &env, "https://h/", None, "http://c:1/"),
            (&all, &env, "https://near.example/", None, "direct"),
            ("", &env, "https://h/", None, "http://***@e:2/"),
            ("", &env, "http://h/", None, "http://e3:3/"),
            ("", &env, "https://env.example/", None, "direct"),
            ("", &[], "https://h/", None, "direct"),
        ] {
            assert_eq!(route(config, env, to, mirror), expected, "{to} {mirror:?}");
        }
    }
}
