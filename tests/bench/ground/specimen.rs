//! A history to measure with: a copy of one that was given, or a made one. It is made when first needed, then shared.

use std::{
    cell::OnceCell,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mirror_tests::{History, NAME, Repository, plain_git, run};

/// Patience with copying what is given.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where a history is from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A bare repository of somebody's choice.
    Given(PathBuf),
    /// Made by a recipe.
    Made(History),
}

/// A history, to be served with bitmaps or without, from folders of its own.
#[derive(Debug)]
pub(crate) struct Specimen {
    /// What rows call it.
    pub(crate) name: String,
    origin: Origin,
    folder: PathBuf,
    bitmaps: bool,
    with: OnceCell<Repository>,
    without: OnceCell<Repository>,
}

impl Specimen {
    /// A history that is served as told, from below a folder.
    pub(super) fn new(name: &str, origin: Origin, folder: PathBuf, bitmaps: bool) -> Self {
        let name = name.to_owned();
        Self { name, origin, folder, bitmaps, with: OnceCell::new(), without: OnceCell::new() }
    }

    /// Whether the repository is of somebody's choice.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.origin, Origin::Given(_))
    }

    /// Whether it is served with bitmaps.
    pub(crate) fn has_bitmaps(&self) -> bool {
        self.bitmaps
    }

    /// The repository that is served, in a folder with nothing else. Nobody changes it; who wants it changed makes a copy.
    pub(crate) fn repository(&self) -> &Repository {
        self.served(self.bitmaps)
    }

    /// The same served with bitmaps or without, whatever was told. The pack is the same.
    pub(crate) fn served(&self, bitmaps: bool) -> &Repository {
        let with = self.with.get_or_init(|| {
            let root = self.folder.join("bitmaps");
            let repository = match &self.origin {
                Origin::Given(path) => copied(path, root),
                Origin::Made(history) => history.write(root, NAME),
            };
            // As maintenance leaves it on every host: one pack with a bitmap, which is git's default for bare ones.
            repository.git(&["repack", "-a", "-d", "-q", "--write-bitmap-index"]);
            repository
        });
        if bitmaps {
            return with;
        }
        self.without.get_or_init(|| {
            let repository = with.copy_to(self.folder.join("plain"));
            repository.git(&["config", "repack.writeBitmaps", "false"]);
            let packs = fs::read_dir(repository.path().join("objects/pack")).expect("a repository has a pack folder");
            let files = packs.flatten().map(|file| file.path());
            files.filter(|file| file.extension().is_some_and(|ending| ending == "bitmap")).for_each(|bitmap| {
                fs::remove_file(bitmap).expect("the copy is ours");
            });
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
