//! The user's file, a project's file and variables, in any combination: a project only tightens, and whatever is
//! accepted is made of addresses that are allowed.
#![no_main]

use std::{collections::BTreeSet, fs};

use libfuzzer_sys::fuzz_target;
use mirror_config::{
    config::{Config, Setting},
    errors::{Failure, Kind},
    model::{Address, OwnProxy, Service, is_loopback},
    select::catalog,
    system::Environment,
    transport::Proxies,
};
use mirror_fuzz::{assert_presentable, folder};

fn load(user: &str, project: &str, variables: &[(&str, &str)]) -> Result<Config, Failure> {
    thread_local! {
        static HOME: tempfile::TempDir = folder();
    }
    HOME.with(|home| {
        let home = home.path();
        let (file, tree) = (home.join("config.toml"), home.join("project"));
        fs::create_dir_all(&tree).expect("our own folder");
        fs::write(&file, user).expect("our own folder");
        fs::write(tree.join(".mirror.toml"), project).expect("our own folder");
        let own = [("HOME", home.to_str().expect("plain")), ("MIRROR_CONFIG", file.to_str().expect("plain"))];
        Config::load(&Environment::of(variables.iter().chain(&own).copied(), &tree))
    })
}

fn names(config: &Config) -> BTreeSet<&str> {
    config.mirrors.iter().map(|mirror| mirror.name.as_str()).collect()
}

fn assert_only_tightened(own: &Config, both: &Config) {
    assert!(both.git.trust.value >= own.git.trust.value);
    assert!(both.cargo.trust.value >= own.cargo.trust.value && both.pip.trust.value >= own.pip.trust.value);
    assert!(own.git.private.value.iter().all(|pattern| both.git.private.value.contains(pattern)));
    assert!(own.pip.private.value.iter().all(|pattern| both.pip.private.value.contains(pattern)));
    assert!(names(both).is_subset(&names(own)), "a project adds no mirror");
    for mirror in &both.mirrors {
        let held = own.mirrors.iter().find(|held| held.name == mirror.name).expect("a subset");
        assert_eq!((held.git.clone(), &held.cargo, &held.pypi), (mirror.git.clone(), &mirror.cargo, &mirror.pypi));
        assert!((held.trusted || !mirror.trusted) && (held.insecure || !mirror.insecure), "{}", mirror.name);
        assert_eq!(held.proxy, mirror.proxy);
    }
    let value = |setting: &Option<Setting<Address>>| setting.as_ref().map(|found| found.value.clone());
    assert_eq!(value(&own.proxy), value(&both.proxy));
    assert_eq!(value(&own.cargo.upstream), value(&both.cargo.upstream));
    assert_eq!(value(&own.pip.upstream), value(&both.pip.upstream));
    assert_eq!(own.ca_file.as_ref().map(|file| &file.value), both.ca_file.as_ref().map(|file| &file.value));
    assert_eq!(own.no_proxy.value, both.no_proxy.value);
    assert_eq!((&own.upstreams, &own.git.upstream.value), (&both.upstreams, &both.git.upstream.value));
    assert!(!own.pip.strict.value || both.pip.strict.value);
    assert_eq!(own.pip.relay.value, both.pip.relay.value);
}

fn assert_safe(config: &Config) {
    let repo = "owner/name".parse().expect("a name");
    let allowed = |url: &url::Url, insecure: bool| match url.scheme() {
        "https" | "file" | "ssh" => true,
        "http" => insecure || is_loopback(url),
        _ => false,
    };
    for upstream in config.upstreams.values() {
        assert!(
            allowed(upstream.url.fill(&repo).expect("a plain name").expose(), false)
                && !upstream.url.carries_credentials()
        );
    }
    assert!(config.upstreams.contains_key(&config.git.upstream.value));
    for mirror in &config.mirrors {
        for template in mirror.git.values() {
            let filled = template.fill(&repo).expect("a plain name");
            assert!(allowed(filled.expose(), mirror.insecure), "{filled}");
            assert!(filled.expose().path().contains("owner/name"), "{filled}");
        }
        for address in [&mirror.cargo, &mirror.pypi, &mirror.rustup].into_iter().flatten() {
            assert!(allowed(address.expose(), mirror.insecure), "{address}");
        }
        assert!(mirror.weight > 0.0 && mirror.weight.is_finite() && !mirror.origin.is_empty());
        if let Some(OwnProxy::Through(proxy)) = &mirror.proxy {
            assert!(matches!(proxy.expose().scheme(), "http" | "https" | "socks5" | "socks5h"));
        }
    }
    assert!(config.git.connections.value > 0 && config.mirrors.is_sorted_by(|a, b| a.name < b.name));
    for service in [Service::CargoIndex, Service::PypiIndex] {
        assert!(catalog::index(config, &Proxies::default(), service).len() <= config.mirrors.len());
    }
    for mirror in &config.mirrors {
        let proxies = Proxies::new(config, &Environment::of([("HOME", "/")], "/"));
        proxies.route(&"https://h.example/".parse().expect("a URL"), Some(mirror));
    }
}

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n%%\n");
    let (user, project) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let variables: Vec<(String, &str)> = parts
        .flat_map(str::lines)
        .filter_map(|line| line.split_once('='))
        .filter(|(name, value)| !name.contains('\0') && !value.contains('\0'))
        .map(|(name, value)| (format!("MIRROR_{name}"), value))
        .collect();
    let variables: Vec<(&str, &str)> =
        variables.iter().filter(|(name, _)| name != "MIRROR_CONFIG").map(|(name, v)| (name.as_str(), *v)).collect();

    let own = load(user, "", &[]);
    let both = load(user, project, &[]);
    let all = load(user, project, &variables);
    for failure in [&own, &both, &all].into_iter().filter_map(|loaded| loaded.as_ref().err()) {
        assert!(matches!(failure.kind, Kind::Config | Kind::Transport | Kind::Name), "{failure:?}");
        assert_presentable(failure);
    }
    match (&own, &both) {
        (Ok(own), Ok(both)) => assert_only_tightened(own, both),
        (Err(_), Ok(_)) => {
            // Only by disabling what cannot be used.
            assert!(project.contains("enabled") || project.contains("builtin"), "a project mends nothing");
        }
        _ => {}
    }
    for config in [&own, &both, &all].into_iter().filter_map(|loaded| loaded.as_ref().ok()) {
        assert_safe(config);
    }
});
