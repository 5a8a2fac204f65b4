//! What a registry of crates says: index entries, where files are, which index is the official one. Pure.
//!
//! With `meaning` the only door to `tame-index`. Format: the Cargo Book, "Registry Index".

use std::collections::BTreeMap;

use serde::Deserialize;
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX, KrateName, index::IndexConfig};

use super::meaning::{self, checked, strange};
use crate::{config::Config, errors::Fault, model::Address, trust::Version};

/// Path of the index's own configuration.
pub const CONFIG: &str = "config.json";

/// The official sparse index, without `sparse+`.
pub fn official() -> Address {
    let bare = CRATES_IO_HTTP_INDEX.strip_prefix("sparse+").unwrap_or(CRATES_IO_HTTP_INDEX);
    bare.parse().expect("a constant of tame-index")
}

/// The index that is the authority: the configured one, else the official one.
pub fn authority(config: &Config) -> Address {
    config.cargo.upstream.as_ref().map_or_else(official, |setting| setting.value.clone())
}

/// How `Cargo.lock` names the official registry, whichever index served it.
pub fn official_source() -> String {
    format!("registry+{CRATES_IO_INDEX}")
}

/// Where the entry of a crate stands below the index: `ab/cd/abcd`. `None` for what cannot be a crate's name.
pub fn path_of(name: &str) -> Option<String> {
    KrateName::cargo(name).ok().map(|name| name.relative_path(Some('/')))
}

/// The crate whose entry stands at this path, as cargo asks for it: in lower case.
pub fn name_at(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    (path_of(name)? == path).then_some(name)
}

/// The versions in an index entry, in order.
///
/// # Errors
///
/// [`Fault::NotAMirror`] when a line is not one of an index, such as a sign-in page's.
pub fn versions(entry: &[u8]) -> Result<Vec<Version>, Fault> {
    lines(entry)?.map(meaning::of).collect()
}

/// The checksums in an index entry, by version. Far quicker than [`versions`]: all else is passed over.
///
/// # Errors
///
/// As [`versions`].
pub fn checksums(entry: &[u8]) -> Result<BTreeMap<String, String>, Fault> {
    lines(entry)?.map(pair).collect()
}

fn lines(entry: &[u8]) -> Result<impl Iterator<Item = &str>, Fault> {
    let text = std::str::from_utf8(entry).map_err(|_| strange("it is not text"))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()))
}

/// Number and checksum of a line.
fn pair(line: &str) -> Result<(String, String), Fault> {
    #[derive(Deserialize)]
    struct Line {
        vers: String,
        cksum: String,
    }
    let Line { vers, cksum } = serde_json::from_str(line).map_err(|error| strange(&error.to_string()))?;
    checked(vers, &cksum)
}

/// Where a registry has its files: the `dl` of its `config.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloads(IndexConfig);

impl Downloads {
    /// Reads a `config.json`.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] for anything else.
    pub fn parse(config: &[u8]) -> Result<Self, Fault> {
        // `dl` alone counts here; cargo takes null for all others.
        #[derive(Deserialize)]
        struct Read {
            dl: String,
        }
        let Read { dl } =
            serde_json::from_slice(config).map_err(|error| Fault::NotAMirror(format!("no config.json: {error}")))?;
        Ok(Self(IndexConfig { dl, api: None, auth_required: false }))
    }

    /// Where a file is, by the rules of `dl`.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] when that is no address.
    pub fn address(&self, name: &str, version: &str, checksum: &str) -> Result<Address, Fault> {
        let krate = KrateName::cargo(name).map_err(|error| Fault::NotAMirror(error.to_string()))?;
        let filled = self.0.dl.replace("{sha256-checksum}", checksum);
        // `{sha256-checksum}` alone is a marker too, after which nothing is appended (tame-index does not know it).
        let address = match filled == self.0.dl || filled.contains('{') {
            true => IndexConfig { dl: filled, ..self.0.clone() }.download_url(krate, version),
            false => filled,
        };
        address.parse().map_err(|error| Fault::NotAMirror(format!("`dl` in its config.json: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Downloads, checksums, name_at, path_of};

    #[test]
    fn paths_follow_the_length_of_the_name() {
        for (name, path) in [
            ("a", "1/a"),
            ("ab", "2/ab"),
            ("abc", "3/a/abc"),
            ("serde", "se/rd/serde"),
            ("serde_json", "se/rd/serde_json"),
        ] {
            assert_eq!(path_of(name).as_deref(), Some(path));
            assert_eq!(name_at(path), Some(name));
        }
        for odd in ["", "..", "a/b", "-a b", "se/rd/other", "se/serde", "../se/rd/serde", "config.json"] {
            assert_eq!(name_at(odd), None, "{odd}");
        }
    }

    #[test]
    fn downloads_follow_the_template() {
        for (dl, expected) in [
            ("https://h.example/api", "https://h.example/api/serde/1.0.0/download"),
            ("https://h.example/{crate}/{crate}-{version}.crate", "https://h.example/serde/serde-1.0.0.crate"),
            ("https://h.example/{prefix}/{lowerprefix}/{version}", "https://h.example/se/rd/se/rd/1.0.0"),
            ("https://h.example/{sha256-checksum}", "https://h.example/00ff"),
            ("https://h.example/{crate}/{sha256-checksum}", "https://h.example/serde/00ff"),
        ] {
            let downloads = Downloads::parse(format!("{{\"dl\":\"{dl}\"}}").as_bytes()).expect("a config.json");
            let address = downloads.address("serde", "1.0.0", "00ff").expect("an address");
            assert_eq!(address.to_string(), expected, "{dl}");
        }
        for config in [
            "{\"dl\":\"https://h.example/\",\"api\":null}",
            "{\"api\":7,\"dl\":\"https://h.example/\",\"auth-required\":null}",
        ] {
            assert!(Downloads::parse(config.as_bytes()).is_ok(), "{config}");
        }
        assert!(Downloads::parse(b"<html>").is_err() && Downloads::parse(b"{\"dl\":null}").is_err());
    }

    #[test]
    fn an_entry_is_read_line_by_line_and_a_page_is_none() {
        let entry = b"{\"name\":\"a\",\"vers\":\"1.0.0\",\"cksum\":\"AA\",\"yanked\":false}\n\n{\"name\":\"a\",\"vers\":\"1.1.0\",\"cksum\":\"bb\"}\n";
        let sums = checksums(entry).expect("an entry");
        assert_eq!((sums["1.0.0"].as_str(), sums["1.1.0"].as_str()), ("aa", "bb"));
        assert!(checksums(b"<html>sign in</html>").is_err());
        assert!(checksums(b"{\"vers\":\"1.0.0\"}").is_err());
    }
}
