//! Which mirror pip itself may be given, without the shim: nothing is checked then beyond what pip checks.

use mirror_config::{
    config::Config,
    errors::{Failure, Kind},
    model::{Mirror, OwnProxy, Service, is_loopback},
    select::Select,
    system::state,
    trust::Trust,
};

/// Bytes of an index page and a package, for the ranking.
const TYPICAL: u64 = 2_000_000;

/// The best by what is remembered, of those that pip may be given.
///
/// # Errors
///
/// [`Kind::Config`] when there is none, with what speaks against each.
pub(crate) fn best(select: &Select) -> Result<Mirror, Failure> {
    let candidates = select.index(Service::PypiIndex, TYPICAL);
    let mirrors = || candidates.iter().filter_map(|candidate| candidate.mirror.as_ref());
    let fit = || mirrors().filter(|mirror| objection(&select.config, mirror).is_none());
    let well = |mirror: &&Mirror| select.health.record(&mirror.name, Service::PypiIndex).until <= state::now();
    if let Some(mirror) = fit().find(well).or_else(|| fit().next()) {
        return Ok(mirror.clone());
    }
    let against: Vec<String> = mirrors()
        .filter_map(|mirror| Some(format!("{}: {}", mirror.name, objection(&select.config, mirror)?)))
        .collect();
    let what = match against.as_slice() {
        [] => "no mirror of Python packages is configured".to_owned(),
        against => format!("pip itself can be given no mirror: {}", against.join("; ")),
    };
    Err(Failure::new(Kind::Config, what).hint("cargo mirror list"))
}

/// The one of this name.
///
/// # Errors
///
/// [`Kind::Usage`] when there is none, [`Kind::Config`] when pip must not be given it.
pub(crate) fn named(config: &Config, name: &str) -> Result<Mirror, Failure> {
    let Some(mirror) = config.mirrors.iter().find(|mirror| mirror.name == name) else {
        let by =
            config.disabled.get(name).map(|disabled| format!(" enabled (see {})", disabled.by)).unwrap_or_default();
        return Err(Failure::new(Kind::Usage, format!("there is no mirror {name}{by}")).hint("cargo mirror list"));
    };
    match objection(config, mirror) {
        None => Ok(mirror.clone()),
        Some(why) => Err(Failure::new(Kind::Config, format!("pip itself cannot be given mirror {name}: {why}"))
            .hint("without it, the shim alone is set up: cargo mirror setup pip")),
    }
}

/// What speaks against a mirror as the index of a pip that nobody stands before.
fn objection(config: &Config, mirror: &Mirror) -> Option<String> {
    let Some(url) = mirror.pypi.as_ref().map(|address| address.expose()) else {
        return Some("it carries no Python packages".to_owned());
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Some("its address holds credentials, which pip shows to others".to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => {
            return Some("its address is plain http, which pip refuses unless the host is trusted blindly".to_owned());
        }
        scheme => return Some(format!("pip asks no {scheme} index")),
    }
    if matches!(mirror.proxy, Some(OwnProxy::Through(_))) {
        return Some("it is reached through a proxy of its own, which pip.conf cannot set for one index".to_owned());
    }
    if mirror.trusted {
        return None;
    }
    if let Some(upstream) = &config.pip.upstream {
        return Some(format!(
            "it is not `trusted`, and nothing would hold it against `pip.upstream` ({})",
            upstream.origin
        ));
    }
    if config.pip.trust.value > Trust::Quorum {
        let (trust, origin) = (&config.pip.trust.value, &config.pip.trust.origin);
        return Some(format!(
            "it is not `trusted`, and pip cannot check what `pip.trust` asks for ({trust}, {origin})"
        ));
    }
    if !config.pip.private.value.is_empty() {
        let origin = &config.pip.private.origin;
        return Some(format!("it is not `trusted`, and would hear the names of `pip.private` ({origin})"));
    }
    None
}

#[cfg(test)]
mod tests {
    use mirror_config::{config::Config, system::Environment};

    use super::{named, objection};

    fn config(text: &str) -> Config {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, format!("[catalog]\nbuiltin = false\n{text}")).expect("our folder");
        let env = Environment::of([("MIRROR_CONFIG", file.as_os_str())], folder.path());
        Config::load(&env).unwrap_or_else(|failure| panic!("{text}: {failure}"))
    }

    #[test]
    fn pip_is_given_no_mirror_that_it_could_not_use_safely() {
        let plain = "pypi = \"https://m.example/simple/\"\n";
        for (mirror, rest, why) in [
            (plain.to_owned(), "", None),
            ("cargo = \"sparse+https://m.example/\"\n".to_owned(), "", Some("no Python packages")),
            ("pypi = \"https://ada:hunter2@m.example/simple/\"\n".to_owned(), "", Some("credentials")),
            ("pypi = \"https://m.example/simple/?token=hunter2\"\n".to_owned(), "", Some("credentials")),
            ("pypi = \"http://m.example/simple/\"\ninsecure = true\n".to_owned(), "", Some("plain http")),
            ("pypi = \"http://127.0.0.1:1/simple/\"\n".to_owned(), "", None),
            (format!("{plain}proxy = \"socks5h://127.0.0.1:1\"\n"), "", Some("proxy of its own")),
            (format!("{plain}proxy = \"direct\"\n"), "", None),
            (plain.to_owned(), "[pip]\nupstream = \"https://pypi.corp.example/simple/\"\n", Some("pip.upstream")),
            (plain.to_owned(), "[pip]\ntrust = \"upstream\"\n", Some("pip.trust")),
            (plain.to_owned(), "[pip]\ntrust = \"tofu\"\n", None),
            (plain.to_owned(), "[pip]\nprivate = [\"corp-*\"]\n", Some("pip.private")),
            (format!("{plain}trusted = true\n"), "[pip]\nprivate = [\"corp-*\"]\ntrust = \"upstream\"\n", None),
        ] {
            let config = config(&format!("[mirrors.m]\n{mirror}{rest}"));
            let found = objection(&config, &config.mirrors[0]);
            match why {
                None => assert_eq!(found, None, "{mirror}{rest}"),
                Some(why) => {
                    let failure = named(&config, "m").expect_err("it is refused").to_string();
                    assert!(failure.contains(why) && !failure.contains("hunter2"), "{failure}");
                }
            }
        }
        assert!(named(&config(""), "m").is_err());
    }
}
