//! What every server here has: caps, latency, silence, a log of requests, and connections that end with it.
//!
//! Sends and accepts nothing itself: see `line` and `connections`. What is served is the servers' own matter.

use std::{
    collections::HashMap,
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{kept::Kept, pace::Pace, seen::Seen};

/// What the threads of one server share, whatever it serves.
#[derive(Debug)]
pub(crate) struct Wire {
    /// The cap of all connections together.
    pub(crate) pace: Pace,
    connection_rate: AtomicU64,
    latency: AtomicU64,
    sent: AtomicU64,
    silent: AtomicBool,
    stopping: AtomicBool,
    log: Mutex<Vec<Seen>>,
    pub(super) kept: Mutex<Kept>,
    pub(crate) streams: Mutex<HashMap<SocketAddr, TcpStream>>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self {
            pace: Pace::new(0),
            connection_rate: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            silent: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            log: Mutex::default(),
            kept: Mutex::default(),
            streams: Mutex::default(),
        }
    }

    /// The wait before an answer.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency.load(Ordering::Relaxed))
    }

    /// Another wait before each answer.
    pub(crate) fn set_latency(&self, time: Duration) {
        self.latency.store(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The cap of each connection, in bytes a second; 0 is no limit.
    pub(crate) fn connection_rate(&self) -> u64 {
        self.connection_rate.load(Ordering::Relaxed)
    }

    /// Another cap of each connection, from its next request on.
    pub(crate) fn set_connection_rate(&self, bytes_per_second: u64) {
        self.connection_rate.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Whether nothing is to be said any more, on any connection.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Says nothing from now on, or speaks again.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Whether everything is to end now.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Ends everything: no connection is left alone after this.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.cut_off();
    }

    /// Closes all connections; those who hold them notice.
    pub(crate) fn cut_off(&self) {
        for stream in lock(&self.streams).values() {
            // An error means that it is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Writes a request into the log, and says where it stands there.
    pub(crate) fn note(&self, seen: Seen) -> usize {
        let mut log = lock(&self.log);
        log.push(seen);
        log.len() - 1
    }

    /// Notes the status of the answer to a request in the log.
    pub(crate) fn note_status(&self, place: usize, status: u16) {
        if let Some(seen) = lock(&self.log).get_mut(place) {
            seen.status = status;
        }
    }

    /// Counts bytes of a body sent for a request in the log.
    pub(crate) fn count(&self, place: usize, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(seen) = lock(&self.log).get_mut(place) {
            seen.sent += bytes as u64;
        }
    }

    /// The requests so far.
    pub(crate) fn log(&self) -> Vec<Seen> {
        lock(&self.log).clone()
    }

    /// Bytes of all bodies sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Forgets the requests so far and counts from 0.
    pub(crate) fn forget(&self) {
        lock(&self.log).clear();
        self.sent.store(0, Ordering::Relaxed);
    }
}

/// A lock that nobody has died with.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds a lock")
}
