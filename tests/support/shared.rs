//! What the threads of one `server` share: settings, faults still due, the log, and what must end with the server.
//!
//! Sends and accepts nothing itself.

use std::{
    collections::HashMap,
    net::{Shutdown, SocketAddr, TcpStream},
    path::PathBuf,
    process::Child,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    backend::Backend,
    fault::{Fault, Plan},
    http::Request,
    pace::Pace,
    process::end_group,
    seen::Seen,
};

/// What the server's threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) backend: Backend,
    pub(crate) pace: Pace,
    pub(crate) connection_rate: AtomicU64,
    pub(crate) latency: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) fetched: AtomicU64,
    pub(crate) silent: AtomicBool,
    stopping: AtomicBool,
    pub(crate) credentials: Mutex<Option<(String, String)>>,
    plans: Mutex<Vec<Plan>>,
    pub(crate) log: Mutex<Vec<Seen>>,
    pub(crate) streams: Mutex<HashMap<SocketAddr, TcpStream>>,
    children: Mutex<HashMap<u32, Child>>,
}

impl Shared {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            backend: Backend::new(root),
            pace: Pace::new(0),
            connection_rate: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            fetched: AtomicU64::new(0),
            silent: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            credentials: Mutex::default(),
            plans: Mutex::default(),
            log: Mutex::default(),
            streams: Mutex::default(),
            children: Mutex::default(),
        }
    }

    /// The wait before an answer.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency.load(Ordering::Relaxed))
    }

    /// Whether everything is to end now.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Ends everything: no connection and no child is left alone after this.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.cut_off();
    }

    /// Whether nothing is to be said any more, on any connection.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Counts bytes of a body sent for a request in the log, which asks for objects or not.
    pub(crate) fn count(&self, seen: usize, is_fetch: bool, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        if is_fetch {
            self.fetched.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        if let Some(seen) = lock(&self.log).get_mut(seen) {
            seen.sent += bytes as u64;
        }
    }

    /// Looks after a child until it is released; kills it at once when the server is stopping.
    pub(crate) fn keep(&self, mut child: Child) -> u32 {
        let id = child.id();
        let mut children = lock(&self.children);
        if self.is_stopping() {
            end_group(&mut child);
        }
        children.insert(id, child);
        id
    }

    /// Waits for a child that has closed its output, or else kills it first.
    pub(crate) fn release(&self, id: u32, finished: bool) {
        let Some(mut child) = lock(&self.children).remove(&id) else { return };
        if !finished {
            end_group(&mut child);
        }
        // Its code says nothing that its answer has not said.
        let _ = child.wait();
    }

    /// Gives back one of a fault's times, when the answer turned out to carry no pack.
    pub(crate) fn give_back(&self, fault: &Fault) {
        if let Some(left) =
            self.plans().iter_mut().find(|plan| plan.fault == *fault).and_then(|plan| plan.left.as_mut())
        {
            *left += 1;
        }
    }

    /// The fault that is due for a request, taken off its count.
    pub(crate) fn due(&self, seen: &Seen) -> Option<Fault> {
        let mut plans = self.plans();
        let plan = plans.iter_mut().find(|plan| plan.left != Some(0) && seen.is_in(plan.scope))?;
        plan.left = plan.left.map(|left| left - 1);
        Some(plan.fault.clone())
    }

    /// What goes wrong from now on.
    pub(crate) fn plans(&self) -> MutexGuard<'_, Vec<Plan>> {
        lock(&self.plans)
    }

    /// The user a request is from, if it is from one; an error when it must be and is not.
    pub(crate) fn user(&self, request: &Request) -> Result<Option<String>, ()> {
        match &*lock(&self.credentials) {
            None => Ok(None),
            Some((name, expected)) if request.header("Authorization") == Some(expected) => Ok(Some(name.clone())),
            Some(_) => Err(()),
        }
    }

    /// Closes all connections and kills all children; those who hold them notice.
    pub(crate) fn cut_off(&self) {
        for stream in lock(&self.streams).values() {
            // An error means that it is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        lock(&self.children).values_mut().for_each(end_group);
    }
}

/// A lock that nobody has died with.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds a lock")
}
