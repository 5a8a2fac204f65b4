//! Real crates: those of this workspace's own `Cargo.lock`, as the machine's cargo fetched them, with true index lines.
//!
//! Reads what lies in cargo's home; only when something is missing there does it have cargo fetch, once, as a build would.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use super::index_cache::{IndexLine, cached, cached_file};
use crate::web::sha256;

/// A crate in stock.
#[derive(Debug, Clone)]
pub struct StockCrate {
    /// Its name, as written in `Cargo.lock`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file, in hexadecimal, as `Cargo.lock` has it.
    pub checksum: String,
    file: PathBuf,
}

impl StockCrate {
    /// Its file's bytes.
    ///
    /// # Panics
    ///
    /// When cargo's cache was emptied meanwhile.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.file).unwrap_or_else(|error| panic!("{} was there: {error}", self.file.display()))
    }
}

/// The crates of this workspace.
#[derive(Debug, Clone)]
pub struct CrateStock {
    crates: Vec<StockCrate>,
    /// All versions that the registry had when cargo asked, also those that are not in stock.
    lines: BTreeMap<String, Vec<IndexLine>>,
}

impl CrateStock {
    /// All crates in this workspace's `Cargo.lock` that come from a registry.
    ///
    /// # Panics
    ///
    /// When one is missing, and a `cargo fetch --locked` does not bring it.
    pub fn of_workspace() -> Self {
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).expect("the workspace has a lock");
        let locked = locked(&lock);
        let home = cargo_home();
        Self::gather(&home, &locked).unwrap_or_else(|missing| {
            let fetch = Command::new("cargo").args(["fetch", "--locked"]).current_dir(workspace()).output();
            let said = fetch.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
            Self::gather(&home, &locked).unwrap_or_else(|_| panic!("{missing} is not in cargo's cache: {said:?}"))
        })
    }

    fn gather(home: &Path, locked: &[[String; 3]]) -> Result<Self, String> {
        let mut stock = Self { crates: Vec::new(), lines: BTreeMap::new() };
        for [name, version, checksum] in locked {
            let missing = || format!("{name} {version}");
            let file = cached_file(home, name, version).ok_or_else(missing)?;
            let has_it = |lines: &Vec<IndexLine>| {
                lines.iter().any(|line| line.version == *version && line.json.contains(checksum.as_str()))
            };
            let lines = cached(home, name).into_iter().find(has_it).ok_or_else(missing)?;
            stock.lines.insert(name.clone(), lines);
            let (name, version, checksum) = (name.clone(), version.clone(), checksum.clone());
            stock.crates.push(StockCrate { name, version, checksum, file });
        }
        Ok(stock)
    }

    /// The same with made crates, so that there are so many: they have entries in the index, true checksums of nothing,
    /// and no files.
    pub fn filled_up_to(mut self, count: usize) -> Self {
        for number in self.crates.len()..count {
            let (name, version) = (format!("made-{number}"), "1.0.0".to_owned());
            let checksum = sha256(name.as_bytes());
            let entry = json!({
                "name": name, "vers": version, "deps": [], "cksum": checksum, "features": {}, "yanked": false,
            });
            let line = IndexLine { version: version.clone(), json: entry.to_string() };
            self.lines.insert(name.clone(), vec![line]);
            self.crates.push(StockCrate { name, version, checksum, file: PathBuf::new() });
        }
        self
    }

    /// The crates, by name and version.
    pub fn crates(&self) -> &[StockCrate] {
        &self.crates
    }

    /// A crate by name; the newest, where there are several.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn newest(&self, name: &str) -> &StockCrate {
        let several = self.crates.iter().filter(|one| one.name == name);
        let in_order = |one: &&StockCrate| self.lines[name].iter().position(|line| line.version == one.version);
        several.max_by_key(in_order).unwrap_or_else(|| panic!("{name} is no crate of this workspace"))
    }

    /// The lines of a crate in the registry's order, all of them.
    pub(crate) fn lines(&self, name: &str) -> &[IndexLine] {
        self.lines.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The folder of the workspace that this package is in.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package of the workspace")
}

/// Name, version and checksum of each package of a lock that comes from a registry.
pub(crate) fn locked(lock: &str) -> Vec<[String; 3]> {
    let field = |table: &str, name: &str| {
        let value = table.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
        Some(value.trim_end_matches('"').to_owned())
    };
    let tables = lock.split("[[package]]").skip(1);
    tables
        .filter_map(|table| Some([field(table, "name")?, field(table, "version")?, field(table, "checksum")?]))
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the crates are in the home of the cargo that runs the tests")]
fn cargo_home() -> PathBuf {
    let told = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    told.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).expect("cargo has a home")
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn a_lock_gives_its_packages_from_registries() {
        let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n\n\
                    [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\nchecksum = \"00ff\"\n";
        assert_eq!(locked(lock), [["a", "1.0.0", "00ff"].map(str::to_owned)]);
    }
}
