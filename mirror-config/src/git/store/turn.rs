//! One process at a time downloads into a store. It marks the lock while it gets on, and whoever waits looks at that: one that
//! is slow is waited for, and one that is stopped (`SIGSTOP`, a frozen container, a laptop's lid) is not.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use super::hold::{INCOMING, PACKS};
use crate::system::state;

/// The file that is locked; its time is that of the last mark.
const LOCK: &str = "lock";
/// Where slices and the pack that grows are.
const PARTS: &str = "parts";
/// A wait that nobody notices.
const MOMENT: Duration = Duration::from_millis(700);
/// Between two tries to get the lock, two looks at how it gets on, and two marks.
const EVERY: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(250), Duration::from_secs(1)];
/// Whoever has not got on for so long is not waited for.
const STILL: Duration = Duration::from_secs(8);

/// The lock of a store, until it is dropped.
pub struct Held {
    ended: Arc<AtomicBool>,
    marking: Option<JoinHandle<()>>,
    _lock: File,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(marking) = self.marking.take() {
            marking.thread().unpark();
            // A panic there has been shown already.
            let _ = marking.join();
        }
    }
}

/// Waits until no other process has the store's lock, for as long as that one gets on; says so when the wait is not over in a
/// moment. Whoever has the lock then marks it while it `gets_on`.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`] when the other one does not get on, and those of the file system.
pub(super) fn take(
    store: &Path,
    waits: impl FnOnce(),
    gets_on: impl Fn() -> bool + Send + 'static,
) -> io::Result<Held> {
    let path = store.join(LOCK);
    let file = state::lock_file(&path)?;
    let (began, mut waits) = (Instant::now(), Some(waits));
    let (mut mark, mut moved, mut looked) = (Mark::of(store), began, began);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(hold(file, path, gets_on)),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        if looked.elapsed() >= EVERY[1] {
            looked = Instant::now();
            let now = Mark::of(store);
            if now != mark {
                (mark, moved) = (now, looked);
            }
        }
        if moved.elapsed() >= STILL {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if began.elapsed() >= MOMENT {
            waits.take().into_iter().for_each(|waits| waits());
        }
        thread::sleep(EVERY[0]);
    }
}

fn hold(lock: File, path: PathBuf, gets_on: impl Fn() -> bool + Send + 'static) -> Held {
    let ended = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&ended);
    let marking = thread::Builder::new().name("mark".to_owned()).spawn(move || {
        // Not the handle that is locked, so that the lock ends with that one.
        let Ok(file) = File::options().append(true).open(path) else { return };
        while !over.load(Ordering::Relaxed) {
            if gets_on() {
                // Who waits looks at the files as well.
                let _ = file.set_modified(SystemTime::now());
            }
            thread::park_timeout(EVERY[2]);
        }
    });
    Held { ended, marking: marking.ok(), _lock: lock }
}

/// How far a download is, to be compared only.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    at: Option<SystemTime>,
    bytes: u64,
}

impl Mark {
    fn of(store: &Path) -> Self {
        let at = fs::metadata(store.join(LOCK)).and_then(|found| found.modified()).ok();
        Self { at, bytes: [PARTS, INCOMING, PACKS].iter().map(|folder| bytes_of(&store.join(folder))).sum() }
    }
}

/// The sizes of all files below, in bytes; what goes meanwhile is not counted.
pub(super) fn bytes_of(path: &Path) -> u64 {
    let Ok(found) = fs::symlink_metadata(path) else { return 0 };
    if !found.is_dir() {
        return found.len();
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|child| bytes_of(&child.path())).sum()
}

#[cfg(test)]
mod tests {
    use std::{
        fs, io,
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use super::{MOMENT, STILL, take};

    #[test]
    fn who_gets_on_is_waited_for_and_who_does_not_is_not() {
        // How it shows that it gets on, for so long: by its marks, by a pack that grows, not at all.
        for (marks, grows, waited) in [(true, false, true), (false, true, true), (false, false, false)] {
            let store = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(store.path().join("incoming")).expect("ours");
            let held = take(store.path(), || (), move || marks).expect("nobody has it");
            let said = AtomicBool::new(false);
            let began = Instant::now();
            thread::scope(|scope| {
                let other = scope.spawn(|| take(store.path(), || said.store(true, Ordering::Relaxed), || true));
                while began.elapsed() < STILL + 2 * MOMENT {
                    if grows {
                        let bytes = vec![0; began.elapsed().as_millis() as usize];
                        fs::write(store.path().join("incoming/pack"), bytes).expect("ours");
                    }
                    thread::sleep(Duration::from_millis(500));
                }
                assert_eq!(other.is_finished(), !waited, "{marks} {grows}");
                drop(held);
                let other = other.join().expect("no panic");
                assert_eq!(other.map_err(|error| error.kind()).err(), (!waited).then_some(io::ErrorKind::TimedOut));
            });
            assert!(said.load(Ordering::Relaxed));
        }
    }

    #[test]
    fn a_lock_ends_with_its_handle() {
        let store = tempfile::tempdir().expect("a temporary folder");
        for _ in 0..20 {
            let began = Instant::now();
            drop(take(store.path(), || panic!("nobody has it"), || true).expect("nobody has it"));
            assert!(began.elapsed() < MOMENT);
        }
    }
}
