//! Addresses behind `mirror::`: what passes is one repository of a known upstream, spelled so that no option, path or
//! host can hide in it, wherever it is put.
#![no_main]

use std::ffi::OsStr;

use git_mirror_helper::git::address::{self, Meant};
use libfuzzer_sys::fuzz_target;
use mirror_config::{config::Config, errors::Kind, model::Repository};
use mirror_fuzz::{assert_presentable, configuration};

/// The repository that is meant, if it is one.
fn repository(text: &str, config: &Config, typed: bool) -> Option<Repository> {
    match address::parse(OsStr::new(text), config, || typed) {
        Ok(Meant::Repository { repository, written }) => {
            assert!(written.is_none_or(|written| written == text), "{text:?}");
            Some(repository)
        }
        // What is left to git is an address that git's own rules would take for that upstream's, and nothing of it is lost.
        Ok(Meant::Unnamed { upstream, url }) => {
            let upstream = config.upstreams.get(&upstream).expect("of an upstream that is configured");
            assert!(url == *text && text.starts_with(upstream.url.head()), "{text:?}");
            None
        }
        Err(failure) => {
            assert!(matches!(failure.kind, Kind::Name | Kind::Transport), "{failure:?}");
            assert_presentable(&failure);
            None
        }
    }
}

fuzz_target!(|text: &str| {
    let config = configuration();
    let by_rule = repository(text, config, false);
    let Some(found) = repository(text, config, true) else { return assert_eq!(by_rule, None, "{text:?}") };
    let upstream = config.upstreams.get(&found.upstream).expect("of an upstream that is configured");
    let name = found.repo.to_string();
    let is_safe = |part: &str| !matches!(part, "" | "." | "..") && !part.starts_with('-');
    assert!(name.split('/').all(is_safe) && !name.contains(|c: char| c.is_control() || "\\?#%:".contains(c)), "{name}");

    // All its spellings mean the same.
    let canonical = upstream.url.fill(&found.repo).expect("an upstream can say every name");
    for spelling in [found.to_string(), canonical.expose().as_str().to_owned()] {
        assert_eq!(repository(&spelling, config, true).as_ref(), Some(&found), "{spelling} of {text:?}");
    }
    // What git takes off before it hands an address over is no part of it.
    assert_eq!(repository(&format!("mirror::{found}"), config, true), None, "{text:?}");

    // Filled into anybody's template it is parts of the path, and nothing else changes.
    let plain = "owner/name".parse().expect("a name");
    let templates = config.mirrors.iter().filter_map(|mirror| mirror.git.get(&found.upstream));
    for template in templates.chain([&upstream.url]) {
        let (Some(filled), Some(sample)) = (template.fill(&found.repo), template.fill(&plain)) else { continue };
        let (filled, sample) = (filled.expose(), sample.expose());
        let place = |url: &url::Url| {
            (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port(), url.username().to_owned())
        };
        assert_eq!(place(filled), place(sample), "{text:?}");
        assert_eq!((filled.query(), filled.fragment()), (sample.query(), sample.fragment()), "{text:?}");
        let (head, tail) = sample.path().split_once("owner/name").expect("it was filled in");
        let between = filled.path().strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        assert_eq!(between, Some(found.repo.to_path().as_str()), "{text:?}");
    }
});
