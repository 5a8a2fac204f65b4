//! What cargo's fetches take place on: registries with the same crates, a project that locks more than a hundred, and an
//! empty home for each fetch.
//!
//! Whatever cargo says of a fetch, it counts when every file of the lock is there, by its checksum.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use mirror_tests::{CargoStage, CrateServer, Ended, Needs, sha256};
use tempfile::TempDir;

use super::{clone::excerpt, git::megabytes, programs::add_programs};
use crate::measure::Trial;

/// A file system in memory, on Linux: cargo unpacks what it fetches, the relay keeps it, and a disk takes longer for that than
/// a line does.
pub(crate) const MEMORY: &str = "/dev/shm";
/// What is measured.
const FETCH: &[&str] = &["fetch", "--locked"];
/// Patience with one fetch.
const PATIENCE: Duration = Duration::from_secs(180);

/// A stage with a locked project.
pub(crate) struct CrateGround {
    pub(crate) stage: CargoStage,
    project: PathBuf,
    /// The checksums in its lock.
    locked: BTreeSet<String>,
    /// Bytes of all files of the lock.
    bytes: u64,
    /// The folder of cargo's home and of the relay's cache, and whether it is in memory.
    homes: TempDir,
    in_memory: bool,
}

impl CrateGround {
    /// A stage with these mirrors; all of them and upstream have everything.
    pub(crate) fn new(mirrors: &[&str]) -> Self {
        let stage = CargoStage::new(mirrors);
        add_programs(&stage.sandbox);
        let project = stage.locked_project("project", Needs::Everything);
        let lock = fs::read_to_string(project.join("Cargo.lock")).expect("cargo wrote it");
        let locked: BTreeSet<String> = checksums(&lock).collect();
        let files = stage.stock.crates().iter().filter(|one| locked.contains(&one.checksum));
        let bytes = files.map(|one| one.bytes().len() as u64).sum();
        let mut folder = tempfile::Builder::new();
        folder.prefix("mirror-");
        let memory = folder.tempdir_in(MEMORY);
        let in_memory = memory.is_ok();
        let homes = memory.or_else(|_| folder.tempdir()).expect("a temporary folder can be made");
        Self { stage, project, locked, bytes, homes, in_memory }
    }

    /// Seconds of `cargo fetch` with a mirror as the replacement of its source.
    pub(crate) fn plain(&self, mirror: &str) -> Trial {
        self.fetch(self.stage.command_through(&self.stage.mirror(mirror).index(), &self.project, FETCH))
    }

    /// Seconds of `cargo mirror run -- fetch`, started as cargo starts its subcommands.
    pub(crate) fn ours(&self) -> Trial {
        let mut command = self.stage.sandbox.command("cargo-mirror");
        command.current_dir(&self.project).args(["mirror", "run", "--"]).args(FETCH);
        self.fetch(command)
    }

    /// Empties the relay's cache; which mirrors are good is still known.
    pub(crate) fn forget_cache(&self) {
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(self.cache().join("mirror"));
    }

    /// Forgets all that earlier runs have learned and kept.
    pub(crate) fn forget(&self) {
        self.stage.forget();
        self.forget_cache();
    }

    /// Counts requests from 0.
    pub(crate) fn count_anew(&self) {
        self.servers().for_each(|(_, server)| server.web.forget_log());
    }

    /// Requests for files since [`CrateGround::count_anew`], at upstream and at all mirrors together.
    pub(crate) fn files(&self) -> (usize, usize) {
        let all: usize = self.servers().map(|(_, server)| count(server).1).sum();
        let upstream = count(&self.stage.upstream).1;
        (upstream, all - upstream)
    }

    /// How many requests everyone got since [`CrateGround::count_anew`], for the notes of a row.
    pub(crate) fn requests(&self) -> String {
        let got = self.servers().map(|(name, server)| (name, count(server)));
        let got = got.filter(|(_, (index, files))| index + files > 0);
        let got: Vec<String> = got.map(|(name, (index, files))| format!("{name} {index}+{files}")).collect();
        if got.is_empty() { "none".to_owned() } else { got.join(" ") }
    }

    /// What is fetched, and to where, for the notes of a row.
    pub(crate) fn size(&self) -> String {
        let place = if self.in_memory { "in memory" } else { "on disk" };
        format!("{} crates, {}, cargo's home and the relay's cache {place}", self.locked.len(), megabytes(self.bytes))
    }

    /// The value, if mirrors carried most files. Upstream may be as fast, and says nothing about them.
    pub(crate) fn by_mirrors(&self, value: f64) -> Trial {
        let (upstream, mirrors) = self.files();
        if mirrors > upstream { Ok(value) } else { Err("went past the mirrors".to_owned()) }
    }

    fn cache(&self) -> PathBuf {
        self.homes.path().join("cache")
    }

    fn servers(&self) -> impl Iterator<Item = (&str, &CrateServer)> {
        let mirrors = self.stage.mirrors.iter().map(|mirror| (mirror.name.as_str(), &mirror.server));
        [("upstream", &self.stage.upstream)].into_iter().chain(mirrors)
    }

    fn fetch(&self, mut command: Command) -> Trial {
        let home = self.homes.path().join("cargo");
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(&home);
        fs::create_dir(&home).expect("the folder is ours");
        command.env("CARGO_HOME", &home).env("XDG_CACHE_HOME", self.cache());
        match self.stage.sandbox.run_until(command, |elapsed| elapsed > PATIENCE) {
            Ended::Killed(_) => Err(format!("still running after {:.0} s", PATIENCE.as_secs_f64())),
            Ended::Itself(ran) if ran.code != 0 => Err(format!("after {:.1} s: {}", ran.seconds, excerpt(&ran))),
            Ended::Itself(ran) => match self.locked.difference(&fetched(&home)).count() {
                0 => Ok(ran.seconds),
                lacking => Err(format!("{lacking} of {} crates are not there", self.locked.len())),
            },
        }
    }
}

/// Requests for something of the index, and for files.
fn count(server: &CrateServer) -> (usize, usize) {
    let log = server.web.log();
    let files = log.iter().filter(|seen| CrateServer::is_file(seen)).count();
    (log.len() - files, files)
}

/// The checksums of the files in a cargo's home.
fn fetched(home: &Path) -> BTreeSet<String> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries(&home.join("registry/cache")).flat_map(|cache| entries(&cache).collect::<Vec<_>>());
    files.filter_map(|file| Some(sha256(&fs::read(file).ok()?))).collect()
}

/// The checksums in a lock.
fn checksums(lock: &str) -> impl Iterator<Item = String> {
    lock.lines().filter_map(|line| Some(line.strip_prefix("checksum = \"")?.trim_end_matches('"').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{checksums, fetched};
    use mirror_tests::sha256;
    use std::fs;

    #[test]
    fn a_lock_and_a_home_are_compared_by_checksums() {
        let lock = "version = 4\n[[package]]\nname = \"a\"\nchecksum = \"00ff\"\n\n[[package]]\nname = \"ours\"\n";
        assert_eq!(checksums(lock).collect::<Vec<_>>(), ["00ff"]);
        let home = tempfile::tempdir().expect("a temporary folder");
        assert!(fetched(home.path()).is_empty());
        let cache = home.path().join("registry/cache/here");
        fs::create_dir_all(&cache).expect("our folder");
        fs::write(cache.join("a-1.0.0.crate"), "abc").expect("our folder");
        assert!(fetched(home.path()).into_iter().eq([sha256(b"abc")]));
    }
}
