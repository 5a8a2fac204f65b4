//! One file that others edit too: read whole, locked where others look for a lock, replaced whole. Of what is in it,
//! it knows only whether there is a password.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Kind},
    message::redact,
    system::Environment,
};

/// How long another's lock is waited for. git itself holds it for milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the lock is tried.
const TICK: Duration = Duration::from_millis(50);
/// What a file that is being written has behind its name, before the number of the process.
const UNFINISHED: &str = ".cargo-mirror-";
/// Where files cannot be locked: an unfinished file older than this is of a process that was killed.
const LONGEST_WRITE: Duration = Duration::from_secs(60);
/// As many symbolic links as Linux follows.
const MOST_LINKS: usize = 40;

/// A file by the name it has for people, and the one that this name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    named: PathBuf,
    target: PathBuf,
}

impl ConfigFile {
    /// The file that `git config --global` writes: FILES and ENVIRONMENT of git-config(1).
    pub(crate) fn global(env: &Environment) -> Result<Self, Failure> {
        if let Some(path) = env.var_os("GIT_CONFIG_GLOBAL") {
            return Self::at(&env.cwd().join(path));
        }
        let home = env.home().map(|home| home.join(".gitconfig"));
        let xdg = env.config_dir().and_then(|ours| Some(ours.parent()?.join("git").join("config")));
        match (home, xdg) {
            (Some(home), Some(xdg)) if !home.exists() && xdg.exists() => Self::at(&xdg),
            (Some(home), _) => Self::at(&home),
            (None, _) => Err(Failure::new(Kind::Config, "there is no home folder, so no global git configuration")
                .hint("set HOME or GIT_CONFIG_GLOBAL")),
        }
    }

    /// The file of this name; links are followed, also to where nothing is yet.
    pub(crate) fn at(named: &Path) -> Result<Self, Failure> {
        let mut target = named.to_owned();
        for _ in 0..MOST_LINKS {
            match fs::read_link(&target) {
                Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
                Err(_) => return Ok(Self { named: named.to_owned(), target }),
            }
        }
        Err(Failure::new(Kind::Io, format!("{}: too many symbolic links", named.display())))
    }

    /// The name for people.
    pub(crate) fn path(&self) -> &Path {
        &self.named
    }

    /// All bytes, or nothing when there is no such file.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        match fs::metadata(&self.target) {
            Ok(metadata) if !metadata.is_file() => {
                Err(Failure::new(Kind::Config, format!("{} is not a regular file", self.named.display())))
            }
            Ok(_) => fs::read(&self.target).map(Some).map_err(|error| failed(&self.named, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&self.named, &error)),
        }
    }

    /// Locks the file by git's convention, `FILE.lock` made anew, so that git and this program exclude each other.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when another holds it for longer than two seconds.
    pub(crate) fn lock(&self) -> Result<Locked<'_>, Failure> {
        let path = self.beside(".lock");
        let start = Instant::now();
        loop {
            match self.begin_locked(&path) {
                Ok(locked) => return Ok(locked),
                // Another one took what this one had not locked yet for litter.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && path.parent().is_some_and(Path::is_dir)
                        && start.elapsed() < PATIENCE => {}
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&self.named, &error)),
                Err(_) if self.break_lock(&path) => {}
                Err(_) if start.elapsed() >= PATIENCE => {
                    return Err(Failure::new(
                        Kind::Busy,
                        format!("{} is being changed: {} exists", self.named.display(), path.display()),
                    )
                    .hint(format!("try again; if no git is running, `rm '{}'` first", path.display())));
                }
                Err(_) => thread::sleep(TICK),
            }
        }
    }

    /// Begins to replace a file that only this program's users exclude each other from, by a lock of their own.
    ///
    /// No lock file, then: one that a killed process left would stand in the way of all others.
    ///
    /// # Errors
    ///
    /// [`Kind::Permission`] when the file is not to be written, [`Kind::Io`] for what the file system says.
    pub(crate) fn replacement(&self) -> Result<Locked<'_>, Failure> {
        if fs::metadata(&self.target).is_ok_and(|metadata| metadata.permissions().readonly()) {
            return Err(Failure::new(Kind::Permission, format!("{} is read-only", self.named.display()))
                .hint(format!("chmod u+w '{}'", self.named.display())));
        }
        self.sweep();
        let path = self.beside(&format!("{UNFINISHED}{}", std::process::id()));
        // One of the same name is of a process that is gone.
        let _ = fs::remove_file(&path);
        let locked = self.begin(&path).map_err(|error| failed(&self.named, &error))?;
        // Tells others that this process lives. Where files cannot be locked, its age tells.
        let _ = locked.file.try_lock();
        Ok(locked)
    }

    /// The lock is a second name of a file that tells whose it is, so that one of a killed process can be told from git's.
    fn begin_locked(&self, path: &Path) -> io::Result<Locked<'_>> {
        self.sweep();
        let own = self.beside(&format!("{UNFINISHED}{}", std::process::id()));
        // One of the same name is of a process that is gone.
        let _ = fs::remove_file(&own);
        let mut locked = self.begin(&own)?;
        locked.own = locked.path.take();
        locked.file.try_lock()?;
        fs::hard_link(&own, path)?;
        locked.path = Some(path.to_owned());
        Ok(locked)
    }

    /// Removes a lock that a killed process of ours has left. Whoever holds one holds its file as well, while it lives.
    fn break_lock(&self, path: &Path) -> bool {
        let same = |file: &Path| is_same(file, path);
        let Some(own) = self.unfinished().into_iter().find(|file| same(file)) else { return false };
        let dead = File::open(&own).is_ok_and(|file| file.try_lock().is_ok());
        // The lock goes first: without it the other is only litter.
        dead && same(&own) && fs::remove_file(path).and_then(|()| fs::remove_file(&own)).is_ok()
    }

    fn begin(&self, path: &Path) -> io::Result<Locked<'_>> {
        let permissions = fs::metadata(&self.target).ok().map(|metadata| metadata.permissions());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if permissions.is_some() {
            // Until it has the file's own mode, nobody else reads it.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = options.open(path)?;
        Ok(Locked { of: self, path: Some(path.to_owned()), own: None, file, permissions })
    }

    /// Removes what killed processes left beside the file.
    pub(crate) fn sweep(&self) {
        let lock = self.beside(".lock");
        // One that is the lock as well tells whose that is.
        for file in self.unfinished().into_iter().filter(|file| !is_same(file, &lock)) {
            if is_left_over(&file) {
                let _ = fs::remove_file(file);
            }
        }
    }

    /// What is being written beside the file, or was.
    fn unfinished(&self) -> Vec<PathBuf> {
        let (Some(folder), Some(name)) = (self.target.parent(), self.target.file_name()) else { return Vec::new() };
        let prefix = format!("{}{UNFINISHED}", name.to_string_lossy());
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = files.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        ours.map(|entry| entry.path()).collect()
    }

    /// Another name in the same folder, so that a rename is one step.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.target.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }
}

/// A file that nobody else changes until this is dropped.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    of: &'a ConfigFile,
    /// Absent once the lock has become the file.
    path: Option<PathBuf>,
    /// Its other name, if it has one.
    own: Option<PathBuf>,
    file: File,
    permissions: Option<fs::Permissions>,
}

impl Locked<'_> {
    /// Writes what the file is to become beside it, and onto the disk; the file is as it was. One that gets a password is for
    /// its owner only.
    pub(crate) fn stage(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        #[cfg(unix)]
        if has_password(bytes) && !has_password(&self.of.read()?.unwrap_or_default()) {
            use std::os::unix::fs::PermissionsExt;

            let mode = self.permissions.take().map_or(0o600, |permissions| permissions.mode() & 0o700);
            let owners = fs::Permissions::from_mode(mode);
            self.file.set_permissions(owners).map_err(|error| failed(&self.of.named, &error))?;
        }
        let written = self.file.write_all(bytes).and_then(|()| match self.permissions.take() {
            Some(permissions) => self.file.set_permissions(permissions),
            None => Ok(()),
        });
        written.and_then(|()| self.file.sync_all()).map_err(|error| failed(&self.of.named, &error))
    }

    /// Puts what was staged in the place of the file, in one step as git does. The mode stays.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        if let Some(path) = &self.path {
            fs::rename(path, &self.of.target).map_err(|error| failed(&self.of.named, &error))?;
        }
        self.path = None;
        // The rename itself reaches the disk with its folder; where folders cannot be opened there is nothing to do.
        if let Some(folder) = self.of.target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        match fs::remove_file(&self.of.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&self.of.named, &error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        for path in [&self.path, &self.own].into_iter().flatten() {
            // A lock that cannot be removed is reported by whoever meets it next.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether an address in a text has one.
fn has_password(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    redact::secrets(&text) != text
}

/// Whether nobody writes this file any more: its writer has it locked while it lives.
fn is_left_over(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(fs::TryLockError::WouldBlock) => false,
        Err(fs::TryLockError::Error(_)) => {
            let age = file.metadata().and_then(|metadata| metadata.modified()).map(|at| at.elapsed());
            matches!(age, Ok(Ok(age)) if age > LONGEST_WRITE)
        }
    }
}

/// Whether two names are of one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    place(one).is_some_and(|own| place(other) == Some(own))
}

/// Whether two names are of one file: nobody can tell here, and locks stay.
#[cfg(not(unix))]
fn is_same(_: &Path, _: &Path) -> bool {
    false
}

/// An error of a file, as [`Kind::Permission`] or [`Kind::Io`].
pub(crate) fn failed(path: &Path, error: &io::Error) -> Failure {
    let kind = if error.kind() == io::ErrorKind::PermissionDenied { Kind::Permission } else { Kind::Io };
    Failure::new(kind, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mirror_config::{errors::Kind, system::Environment};
    use tempfile::TempDir;

    use super::ConfigFile;

    #[test]
    fn the_global_file_is_the_one_git_writes() {
        let home = TempDir::new().expect("a temporary folder");
        let plain = Environment::of([("HOME", home.path().as_os_str())], home.path());
        let file = |env: &Environment| ConfigFile::global(env).expect("there is a home").path().to_owned();
        assert_eq!(file(&plain), home.path().join(".gitconfig"));
        let xdg = home.path().join(".config/git/config");
        fs::create_dir_all(xdg.parent().expect("it has one")).expect("our folder");
        fs::write(&xdg, "").expect("our folder");
        assert_eq!(file(&plain), xdg);
        fs::write(home.path().join(".gitconfig"), "").expect("our folder");
        assert_eq!(file(&plain), home.path().join(".gitconfig"));
        let told =
            Environment::of([("HOME", home.path().as_os_str()), ("GIT_CONFIG_GLOBAL", "other".as_ref())], home.path());
        assert_eq!(file(&told), home.path().join("other"));
    }

    #[test]
    fn a_lock_that_stays_is_busy_and_ours_goes() {
        let folder = TempDir::new().expect("a temporary folder");
        let file = ConfigFile::at(&folder.path().join("c")).expect("no links");
        let held = file.lock().expect("nobody holds it");
        assert_eq!(file.lock().expect_err("it is held").kind, Kind::Busy);
        drop(held);
        let mut lock = file.lock().expect("it is free");
        lock.stage(b"x").expect("our folder");
        assert_eq!(file.read().expect("ours"), None, "nothing happens before the last step");
        lock.commit().expect("our folder");
        assert_eq!(file.read().expect("ours").as_deref(), Some(b"x".as_slice()));
        assert!(!folder.path().join("c.lock").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_gets_a_password_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        const SECRET: &str = "x = \"https://u:p@h/\"";
        const PLAIN: &str = "x = \"https://h/\"";
        let folder = TempDir::new().expect("a temporary folder");
        let usual = folder.path().join("usual");
        fs::write(&usual, "").expect("our folder");
        let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        let usual = mode(&usual);
        for (before, after, expected) in [
            (None, SECRET, 0o600),
            (None, PLAIN, usual),
            (Some((PLAIN, 0o644)), SECRET, 0o600),
            (Some((PLAIN, 0o640)), PLAIN, 0o640),
            // Whoever has shown one before has chosen to.
            (Some((SECRET, 0o640)), SECRET, 0o640),
        ] {
            let path = folder.path().join("c");
            // An error means that there is none.
            let _ = fs::remove_file(&path);
            if let Some((text, mode)) = before {
                fs::write(&path, text).expect("our folder");
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our folder");
            }
            let file = ConfigFile::at(&path).expect("no links");
            let mut lock = file.replacement().expect("our folder");
            lock.stage(after.as_bytes()).expect("our folder");
            lock.commit().expect("our folder");
            assert_eq!(mode(&path), expected, "{before:?} {after}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_of_ours_whose_process_was_killed_goes_and_one_of_gits_stays() {
        let folder = TempDir::new().expect("a temporary folder");
        let (lock, own) = (folder.path().join("c.lock"), folder.path().join("c.cargo-mirror-1"));
        let file = ConfigFile::at(&folder.path().join("c")).expect("no links");
        fs::write(&own, "half").expect("our folder");
        fs::hard_link(&own, &lock).expect("our folder");
        let alive = fs::File::open(&own).expect("our folder");
        alive.lock().expect("nobody else has it");
        assert_eq!(file.lock().expect_err("it is held").kind, Kind::Busy);
        drop(alive);
        drop(file.lock().expect("nobody holds it any more"));
        assert!(!lock.exists() && !own.exists());
        fs::write(&lock, "").expect("our folder");
        assert_eq!(file.lock().expect_err("it is git's").kind, Kind::Busy);
    }
}
