//! A project's `Cargo.lock`: what it pins, and from which source each dependency comes. The only door to `cargo-lock`.

use std::path::{Path, PathBuf};

use cargo_lock::{Lockfile, Package, SourceId};
use mirror_config::{
    failure::{Failure, Kind},
    redact::Address,
    refs::Oid,
    registry::Locked,
    verify::Pinned,
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

/// The checksums of what comes from the official registry. A file that cannot be read has none: cargo will say so.
pub fn checksums(path: &Path) -> Locked {
    std::fs::read_to_string(path).map_or_else(|_| Locked::new(), |text| checksums_in(&text))
}

/// The same of a file's text.
pub fn checksums_in(text: &str) -> Locked {
    let Ok(lock) = text.parse::<Lockfile>() else { return Locked::new() };
    let official =
        |package: &cargo_lock::Package| package.source.as_ref().is_some_and(cargo_lock::SourceId::is_default_registry);
    let checksum = |package: cargo_lock::Package| {
        Some(((package.name.to_string(), package.version.to_string()), package.checksum?.to_string()))
    };
    lock.packages.into_iter().filter(official).filter_map(checksum).collect()
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
    let lock: Lockfile =
        text.parse().map_err(|error| Failure::new(Kind::Config, format!("{}: {error}", path.display())))?;
    Ok(lock.packages.iter().map(|package| dependency(package, upstream)).collect())
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
    use mirror_config::{crates, redact::Address};

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
            package("official", &format!("{}\nchecksum = \"{checksum}\"", from(&crates::official_source()))),
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
