//! Small files of remembered facts: written whole, locked while changed, and never a reason to fail.
//!
//! A missing, unreadable or damaged file reads as nothing remembered (DESIGN 4). A flipped bit can leave it readable, and a
//! fact that is none: so each says the SHA-256 of its facts. Folders are 0700, files 0600.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::digest::hex;

/// How a sealed file begins.
const SEAL: &str = "{\"sha256\":\"";
/// Longest wait for another process that holds the lock; remembering is not worth more.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// What the file remembers, or the default.
pub fn read<T: DeserializeOwned + Default>(path: &Path) -> T {
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(unsealed(&bytes)?).ok()).unwrap_or_default()
}

/// Writes what is to be remembered, whole and sealed.
///
/// # Errors
///
/// Those of the file system.
pub fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let facts = serde_json::to_vec(value)?;
    write_whole(path, &[&seal(&facts), facts.as_slice(), b"}"].concat())
}

/// Changes the file under its lock: reads it afresh, lets `change` work on it, writes it whole.
///
/// # Errors
///
/// Those of the file system, and a lock that stays taken. Callers go on without.
pub fn change<T>(path: &Path, change: impl FnOnce(&mut T)) -> io::Result<()>
where
    T: Serialize + DeserializeOwned + Default,
{
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    private_folder(folder)?;
    let _held = lock(&path.with_extension("lock"), LOCK_WAIT)?;
    let mut value = read::<T>(path);
    change(&mut value);
    write(path, &value)
}

/// What stands before remembered facts, which with it and a closing brace are JSON as well.
fn seal(facts: &[u8]) -> Vec<u8> {
    format!("{SEAL}{}\",\"facts\":", hex(&Sha256::digest(facts))).into_bytes()
}

/// The facts behind their seal, if it is theirs. Without one, as they were written once, they are all there is.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    if !bytes.starts_with(SEAL.as_bytes()) {
        return Some(bytes);
    }
    let facts = bytes.get(seal(b"").len()..)?.strip_suffix(b"}")?;
    bytes.starts_with(&seal(facts)).then_some(facts)
}

/// Takes an exclusive lock that ends with the handle, or with the process.
///
/// # Errors
///
/// [`io::ErrorKind::WouldBlock`] when another process keeps it longer than `wait`.
pub fn lock(path: &Path, wait: Duration) -> io::Result<File> {
    let file = lock_file(path)?;
    let until = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Opens a file that is there to be locked, or makes it, for its owner alone.
///
/// # Errors
///
/// Those of the file system.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts bytes in place of the file in one step: old or new, never between. The file is for its owner alone.
///
/// # Errors
///
/// Those of the file system.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a folder, and those above it, for their owner alone.
///
/// # Errors
///
/// Those of the file system.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The day of a second since 1970, in UTC, such as `2027-01-31`.
pub fn day(second: u64) -> String {
    // Those after the year 9999 have no name.
    let moment = (second < 253_402_300_800).then(|| UNIX_EPOCH + Duration::from_secs(second));
    let text = moment.map(|moment| humantime::format_rfc3339_seconds(moment).to_string()).unwrap_or_default();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A file of the state folder, where there is one.
pub fn file(state_dir: Option<&Path>, name: &str) -> Option<PathBuf> {
    state_dir.map(|dir| dir.join(name))
}

#[cfg(test)]
mod tests {
    use super::{change, day, read, write};
    use std::collections::BTreeMap;

    #[test]
    fn days_have_names_up_to_the_year_9999() {
        for (second, name) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_801_439_999, "2027-01-31"),
            (1_801_440_000, "2027-02-01"),
            (253_402_300_799, "9999-12-31"),
            (253_402_300_800, ""),
            (u64::MAX, ""),
        ] {
            assert_eq!(day(second), name);
        }
    }

    #[test]
    fn a_damaged_file_reads_as_nothing_remembered() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("deep/state.json");
        assert!(read::<BTreeMap<String, u32>>(&path).is_empty());
        change(&path, |map: &mut BTreeMap<String, u32>| {
            map.insert("a".into(), 1);
        })
        .expect("writable");
        std::fs::write(&path, b"{\"a\": ").expect("writable");
        assert!(read::<BTreeMap<String, u32>>(&path).is_empty());
        change(&path, |map: &mut BTreeMap<String, u32>| {
            map.insert("b".into(), 2);
        })
        .expect("writable");
        assert_eq!(read::<BTreeMap<String, u32>>(&path).get("b"), Some(&2));
    }

    #[test]
    fn facts_count_as_they_were_written_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("state.json");
        let facts = BTreeMap::from([("a".to_owned(), 10_u32), ("b".to_owned(), 4_000_000_000)]);
        write(&path, &facts).expect("writable");
        let bytes = std::fs::read(&path).expect("written");
        let found = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("writable");
            read::<BTreeMap<String, u32>>(&path)
        };
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let flipped: Vec<u8> = bytes.iter().enumerate().map(|(n, b)| b ^ u8::from(n == at) << bit).collect();
                assert_eq!(found(&flipped), BTreeMap::new(), "bit {bit} of byte {at}");
            }
            let cut = found(&bytes[..at]);
            assert!(cut.is_empty() || cut == facts, "{at} bytes");
        }
        assert_eq!(found(b"{\"a\":10,\"b\":4000000000}"), facts, "without a seal");
    }

    #[test]
    fn no_change_is_lost_between_many_writers() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("state.json");
        std::thread::scope(|scope| {
            for i in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for j in 0..5 {
                        change(path, |map: &mut BTreeMap<String, u32>| {
                            map.insert(format!("{i}.{j}"), j);
                        })
                        .expect("writable");
                    }
                });
            }
        });
        assert_eq!(read::<BTreeMap<String, u32>>(&path).len(), 40);
    }

    #[cfg(unix)]
    #[test]
    fn state_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("mirror/state.json");
        change(&path, |_: &mut BTreeMap<String, u32>| {}).expect("writable");
        let mode = |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    }
}
