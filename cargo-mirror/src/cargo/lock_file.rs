//! A project's `Cargo.lock`: what it pins, and from which source each dependency comes. The only door to `cargo-lock`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cargo_lock::{Lockfile, Package, SourceId};
use mirror_config::{
    cargo::{Checksums, Needs, Pinned},
    errors::{Failure, Kind},
    model::{Address, Oid},
};

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The registry that `cargo.upstream` speaks for.
    Registry(Pinned),
    /// Another registry, by its address.
    OtherRegistry(String),
    /// A commit of a repository; no commit when the lock names none.
    Git(Address, Option<Oid>),
    /// The project itself, or a folder.
    Path,
}

/// One package of the lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The lock file that cargo would use: beside the manifest, or in a folder above, where the workspace is.
pub fn find(manifest: Option<&Path>, cwd: &Path) -> Option<PathBuf> {
    let start =
        manifest.map_or_else(|| cwd.to_owned(), |manifest| cwd.join(manifest).parent().unwrap_or(cwd).to_owned());
    start.ancestors().map(|folder| folder.join("Cargo.lock")).find(|path| path.is_file())
}

/// What is known of the crates that come from the official registry: their checksums, and what each needs from it, whatever the
/// platform and features are, since cargo looks at all of it. Of a file that cannot be read nothing is: cargo will say so.
pub fn official(path: &Path) -> (Checksums, Needs) {
    std::fs::read_to_string(path).map_or_else(|_| Default::default(), |text| official_in(&text))
}

/// The same of a file's text.
pub fn official_in(text: &str) -> (Checksums, Needs) {
    let Ok(lock) = lockfile(text) else { return Default::default() };
    let is_official = |package: &&Package| package.source.as_ref().is_some_and(SourceId::is_default_registry);
    let official: Vec<&Package> = lock.packages.iter().filter(is_official).collect();
    let lower = |name: &cargo_lock::Name| name.as_str().to_ascii_lowercase();
    let known: BTreeSet<String> = official.iter().map(|package| lower(&package.name)).collect();
    let (mut checksums, mut needs) = (Checksums::new(), Needs::new());
    for package in official {
        if let Some(checksum) = &package.checksum {
            checksums.insert((package.name.to_string(), package.version.to_string()), checksum.to_string());
        }
        // A crate may be there in several versions.
        let needed = package.dependencies.iter().map(|needed| lower(&needed.name)).filter(|name| known.contains(name));
        needs.entry(lower(&package.name)).or_default().extend(needed);
    }
    (checksums, needs)
}

/// Reads the lock file of a workspace. `upstream` is the index of `cargo.upstream`: what is named by it is checked too.
///
/// # Errors
///
/// [`Kind::Config`] when there is none, or it cannot be read.
pub fn read(root: &Path, upstream: Option<&Address>) -> Result<Vec<Dependency>, Failure> {
    let path = root.join("Cargo.lock");
    if !path.is_file() {
        return Err(
            Failure::new(Kind::Config, format!("{} does not exist", path.display())).hint("cargo generate-lockfile")
        );
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(Kind::Io, format!("{}: {error}", path.display())))?;
    parse(&text, &path, upstream)
}

/// The same of a file's text; `path` is how messages name it.
///
/// # Errors
///
/// [`Kind::Config`] for what is no lock file.
pub fn parse(text: &str, path: &Path, upstream: Option<&Address>) -> Result<Vec<Dependency>, Failure> {
    let lock = lockfile(text).map_err(|why| Failure::new(Kind::Config, format!("{}: {why}", path.display())))?;
    Ok(lock.packages.iter().map(|package| dependency(package, upstream)).collect())
}

/// Reads a lock. `cargo-lock` 11.1 cuts a checksum at every second byte, and panics where that is within a character; cargo
/// writes digits there.
fn lockfile(text: &str) -> Result<Lockfile, String> {
    if !text.is_ascii() || text.contains('\\') {
        let document = text.parse::<toml_edit::DocumentMut>().map_err(|error| error.message().to_owned())?;
        if has_odd_checksum(document.as_item()) {
            return Err("a checksum is none".to_owned());
        }
    }
    text.parse().map_err(|error: cargo_lock::Error| error.to_string())
}

/// Whether a value that may be taken for a checksum has other characters than cargo writes: one of `checksum`, or of
/// `metadata`, where locks had them before.
fn has_odd_checksum(root: &toml_edit::Item) -> bool {
    let odd =
        |value: Option<&toml_edit::Item>| value.and_then(|value| value.as_str()).is_some_and(|sum| !sum.is_ascii());
    let metadata = root.get("metadata").and_then(|metadata| metadata.as_table_like());
    let packages: Vec<&dyn toml_edit::TableLike> = match root.get("package") {
        Some(toml_edit::Item::ArrayOfTables(packages)) => packages.iter().map(|package| package as _).collect(),
        Some(other) => {
            other.as_array().into_iter().flatten().filter_map(|v| v.as_inline_table().map(|t| t as _)).collect()
        }
        None => Vec::new(),
    };
    packages.iter().any(|package| odd(package.get("checksum")))
        || metadata.is_some_and(|metadata| metadata.iter().any(|(_, value)| odd(Some(value))))
}

fn dependency(package: &Package, upstream: Option<&Address>) -> Dependency {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let checksum = package.checksum.as_ref().map(ToString::to_string);
    let pinned = || Origin::Registry(Pinned { name: name.clone(), version: version.clone(), checksum });
    let origin = match &package.source {
        None => Origin::Path,
        Some(source) if source.is_git() => {
            // The query of a source is cargo's own: branch, tag or revision.
            let mut url = source.url().clone();
            url.set_query(None);
            url.set_fragment(None);
            Origin::Git(url.into(), source.precise().and_then(|commit| commit.parse().ok()))
        }
        Some(source) if source.is_path() => Origin::Path,
        Some(source) if source.is_default_registry() || is_index(source, upstream) => pinned(),
        Some(source) => Origin::OtherRegistry(Address::from(source.url().clone()).to_string()),
    };
    Dependency { name, version, origin }
}

fn is_index(source: &SourceId, upstream: Option<&Address>) -> bool {
    let bare = source.url().as_str().strip_prefix("sparse+").unwrap_or(source.url().as_str());
    upstream.is_some_and(|upstream| upstream.expose().as_str().trim_end_matches('/') == bare.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::{Origin, read};
    use mirror_config::{cargo::index, model::Address};

    #[test]
    fn a_checksum_of_other_characters_is_refused() {
        let sum = format!("{}\u{784}{}", "1".repeat(35), "1".repeat(27));
        let package = format!("[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"{sum}\"\n");
        let escaped = package.replace('\u{784}', "\\u0784");
        let inline = format!("package = [{{ name = \"a\", version = \"1.0.0\", checksum = \"{sum}\" }}]\n");
        let metadata = format!("[metadata]\n\"checksum a 1.0.0 (x)\" = \"{sum}\"\n");
        for text in [package, escaped, inline, metadata] {
            assert!(super::lockfile(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_crates_of_the_official_registry_need_is_known() {
        let package = |name: &str, version: &str, source: &str, needed: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\ndependencies = [{needed}]\n"
            )
        };
        let official = index::official_source();
        let text = [
            "version = 4\n".to_owned(),
            package("Alpha", "1.0.0", &official, "\"beta 1.0.0\", \"corp\""),
            package("beta", "1.0.0", &official, "\"gamma\""),
            package("beta", "2.0.0", &official, ""),
            package("corp", "1.0.0", "sparse+https://crates.corp.example/index/", "\"gamma\""),
            package("gamma", "1.0.0", &official, ""),
        ];
        let (_, found) = super::official_in(&text.concat());
        let needed = |name: &str| found.get(name).map(|needed| needed.join(" "));
        assert_eq!(needed("alpha").as_deref(), Some("beta"), "not what is a company's");
        assert_eq!((needed("beta").as_deref(), needed("gamma").as_deref()), (Some("gamma"), Some("")));
        assert_eq!((needed("corp"), super::official_in("no lock").1.len()), (None, 0));
    }

    #[test]
    fn sources_are_told_apart() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let checksum = "0".repeat(64);
        let commit = "0123456789012345678901234567890123456789";
        let package =
            |name: &str, source: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}\n");
        let from = |source: &str| format!("source = \"{source}\"");
        let text = [
            "version = 4\n".to_owned(),
            package("own", ""),
            package("official", &format!("{}\nchecksum = \"{checksum}\"", from(&index::official_source()))),
            package("corp", &from("sparse+https://crates.corp.example/index/")),
            package("other", &from("sparse+https://other.example/index/")),
            package("git", &from(&format!("git+https://github.com/owner/repo?branch=main#{commit}"))),
        ];
        std::fs::write(dir.path().join("Cargo.lock"), text.concat()).expect("a file");
        let corp: Address = "https://crates.corp.example/index/".parse().expect("an address");
        let found = read(dir.path(), Some(&corp)).expect("a lock file");
        let shown = |name: &str| {
            let locked = found.iter().find(|locked| locked.name == name).expect("it is there");
            match &locked.origin {
                Origin::Registry(pinned) => format!("registry {}", pinned.checksum.as_deref().unwrap_or("none")),
                Origin::OtherRegistry(url) => format!("other {url}"),
                Origin::Git(url, commit) => format!("git {url} {commit:?}"),
                Origin::Path => "path".to_owned(),
            }
        };
        assert_eq!(shown("own"), "path");
        assert_eq!(shown("official"), format!("registry {checksum}"));
        assert_eq!(shown("corp"), "registry none");
        assert!(shown("other").starts_with("other ") && shown("other").contains("other.example"));
        assert_eq!(shown("git"), format!("git https://github.com/owner/repo Some({commit})"));
        assert!(read(&dir.path().join("nowhere"), None).is_err());
    }
}
