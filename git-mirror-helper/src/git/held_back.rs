//! What a child says on standard error, held back until it is known whether anybody should hear it.
//!
//! git's own helper is asked silently where our client does not get along with upstream: if that helper does, all it says is
//! git's; if it fails as well and mirrors speak in upstream's place, nothing has gone wrong.

use std::{
    io::Read,
    mem,
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Bytes that are held back at most; what comes after them is not what went wrong first.
const MOST: usize = 64 << 10;
/// Longest wait for the last words of a child that has ended, and between two looks: what it has started may keep the pipe.
const LAST_WORDS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(2)];

/// The words of one child.
#[derive(Debug)]
pub struct HeldBack {
    state: Arc<Mutex<State>>,
    reader: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<u8>,
    out: Option<fn(&[u8])>,
}

impl HeldBack {
    /// Reads all that comes from here, so that the child never waits.
    pub fn of(mut from: impl Read + Send + 'static) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let for_reader = Arc::clone(&state);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let mut state = lock(&for_reader);
                match state.out {
                    Some(out) => out(&buffer[..count]),
                    None if state.held.len() < MOST => state.held.extend_from_slice(&buffer[..count]),
                    None => {}
                }
            }
        });
        Self { state, reader }
    }

    /// All of it is for `out`: what was said, and what will be.
    pub fn tell(&self, out: fn(&[u8])) {
        let mut state = lock(&self.state);
        out(&mem::take(&mut state.held));
        state.out = Some(out);
    }

    /// What was held back, once the child has ended or does so soon.
    pub fn said(&self) -> String {
        let since = Instant::now();
        while !self.reader.is_finished() && since.elapsed() < LAST_WORDS[0] {
            thread::sleep(LAST_WORDS[1]);
        }
        String::from_utf8_lossy(&lock(&self.state).held).into_owned()
    }

    /// The child has ended: waits for its last words, if anybody hears them.
    pub fn end(&self) {
        let since = Instant::now();
        while lock(&self.state).out.is_some() && !self.reader.is_finished() && since.elapsed() < LAST_WORDS[0] {
            thread::sleep(LAST_WORDS[1]);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panics while holding it")
}

#[cfg(test)]
mod tests {
    use super::HeldBack;
    use std::{
        io::{self, Write},
        sync::Mutex,
    };

    static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    fn hear(bytes: &[u8]) {
        HEARD.lock().expect("not poisoned").extend_from_slice(bytes);
    }

    #[test]
    fn nothing_is_heard_before_its_time_and_all_of_it_then() {
        let (from, mut to) = io::pipe().expect("a pipe");
        let words = HeldBack::of(from);
        to.write_all(b"one, ").expect("it is read");
        words.end();
        assert!(HEARD.lock().expect("not poisoned").is_empty());
        words.tell(hear);
        to.write_all(b"two").expect("it is read");
        drop(to);
        words.end();
        assert_eq!(HEARD.lock().expect("not poisoned").as_slice(), b"one, two");
    }
}
