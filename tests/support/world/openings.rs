//! How often a file is opened, by whomever: it is a FIFO, and every reader gets one of its own.
//!
//! Looking whether the file is there opens nothing. Of two readers at the very same moment one may go unseen.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A file whose readers are counted until somebody asks how many there were.
#[derive(Debug)]
pub struct Openings {
    path: PathBuf,
    count: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    server: JoinHandle<()>,
}

impl Openings {
    /// Counts from now on who opens a file that is there; each reader gets what stands in it now.
    ///
    /// # Panics
    ///
    /// When it cannot be read, or its folder takes no FIFO.
    pub fn of(path: &Path) -> Self {
        let text = fs::read(path).expect("a file that is there");
        let (count, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        replace(path);
        let (own, counted, over) = (path.to_owned(), Arc::clone(&count), Arc::clone(&ended));
        let server = thread::spawn(move || {
            loop {
                // Waits for a reader, who waits in turn for what is written.
                let mut reader = OpenOptions::new().write(true).open(&own).expect("our FIFO");
                if over.load(Ordering::SeqCst) {
                    break;
                }
                replace(&own);
                counted.fetch_add(1, Ordering::SeqCst);
                // Whoever closes it unread has opened it all the same.
                let _ = reader.write_all(&text);
            }
        });
        Self { path: path.to_owned(), count, ended, server }
    }

    /// How many there were. Nobody is served any more.
    ///
    /// # Panics
    ///
    /// When serving has failed before.
    pub fn count(self) -> usize {
        self.ended.store(true, Ordering::SeqCst);
        drop(fs::File::open(&self.path));
        self.server.join().expect("every reader was served");
        self.count.load(Ordering::SeqCst)
    }
}

/// Puts a FIFO that nobody has open in the file's place.
fn replace(path: &Path) {
    let next = path.with_extension("next");
    let made = Command::new("mkfifo").arg(&next).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo {}", next.display());
    fs::rename(&next, path).expect("a folder of our own");
}
