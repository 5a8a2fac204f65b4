//! Symbolic links that a change makes, or leads to another place. What is not a link of ours is never touched.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mirror_config::errors::{Failure, Kind};

use super::{file::failed, record::LinkRecord, undone::Undone};

/// A link that is to be made, or to lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it is.
    pub path: PathBuf,
    /// Where it leads now; nothing when there is none.
    pub before: Option<PathBuf>,
    /// Where it is to lead.
    pub target: PathBuf,
}

impl Link {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.before.as_ref() == Some(&self.target)
    }

    /// Whether everything is as it was planned from.
    pub(super) fn check(&self, again: &str) -> Result<(), Failure> {
        if read_link(&self.path)? == self.before { Ok(()) } else { Err(changed(&self.path).hint(again)) }
    }

    /// The record of this one, given what was recorded of the same place.
    pub(super) fn recorded(&self, known: Option<&LinkRecord>) -> LinkRecord {
        let fresh = LinkRecord {
            link: self.path.clone(),
            before: self.before.clone(),
            target: self.target.clone(),
            earlier: None,
        };
        match (known, &self.before) {
            (Some(known), Some(now)) if known.is_left(now) => {
                LinkRecord { before: known.before.clone(), earlier: Some(now.clone()), ..fresh }
            }
            _ => fresh,
        }
    }
}

/// Links that were made, and are taken back with this unless they are kept.
#[derive(Debug, Default)]
pub(super) struct Placed<'a>(Vec<&'a Link>);

impl<'a> Placed<'a> {
    /// Makes one.
    pub(super) fn put(&mut self, link: &'a Link) -> Result<(), Failure> {
        point(&link.path, link.before.as_deref(), &link.target)?;
        self.0.push(link);
        Ok(())
    }

    /// Leaves them where they are.
    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        for link in self.0.drain(..).rev() {
            // The record still knows of one that stays.
            let _ = match &link.before {
                Some(before) => point(&link.path, Some(&link.target), before),
                None => unlink(&link.path, &link.target),
            };
        }
    }
}

/// Takes a link back; nothing when there is nothing to do.
pub(super) fn undo(record: &LinkRecord) -> Result<Option<Undone>, Failure> {
    let path = record.link.clone();
    // What a killed process left of changing it.
    let _ = fs::remove_file(unfinished(&path));
    let now = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&path, &error)),
        Ok(found) if !found.is_symlink() => return Ok(Some(Undone::Kept(path))),
        Ok(_) => fs::read_link(&path).map_err(|error| failed(&path, &error))?,
    };
    match &record.before {
        Some(before) if *before == now => Ok(None),
        _ if !record.is_left(&now) => Ok(Some(Undone::Kept(path))),
        Some(before) => point(&path, Some(&now), before).map(|()| Some(Undone::Restored(path))),
        None => unlink(&path, &now).map(|()| Some(Undone::Unlinked(path))),
    }
}

/// Where a link leads; nothing when nothing is there.
///
/// # Errors
///
/// [`Kind::Config`] when something else is there.
pub(crate) fn read_link(path: &Path) -> Result<Option<PathBuf>, Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::read_link(path).map(Some).map_err(|error| failed(path, &error)),
        Ok(_) => Err(Failure::new(Kind::Config, format!("{} is no link, and is left alone", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Makes a link, or leads one that led to `before` elsewhere, in one step.
fn point(path: &Path, before: Option<&Path>, target: &Path) -> Result<(), Failure> {
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => changed(path),
        _ => failed(path, &error),
    };
    if before.is_none() {
        return link(target, path).map_err(io);
    }
    if read_link(path)?.as_deref() != before {
        return Err(changed(path));
    }
    let beside = unfinished(path);
    // One of that name is of a process that was killed: nobody else changes links meanwhile.
    let _ = fs::remove_file(&beside);
    link(target, &beside).map_err(io)?;
    fs::rename(&beside, path).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(path, &error)
    })
}

/// Removes a link, if it is still the one that leads there.
fn unlink(path: &Path, target: &Path) -> Result<(), Failure> {
    if read_link(path)?.as_deref() != Some(target) {
        return Err(changed(path));
    }
    fs::remove_file(path).map_err(|error| failed(path, &error))
}

/// What a link is called before it takes the place of another one.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.cargo-mirror"))
}

fn changed(path: &Path) -> Failure {
    Failure::new(Kind::Busy, format!("{} was changed by somebody else just now", path.display()))
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::{Link, Placed, read_link, undo};
    use crate::change::{Undone, record::LinkRecord};

    #[test]
    fn links_that_are_not_kept_go_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        symlink("old", at("pip3")).expect("our folder");
        let links = [
            Link { path: at("pip"), before: None, target: "new".into() },
            Link { path: at("pip3"), before: Some("old".into()), target: "new".into() },
        ];
        for keep in [false, true] {
            let mut placed = Placed::default();
            links.iter().for_each(|link| placed.put(link).expect("our folder"));
            assert_eq!(read_link(&at("pip3")).expect("a link"), Some(PathBuf::from("new")));
            if keep {
                placed.keep()
            } else {
                drop(placed)
            }
            assert_eq!(read_link(&at("pip")).expect("a link"), keep.then(|| PathBuf::from("new")));
        }
        assert_eq!(read_link(&at("pip3")).expect("a link"), Some(PathBuf::from("new")));
        assert_eq!(fs::read_dir(folder.path()).expect("ours").count(), 2, "nothing is left over");
    }

    #[test]
    fn only_a_link_that_is_still_ours_goes_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("pip");
        let record = |before: Option<&str>, earlier: Option<&str>| LinkRecord {
            link: link.clone(),
            before: before.map(PathBuf::from),
            target: "new".into(),
            earlier: earlier.map(PathBuf::from),
        };
        for (now, before, earlier, done, then) in [
            (Some("new"), None, None, Some(Undone::Unlinked(link.clone())), None),
            (Some("mid"), None, Some("mid"), Some(Undone::Unlinked(link.clone())), None),
            (Some("new"), Some("old"), None, Some(Undone::Restored(link.clone())), Some("old")),
            (Some("old"), Some("old"), None, None, Some("old")),
            (Some("theirs"), None, None, Some(Undone::Kept(link.clone())), Some("theirs")),
            (None, Some("old"), None, None, None),
        ] {
            let _ = fs::remove_file(&link);
            if let Some(now) = now {
                symlink(now, &link).expect("our folder");
            }
            assert_eq!(undo(&record(before, earlier)).expect("our folder"), done, "{now:?} {before:?}");
            assert_eq!(read_link(&link).expect("a link"), then.map(PathBuf::from), "{now:?} {before:?}");
        }
        fs::write(&link, "a file").expect("our folder");
        assert_eq!(undo(&record(None, None)).expect("our folder"), Some(Undone::Kept(link.clone())));
    }
}
