//! What the runs take place on: a repository, an upstream and mirrors that serve it, and a sandbox.
//!
//! Upstream and mirrors serve the same folder unless a scenario says otherwise, so that plain git and the suite get the
//! same bytes. How a clone is run on it is `clone`'s matter.

use std::{
    fs,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{GitServer, History, NAME, Repository, Stage, StageMirror};

use super::{programs::sandbox, specimen::Specimen};

/// Bytes a second of a line of 1 Mbit/s.
pub(crate) const MBIT: u64 = 125_000;

/// Patience with one clone: this, and the time that the pack takes at `SLOWEST` bytes a second.
const PATIENCE: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 1_000_000;
/// How long counters must stand still until nothing is under way, and the longest wait for that.
const STILL: Duration = Duration::from_millis(100);
const STILL_WITHIN: Duration = Duration::from_secs(3);

/// A stage with mirrors or without.
pub(crate) struct Ground {
    pub(crate) stage: Stage,
    /// How long one clone may take.
    pub(crate) patience: Duration,
    /// The refs of upstream, as a bare clone is to have them.
    pub(crate) refs: String,
    /// The CPU seconds of the last clone that came to a good end, with all that it started.
    pub(super) clients_cpu: Mutex<f64>,
}

impl Ground {
    /// A stage with a history, served as it is to be.
    pub(crate) fn of(specimen: &Specimen, mirrors: &[&str]) -> Self {
        Self::serving(specimen.repository(), mirrors)
    }

    /// A stage with a repository that has a folder for itself.
    pub(crate) fn serving(upstream: &Repository, mirrors: &[&str]) -> Self {
        let mirror = |name: &&str| StageMirror::new(name, upstream.clone(), GitServer::start(upstream.root()));
        Self::with_mirrors(upstream, mirrors.iter().map(mirror).collect())
    }

    /// The same with mirrors of the scenario's own.
    pub(crate) fn with_mirrors(upstream: &Repository, mirrors: Vec<StageMirror>) -> Self {
        Self::set(sandbox(), upstream.clone(), GitServer::start(upstream.root()), mirrors)
    }

    /// A stage with a small repository and one mirror.
    pub(crate) fn small(mirror: &str) -> Self {
        let sandbox = sandbox();
        let root = sandbox.path("served");
        let upstream = History::small().write(&root, NAME);
        let mirror = StageMirror::new(mirror, upstream.clone(), GitServer::start(&root));
        Self::set(sandbox, upstream, GitServer::start(&root), vec![mirror])
    }

    fn set(sandbox: mirror_tests::Sandbox, upstream: Repository, origin: GitServer, mirrors: Vec<StageMirror>) -> Self {
        let patience = PATIENCE + Duration::from_secs(upstream.pack_bytes() / SLOWEST);
        let refs = refs(&upstream);
        let stage = Stage { sandbox, upstream, origin, mirrors };
        stage.configure("");
        Self { stage, patience, refs, clients_cpu: Mutex::new(0.0) }
    }

    /// Where plain git clones from: the first mirror, or upstream where there is none.
    pub(crate) fn plain_url(&self) -> String {
        self.stage.mirrors.first().map_or(&self.stage.origin, |mirror| &mirror.server).repo_url(NAME)
    }

    /// The server of a mirror.
    pub(crate) fn server(&self, mirror: &str) -> &GitServer {
        &self.stage.mirror(mirror).server
    }

    /// Upstream's server and those of all mirrors.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &GitServer> {
        [&self.stage.origin].into_iter().chain(self.stage.mirrors.iter().map(|mirror| &mirror.server))
    }

    /// Bytes of packs from everyone, since [`Ground::count_anew`].
    pub(crate) fn fetched(&self) -> u64 {
        self.servers().map(GitServer::fetched).sum()
    }

    /// Bytes of packs from mirrors alone.
    pub(crate) fn fetched_from_mirrors(&self) -> u64 {
        self.fetched() - self.stage.origin.fetched()
    }

    /// Bytes of everything from everyone.
    pub(crate) fn sent(&self) -> u64 {
        self.servers().map(GitServer::sent).sum()
    }

    /// Waits until nothing is sent to those who are gone, and counts from 0.
    pub(crate) fn count_anew(&self) {
        self.settle();
        self.servers().for_each(GitServer::forget_log);
    }

    /// Waits until no more bytes are counted.
    pub(crate) fn settle(&self) {
        let start = Instant::now();
        let (mut sent, mut since) = (self.sent(), start);
        while since.elapsed() < STILL && start.elapsed() < STILL_WITHIN {
            thread::sleep(STILL / 10);
            let now = self.sent();
            if now != sent {
                (sent, since) = (now, Instant::now());
            }
        }
    }

    /// Empties the store; which mirrors are good is still known.
    pub(crate) fn forget_store(&self) {
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(self.stage.sandbox.path("cache/mirror"));
    }

    /// What is served, for the notes of a row.
    pub(crate) fn size(&self) -> String {
        format!("pack {}", megabytes(self.stage.upstream.pack_bytes()))
    }

    /// Who sent how much of packs, for the notes of a row.
    pub(crate) fn carried(&self) -> String {
        self.told(|server| megabytes(server.fetched()))
    }

    /// Who was asked for packs how often, for the notes of a row.
    pub(crate) fn asked(&self) -> String {
        self.told(|server| server.log().iter().filter(|seen| seen.is_fetch()).count().to_string())
    }

    /// The CPU seconds of all servers' git, since [`Ground::count_anew`].
    pub(crate) fn cpu(&self) -> f64 {
        self.servers().map(|server| server.cpu().as_secs_f64()).sum()
    }

    /// The CPU seconds of the last clone that came to a good end, with all that it started.
    pub(crate) fn clients_cpu(&self) -> f64 {
        *self.clients_cpu.lock().expect("nobody panics while holding it")
    }

    fn told(&self, what: impl Fn(&GitServer) -> String) -> String {
        let mirrors = self.stage.mirrors.iter().map(|mirror| (mirror.name.as_str(), &mirror.server));
        let all = [("upstream", &self.stage.origin)].into_iter().chain(mirrors);
        all.map(|(name, server)| format!("{name} {}", what(server))).collect::<Vec<_>>().join(", ")
    }
}

/// Branches and tags with what they are at.
pub(crate) fn refs(repository: &Repository) -> String {
    repository.git(&["for-each-ref", "refs/heads", "refs/tags"]).stdout
}

/// A size for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
