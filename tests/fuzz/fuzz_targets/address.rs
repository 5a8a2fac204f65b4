//! Addresses behind `mirror::`: what passes is one repository of a known upstream, spelled so that no option, path or
//! host can hide in it, wherever it is put.
#![no_main]

use git_mirror_helper::git::address;
use libfuzzer_sys::fuzz_target;
use mirror_config::{errors::Kind, model::is_part};
use mirror_fuzz::{assert_presentable, configuration};

fuzz_target!(|text: &str| {
    let config = configuration();
    let found = match address::parse(text, config) {
        Ok(found) => found,
        Err(failure) => {
            assert!(matches!(failure.kind, Kind::Name | Kind::Transport), "{failure:?}");
            return assert_presentable(&failure);
        }
    };
    let upstream = config.upstreams.get(&found.upstream).expect("of an upstream that is configured");
    let name = found.repo.to_string();
    assert!(!name.contains("..") && name.split('/').count() == 2 && name.split('/').all(is_part), "{name}");

    // All its spellings mean the same.
    let canonical = upstream.url.fill(&found.repo);
    for spelling in [found.to_string(), canonical.expose().as_str().to_owned()] {
        assert_eq!(address::parse(&spelling, config).as_ref(), Ok(&found), "{spelling} of {text:?}");
    }
    // What git takes off before it hands an address over is no part of it.
    let twice = address::parse(&format!("mirror::{found}"), config);
    assert_eq!(twice.map_err(|failure| failure.kind), Err(Kind::Name), "{text:?}");

    // Filled into anybody's template it is two parts of the path, and nothing else changes.
    let plain = "owner/name".parse().expect("a name");
    let templates = config.mirrors.iter().filter_map(|mirror| mirror.git.get(&found.upstream));
    for template in templates.chain([&upstream.url]) {
        let (filled, sample) = (template.fill(&found.repo), template.fill(&plain));
        let (mut filled, sample) = (filled.expose().clone(), sample.expose());
        assert!(filled.path().contains(&name), "{filled}");
        filled.set_path(&filled.path().replacen(&name, "owner/name", 1));
        // A name may be part of the template's own path: then only the rest is compared.
        if filled.path() == sample.path() {
            assert_eq!(&filled, sample, "{text:?}");
        } else {
            assert_eq!((filled.origin(), filled.username()), (sample.origin(), sample.username()), "{text:?}");
        }
    }
});
