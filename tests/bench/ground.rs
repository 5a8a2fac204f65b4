//! What the runs take place on: a repository, an upstream and at most one mirror that serve it, and a sandbox.
//!
//! Upstream and mirror serve the same folder, so that plain git and the suite get the same bytes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mirror_tests::{GitServer, History, NAME, Ran, Repository, Stage, StageMirror, plain_git, run};

/// Least size of a pack for the scenarios about bulk, in MB, and a little more.
const BULK: u32 = 64;
/// Patience with one clone.
const PATIENCE: Duration = Duration::from_secs(300);
/// Where clones are made.
const TARGET: &str = "target";

/// A stage without or with one mirror.
pub(crate) struct Ground {
    pub(crate) stage: Stage,
}

impl Ground {
    /// A stage with a bulky repository: the one at `given`, or a made one.
    pub(crate) fn bulky(given: Option<&Path>, mirrors: &[&str]) -> Self {
        Self::set(mirrors, |root| match given {
            Some(path) => copied(path, root),
            None => History::lively(BULK).write(root, NAME),
        })
    }

    /// A stage with a small repository.
    pub(crate) fn small(mirrors: &[&str]) -> Self {
        Self::set(mirrors, |root| History::small().write(root, NAME))
    }

    fn set(mirrors: &[&str], write: impl FnOnce(PathBuf) -> Repository) -> Self {
        let sandbox = crate::sandbox();
        let root = sandbox.path("served");
        let upstream = write(root.clone());
        let origin = GitServer::start(&root);
        let mirror = |name: &&str| StageMirror::new(name, upstream.clone(), GitServer::start(&root));
        let mirrors = mirrors.iter().map(mirror).collect();
        let stage = Stage { sandbox, upstream, origin, mirrors };
        stage.configure("");
        Self { stage }
    }

    /// Where plain git clones from: the mirror, or upstream where there is none.
    pub(crate) fn plain_url(&self) -> String {
        self.stage.mirrors.first().map_or(&self.stage.origin, |mirror| &mirror.server).repo_url(NAME)
    }

    /// Seconds of `git clone OPTIONS URL`; the clone does not stay.
    pub(crate) fn clone(&self, url: &str, options: &[&str]) -> f64 {
        let mut command = self.stage.sandbox.command("git");
        command.args(["clone", "-q"]).args(options).args([url, TARGET]);
        let ran: Ran = self.stage.sandbox.run_with_timeout(command, PATIENCE).ok();
        fs::remove_dir_all(self.stage.work(TARGET)).expect("a clone was made");
        ran.seconds
    }

    /// The same through the suite.
    pub(crate) fn clone_ours(&self, options: &[&str]) -> f64 {
        self.clone(&format!("mirror::{NAME}"), options)
    }

    /// Empties the store.
    pub(crate) fn forget_store(&self) {
        // An error means that there is none yet.
        let _ = fs::remove_dir_all(self.stage.sandbox.path("cache/mirror"));
    }

    /// What is served, for the notes of a row.
    pub(crate) fn size(&self) -> String {
        format!("pack {:.0} MB", self.stage.upstream.pack_bytes() as f64 / 1e6)
    }
}

fn copied(path: &Path, root: PathBuf) -> Repository {
    let repository = Repository::at(root, NAME);
    let target = repository.path();
    fs::create_dir_all(&target).expect("the sandbox takes folders");
    let path = fs::canonicalize(path).expect("--repository names a folder");
    let mut command = plain_git(&target);
    command.args(["clone", "-q", "--bare", "--no-local"]).arg(path).arg(".");
    run(command, PATIENCE).ok();
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    repository
}
