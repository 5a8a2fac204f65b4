//! What says which checksum a crate has: entries and `config.json` of an index, and `Cargo.lock`. `OFFICIAL` in a lock
//! stands for how cargo names its own registry.
#![no_main]

use std::path::Path;

use cargo_mirror::cargo::{Origin, lock_file};
use libfuzzer_sys::fuzz_target;
use mirror_config::{
    cargo::{Downloads, index},
    trust::{
        Speaker, Trust, Word,
        entries::{self, weigh},
    },
};
use mirror_fuzz::assert_presentable;

fn entry(bytes: &[u8]) {
    let (versions, sums) = (index::versions(bytes), index::checksums(bytes));
    match (&versions, &sums) {
        (Ok(versions), Ok(sums)) => {
            for version in versions {
                assert!(sums.contains_key(&version.number));
                assert_eq!(version.checksum, version.checksum.to_ascii_lowercase());
                assert!(!version.number.contains(['{', '}', '/']) && version.meaning.get("yanked").is_none());
                let again = index::versions(version.line.as_bytes()).expect("one line of what was read");
                assert_eq!(again, [version.clone()]);
            }
            let last = |number: &String| versions.iter().rev().find(|version| version.number == *number);
            for (number, sum) in sums {
                assert_eq!(last(number).map(|version| &version.checksum), Some(sum), "two readers of one entry");
            }
            believed(versions);
        }
        (Err(_), Err(_)) => {}
        // The quick reader passes over what it does not need, so it may read more.
        (Err(_), Ok(_)) => {}
        (Ok(_), Err(fault)) => panic!("only one of two readers refuses: {fault}"),
    }
}

/// What is believed was said by enough, whoever says it how often.
fn believed(versions: &[entries::Version]) {
    let word = |operator: &str, versions: &[entries::Version]| Word {
        who: Speaker {
            mirror: operator.to_owned(),
            operator: operator.to_owned(),
            address: format!("https://{operator}.example/"),
            trusted: false,
        },
        versions: versions.to_vec(),
    };
    let nothing = |_: &entries::Version| false;
    let (half, _) = versions.split_at(versions.len() / 2);
    assert!(weigh(&[word("a", versions), word("a", versions)], Trust::Quorum, &nothing).versions.is_empty());
    let both = weigh(&[word("a", versions), word("b", half)], Trust::Quorum, &nothing);
    for found in &both.versions {
        assert!(half.iter().any(|version| version.meaning == found.meaning), "{found:?}");
    }
}

fn downloads(bytes: &[u8]) {
    let Ok(downloads) = Downloads::parse(bytes) else { return };
    for (name, version) in [("serde", "1.0.0"), ("a", "1.0.0+x"), ("ab_c-d", "0.1.0-rc.1")] {
        if let Ok(address) = downloads.address(name, version, &"ab".repeat(32)) {
            assert!(address.expose().as_str().len() < bytes.len() * 400 + 400);
        }
    }
}

fn names(text: &str) {
    if let Some(path) = index::path_of(text) {
        assert!(!path.contains("..") && !path.starts_with('/') && !path.contains(['\\', '?', '#', '%']), "{path}");
        assert_eq!(path.rsplit('/').next().map(str::to_ascii_lowercase), Some(text.to_ascii_lowercase()));
        if text == text.to_ascii_lowercase() {
            assert_eq!(index::name_at(&path), Some(text));
        }
    }
    if let Some(name) = index::name_at(text) {
        assert_eq!(index::path_of(name).as_deref(), Some(text));
    }
}

fn lock(text: &str) {
    let text = text.replace("OFFICIAL", &index::official_source());
    let quick = lock_file::official_in(&text).0;
    let all = match lock_file::parse(&text, Path::new("Cargo.lock"), None) {
        Ok(all) => all,
        Err(failure) => {
            assert!(quick.is_empty(), "two readers of one lock");
            return assert_presentable(&failure);
        }
    };
    for ((name, version), sum) in &quick {
        let same = |found: &&lock_file::Dependency| match &found.origin {
            Origin::Registry(pinned) => {
                (&pinned.name, &pinned.version, pinned.checksum.as_ref()) == (name, version, Some(sum))
            }
            _ => false,
        };
        assert!(all.iter().any(|found| same(&found)), "{name} {version} is nobody's");
    }
    for found in &all {
        if let Origin::Registry(pinned) = &found.origin {
            assert!(pinned.checksum.is_none() || quick.contains_key(&(found.name.clone(), found.version.clone())));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    entry(data);
    downloads(data);
    if let Ok(text) = std::str::from_utf8(data) {
        names(text);
        lock(text);
    }
});
