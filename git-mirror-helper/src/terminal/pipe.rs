//! Writes the lines of `lines_of_git` to standard error for as long as a run lasts.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, Weak},
    thread,
    time::{Duration, Instant},
};

use super::lines_of_git::Lines;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The lines, and the thread that writes them until this is dropped.
pub struct Pipe {
    started: Instant,
    lines: Arc<Mutex<Lines>>,
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}

impl Pipe {
    /// Nobody waits yet.
    pub fn start() -> Self {
        let pipe = Self { started: Instant::now(), lines: Arc::default() };
        let (started, lines) = (pipe.started, Arc::downgrade(&pipe.lines));
        // Without a thread nothing is written, and nothing else is lost.
        let _ = thread::Builder::new().name("progress".to_owned()).spawn(move || draw(started, &lines));
        pipe
    }

    /// Something happens, at this moment since the start, which may be told at once.
    pub fn tell(&self, happens: impl FnOnce(&mut Lines, Duration) -> String) {
        let mut lines = held(&self.lines);
        let text = happens(&mut lines, self.started.elapsed());
        write(&text);
    }
}

fn draw(started: Instant, lines: &Weak<Mutex<Lines>>) {
    while let Some(lines) = lines.upgrade() {
        // Written under the lock, so that nothing else comes in between.
        let mut lines = held(&lines);
        if let Some(text) = lines.tick(started.elapsed()) {
            write(&text);
        }
        drop(lines);
        thread::sleep(LOOK);
    }
}

fn held(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().expect("nobody panics while holding it")
}

fn write(text: &str) {
    if !text.is_empty() {
        // Nobody is listening if this fails.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}
