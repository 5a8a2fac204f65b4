//! `cargo mirror recheck`: holds the files of a checkout against what mirror.lock says of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use mirror_config::{
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    git::program::{git_in, isolated},
    model::{Repository, spelled},
    system::{Environment, os_string},
    trust::pins::{GitPin, Leaf, Pins, SUBMODULE, sha256tree},
};

use super::named::repository;
use crate::{
    cli,
    git::{output, tree},
    report::{self, Difference, RecheckReport},
};

pub(super) fn recheck(env: &Environment, config: &LazyConfig<'_>, asked: &cli::Recheck) -> Result<(), Failure> {
    let config = config.get()?;
    let folder = env.cwd().join(&asked.folder);
    if !folder.is_dir() {
        return Err(Failure::new(Kind::Io, format!("{} is no folder", folder.display())));
    }
    let pins = Pins::find(env, config.pins_policy())?.ok_or_else(|| {
        Failure::new(Kind::Unpinned, "there is no mirror.lock here or above").hint("cargo mirror pin OWNER/REPO")
    })?;
    let objects = objects(&folder);
    let (repository, pin) = meant(asked, config, &pins, objects.as_deref())?;
    let commit = pin.head().map(ToString::to_string).unwrap_or_default();
    let (files, differences) = match &objects {
        Some(objects) => compared(&folder, objects, &commit, pin, asked.ignored)?,
        None => alone(&folder, pin)?,
    };
    let found = RecheckReport {
        repository: repository.to_string(),
        commit,
        sha256tree: pin.sha256tree.clone(),
        files,
        differences,
    };
    report::recheck(&found, asked.output.json)?;
    match found.differences.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Digest,
            format!("{}: {count} files are not what {} says of {repository}", folder.display(), pins.path.display()),
        )
        .hint("git status, and git checkout of what should not have changed")),
    }
}

/// Where the folder's git keeps its objects; none for a folder that is no checkout.
fn objects(folder: &Path) -> Option<PathBuf> {
    if !folder.join(".git").exists() {
        return None;
    }
    let found = output(git_in(folder).args(["rev-parse", "--absolute-git-dir"])).ok()?;
    Some(os_string(found.strip_suffix(b"\n")?.to_vec()).into())
}

/// Which of the pinned repositories this is.
fn meant<'a>(
    asked: &cli::Recheck,
    config: &Config,
    pins: &'a Pins,
    objects: Option<&Path>,
) -> Result<(Repository, &'a GitPin), Failure> {
    let named = match (&asked.repository, objects) {
        (Some(named), _) => Some(repository(named, config)?),
        (None, Some(objects)) => remote(objects, config),
        (None, None) => None,
    };
    let known: Vec<(&Repository, &GitPin)> = pins.repositories().collect();
    match (named, known.as_slice()) {
        (Some(named), _) => match pins.git(&named) {
            Some(pin) => Ok((named, pin)),
            None => Err(Failure::new(Kind::Unpinned, format!("{} says nothing of {named}", pins.path.display()))
                .hint(format!("cargo mirror pin {named}"))),
        },
        (None, [(only, pin)]) => Ok(((*only).clone(), pin)),
        (None, _) => Err(Failure::new(Kind::Usage, "which repository is it?")
            .hint("cargo mirror recheck --repository OWNER/REPO DIR")),
    }
}

/// The repository that the remote of a checkout names.
fn remote(objects: &Path, config: &Config) -> Option<Repository> {
    let url = output(isolated(objects).args(["config", "remote.origin.url"])).ok()?;
    let url = String::from_utf8(url).ok()?;
    let url = url.trim_end();
    let address = url.strip_prefix("mirror::").unwrap_or(url);
    config.repository_at(address).or_else(|| repository(address, config).ok().filter(|_| url.starts_with("mirror::")))
}

/// The files of a checkout against those of the commit, whose own hash is proven first.
fn compared(
    folder: &Path,
    objects: &Path,
    commit: &str,
    pin: &GitPin,
    ignored: bool,
) -> Result<(usize, Vec<Difference>), Failure> {
    let expected = tree::leaves(objects, commit).map_err(|failure| {
        Failure::new(Kind::Digest, format!("{}: {commit} is not here whole: {}", folder.display(), failure.what))
            .hint("git fetch --unshallow, or git fetch")
    })?;
    let hash = sha256tree(expected.clone());
    if hash != pin.sha256tree {
        return Err(Failure::new(
            Kind::Digest,
            format!("{}: the files of {commit} hash to {hash}, the pin says {}", folder.display(), pin.sha256tree),
        )
        .hint("this repository is not the one that was pinned: delete it and clone it anew"));
    }
    let mut differences = BTreeSet::new();
    let known: BTreeMap<&[u8], &Leaf> = expected.iter().map(|leaf| (leaf.path.as_slice(), leaf)).collect();
    for leaf in &expected {
        let what = match found(folder, &leaf.path, leaf).map_err(|error| unreadable(folder, &leaf.path, &error))? {
            None => "missing",
            Some(there) if there == *leaf => continue,
            Some(_) => "changed",
        };
        differences.insert(Difference { path: shown(&leaf.path), what });
    }
    // What git does not know, and with `--ignored` what it is told to overlook.
    let mut others = isolated(objects);
    others.env("GIT_WORK_TREE", folder).current_dir(folder).args(["ls-files", "-z", "--others"]);
    if !ignored {
        others.arg("--exclude-per-directory=.gitignore");
    }
    for path in output(&mut others)?.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        if !known.contains_key(path) {
            differences.insert(Difference { path: shown(path), what: "added" });
        }
    }
    // Files that git tracks, and the pinned commit has not got.
    let tracked = output(isolated(objects).args(["ls-files", "-z", "--cached"]))?;
    for path in tracked.split(|byte| *byte == 0).filter(|path| !path.is_empty() && !known.contains_key(*path)) {
        if folder.join(path_of(path)).symlink_metadata().is_ok() {
            differences.insert(Difference { path: shown(path), what: "added" });
        }
    }
    Ok((expected.len(), differences.into_iter().collect()))
}

/// A folder without git's objects: all of its files, or none.
fn alone(folder: &Path, pin: &GitPin) -> Result<(usize, Vec<Difference>), Failure> {
    let mut leaves = Vec::new();
    let mut waiting = vec![(Vec::new(), folder.to_owned())];
    while let Some((below, path)) = waiting.pop() {
        let failed = |error: io::Error| unreadable(folder, &below, &error);
        for entry in fs::read_dir(&path).map_err(failed)?.flatten() {
            let name = bytes_of(&entry.file_name());
            let name = if below.is_empty() { name } else { [below.as_slice(), b"/", &name].concat() };
            match entry.file_type().map_err(failed)?.is_dir() {
                true => waiting.push((name, entry.path())),
                false => leaves.extend(read(folder, &name).map_err(failed)?),
            }
        }
    }
    let (files, hash) = (leaves.len(), sha256tree(leaves));
    match hash == pin.sha256tree {
        true => Ok((files, Vec::new())),
        false => Err(Failure::new(
            Kind::Digest,
            format!("{}: its files hash to {hash}, the pin says {}", folder.display(), pin.sha256tree),
        )
        .hint("which of them differ can be said of a clone only, since that has what they should be")),
    }
}

/// What lies where this leaf should be.
fn found(folder: &Path, path: &[u8], leaf: &Leaf) -> io::Result<Option<Leaf>> {
    if leaf.mode != SUBMODULE {
        return read(folder, path);
    }
    // A submodule that is not checked out is an empty folder, and says nothing else.
    let place = folder.join(path_of(path));
    if !place.join(".git").exists() {
        return Ok(place.is_dir().then(|| leaf.clone()));
    }
    let head = output(git_in(&place).args(["rev-parse", "HEAD"])).unwrap_or_default();
    Ok(Some(Leaf::submodule(path, String::from_utf8_lossy(&head).trim_end())))
}

/// A file as a leaf; none where there is no file.
fn read(folder: &Path, path: &[u8]) -> io::Result<Option<Leaf>> {
    let place = folder.join(path_of(path));
    let meta = match place.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if meta.is_symlink() {
        return Ok(Some(Leaf::new(path, "120000", &bytes_of(fs::read_link(&place)?.as_os_str()))));
    }
    if meta.is_dir() {
        return Ok(None);
    }
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    let executable = false;
    Ok(Some(Leaf::new(path, if executable { "100755" } else { "100644" }, &fs::read(&place)?)))
}

fn path_of(path: &[u8]) -> PathBuf {
    os_string(path.to_vec()).into()
}

fn bytes_of(name: &OsStr) -> Vec<u8> {
    name.as_encoded_bytes().to_vec()
}

/// Two paths that differ are two on a screen as well.
fn shown(path: &[u8]) -> String {
    spelled(path)
}

fn unreadable(folder: &Path, path: &[u8], error: &io::Error) -> Failure {
    Failure::new(Kind::Io, format!("{}: {error}", folder.join(path_of(path)).display()))
}
