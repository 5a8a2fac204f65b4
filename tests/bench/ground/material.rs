//! The repository that is measured with: a copy of the one given, or a made one. Made when first needed, then shared.

use std::{
    cell::OnceCell,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mirror_tests::{History, NAME, Repository, plain_git, run};
use tempfile::TempDir;

/// Least size of a made pack, in MB, and a little more.
const BULK: u32 = 64;
/// Patience with copying what is given.
const PATIENCE: Duration = Duration::from_secs(600);

/// A bulky repository in a folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Material {
    given: Option<PathBuf>,
    folder: TempDir,
    bulky: OnceCell<Repository>,
}

impl Material {
    /// What stands at `given`, or else a made one.
    pub(crate) fn new(given: Option<PathBuf>) -> Self {
        let folder = tempfile::Builder::new().prefix("mirror-").tempdir().expect("a temporary folder can be made");
        Self { given, folder, bulky: OnceCell::new() }
    }

    /// Whether it is a repository of somebody's choice.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// The folder to serve.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("served")
    }

    /// The repository in it. Nobody changes it; who wants it changed makes a copy.
    pub(crate) fn bulky(&self) -> &Repository {
        self.bulky.get_or_init(|| {
            let repository = match &self.given {
                Some(path) => copied(path, self.root()),
                None => History::lively(BULK).write(self.root(), NAME),
            };
            // As maintenance leaves it on every host: one pack with a bitmap, which is git's default for bare ones.
            repository.git(&["repack", "-a", "-d", "-q", "--write-bitmap-index"]);
            repository
        })
    }
}

fn copied(path: &Path, root: PathBuf) -> Repository {
    let repository = Repository::at(root, NAME);
    let target = repository.path();
    fs::create_dir_all(&target).expect("the temporary folder takes folders");
    let path = fs::canonicalize(path).expect("--repository names a folder");
    let mut command = plain_git(&target);
    command.args(["clone", "-q", "--bare", "--no-local"]).arg(path).arg(".");
    run(command, PATIENCE).ok();
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    repository
}
