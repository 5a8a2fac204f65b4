//! Packs put into a repository: linked where the files may be shared, copied else, and with git's modes in both cases.
//!
//! A link shares its mode and its owner. So a file of the store is linked where the repository's would have the same owner and
//! group, and where the mode that it needs is the file's already, or nobody else has the file: then the mode is changed. The
//! store's own folder lets nobody in, whatever the modes of the files are.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{git::Sharing, objects::pack::Files};

/// The mode that git makes packs with, before the umask takes its part.
#[cfg(unix)]
const READ_ONLY: u32 = 0o444;

/// The folder of a repository's packs.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    sharing: Sharing,
}

impl Place {
    /// That of the repository with its objects here; makes the folder if there is none.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn open(objects: &Path, sharing: Sharing) -> io::Result<Self> {
        let folder = objects.join("pack");
        match fs::create_dir(&folder) {
            Ok(()) => set_mode(&folder, |by_umask| sharing.folder(by_umask))?,
            Err(_) if folder.is_dir() => {}
            Err(error) => return Err(error),
        }
        Ok(Self { folder, sharing })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a pack of this name is there.
    pub fn has(&self, files: &Files) -> bool {
        files.index.file_name().is_some_and(|name| self.folder.join(name).exists())
    }

    /// Puts a pack there, if it is not there yet. git looks for the index, so that comes last.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn put(&self, files: &Files) -> io::Result<()> {
        [&files.pack, &files.index].into_iter().try_for_each(|file| self.put_file(file))
    }

    fn put_file(&self, file: &Path) -> io::Result<()> {
        let Some(name) = file.file_name() else { return Ok(()) };
        let target = self.folder.join(name);
        if target.exists() {
            return Ok(());
        }
        // As the file system makes files here: umask, group of the folder, lists of rights.
        let mut made = made_in(&self.folder)?;
        set_mode(made.path(), |by_umask| self.sharing.read_only_file(by_umask))?;
        if is_shareable(file, made.as_file()).unwrap_or(false) && fs::hard_link(file, &target).is_ok() {
            return Ok(());
        }
        // By reference, where the file system can.
        io::copy(&mut File::open(file)?, made.as_file_mut())?;
        match made.persist_noclobber(&target) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    }
}

fn made_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(READ_ONLY));
    // git takes away what is called so when it tidies up.
    builder.prefix("tmp_pack_").tempfile_in(folder)
}

#[cfg(unix)]
fn set_mode(path: &Path, wanted: impl FnOnce(u32) -> u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = path.metadata()?.mode() & 0o7777;
    let wanted = wanted(mode);
    if mode == wanted { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(wanted)) }
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: impl FnOnce(u32) -> u32) -> io::Result<()> {
    Ok(())
}

/// Whether a file may be linked in place of one that was made here; gives it the mode of that where nobody else has it.
#[cfg(unix)]
fn is_shareable(file: &Path, made: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (have, want) = (file.metadata()?, made.metadata()?);
    let (mode, wanted) = (have.mode() & 0o7777, want.mode() & 0o7777);
    let whose = |found: &fs::Metadata| (found.dev(), found.uid(), found.gid());
    // The store has to be readable, whoever else is not to read it.
    if whose(&have) != whose(&want) || wanted & 0o400 == 0 || (mode != wanted && have.nlink() > 1) {
        return Ok(false);
    }
    set_mode(file, |_| wanted)?;
    Ok(true)
}

/// Where files have no modes, a link is as good as the file.
#[cfg(not(unix))]
fn is_shareable(_: &Path, _: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{MetadataExt, PermissionsExt},
        path::Path,
    };

    use super::{Files, Place, Sharing};

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("it is there").mode() & 0o7777
    }

    #[test]
    fn a_link_shares_its_mode_so_repositories_of_other_modes_get_a_copy() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let files = Files { pack: at("pack-1.pack"), index: at("pack-1.idx") };
        for file in [&files.pack, &files.index] {
            fs::write(file, "bytes").expect("ours");
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("ours");
        }
        // What a file has that is made here, by the umask of whoever runs the tests.
        let by_umask = mode(super::made_in(folder.path()).expect("ours").path());
        for (name, sharing, linked) in [
            ("plain", Sharing::Umask, true),
            ("again", Sharing::Umask, true),
            ("for-me", Sharing::Exactly(0o600), false),
            ("for-a-group", Sharing::Exactly(0o640), false),
            ("once-more", Sharing::Umask, true),
        ] {
            fs::create_dir(at(name)).expect("ours");
            let place = Place::open(&at(name), sharing).expect("ours");
            assert!(!place.has(&files), "{name}");
            place.put(&files).and_then(|()| place.put(&files)).expect("ours");
            assert!(place.has(&files), "{name}");
            for file in [&files.pack, &files.index] {
                let placed = place.folder().join(file.file_name().expect("a name"));
                assert_eq!(mode(&placed), sharing.read_only_file(by_umask), "{name}");
                assert_eq!(mode(file), by_umask, "{name}: those that were placed before keep their mode");
                let same = placed.metadata().expect("there").ino() == file.metadata().expect("there").ino();
                assert_eq!(same, linked, "{name}");
                assert_eq!(fs::read(placed).expect("there"), b"bytes", "{name}");
            }
            assert_eq!(fs::read_dir(place.folder()).expect("there").count(), 2, "{name}: nothing else is left");
        }
    }
}
