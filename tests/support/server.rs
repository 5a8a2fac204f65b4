//! A git server on loopback: HTTP/1.1 over the machine's own git, with latency, rates, credentials and faults on demand.
//!
//! Binds 127.0.0.1 only. One thread a connection; the children and sockets end with the server. How one request is
//! answered is `exchange`'s matter.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    exchange::Exchange,
    fault::{Fault, Plan},
    http::{Requests, basic_credentials},
    pace::Pace,
    seen::Seen,
    shared::{Shared, lock},
};

/// A server for the repositories below a folder: `ROOT/OWNER/NAME.git` is `URL/OWNER/NAME.git`. Behind
/// `URL/https://HOST/` it acts as a prefix relay for the same repositories. It stops when it is dropped.
#[derive(Debug)]
pub struct GitServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl GitServer {
    /// Starts to serve a folder, without faults, latency or limits.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub fn start(root: impl Into<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::new(root.into()));
        let for_thread = Arc::clone(&shared);
        let accepting = Some(thread::spawn(move || accept(&listener, &for_thread)));
        Self { shared, address, accepting }
    }

    /// Its base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a repository, `OWNER/NAME`.
    pub fn repo_url(&self, name: &str) -> String {
        format!("{}/{name}.git", self.url())
    }

    /// From now on this goes wrong, and nothing else.
    pub fn set(&self, plan: impl Into<Plan>) {
        *self.shared.plans() = vec![plan.into()];
    }

    /// This goes wrong too; of the faults that fit a request, the first set is taken.
    pub fn also(&self, plan: impl Into<Plan>) {
        self.shared.plans().push(plan.into());
    }

    /// Nothing goes wrong any more, but for answers already begun.
    pub fn heal(&self) {
        self.shared.silent.store(false, Ordering::Relaxed);
        self.shared.plans().clear();
    }

    /// Says nothing more from now on, neither in answers under way nor to anyone new, and keeps all connections. Those
    /// it has stay silent for good; after [`GitServer::heal`] new ones are answered again.
    pub fn fall_silent(&self) {
        self.shared.silent.store(true, Ordering::Relaxed);
    }

    /// Waits so long before each answer, as a round trip would take.
    pub fn latency(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.shared.latency.store(micros, Ordering::Relaxed);
    }

    /// Bytes a second of all connections together; 0 is no limit.
    pub fn rate(&self, bytes_per_second: u64) {
        self.shared.pace.set(bytes_per_second);
    }

    /// Bytes a second of each connection, from its next request on; 0 is no limit.
    pub fn per_connection_rate(&self, bytes_per_second: u64) {
        self.shared.connection_rate.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Answers 401 from now on to requests without this name and password.
    pub fn require_auth(&self, name: &str, password: &str) {
        *lock(&self.shared.credentials) = Some((name.to_owned(), basic_credentials(name, password)));
    }

    /// The requests so far, in the order they came in.
    pub fn log(&self) -> Vec<Seen> {
        lock(&self.shared.log).clone()
    }

    /// Forgets the requests so far and starts to count from 0. Not for use while an answer is under way.
    pub fn forget_log(&self) {
        lock(&self.shared.log).clear();
        self.shared.sent.store(0, Ordering::Relaxed);
        self.shared.fetched.store(0, Ordering::Relaxed);
    }

    /// Bytes of all bodies sent so far; what the client's system has not read yet is counted too.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// The same of answers to requests for objects: the bytes of packs, and a few around them.
    pub fn fetched(&self) -> u64 {
        self.shared.fetched.load(Ordering::Relaxed)
    }

    /// What git said on standard error, for a look when a test fails.
    pub fn complaints(&self) -> String {
        self.shared.backend.complaints()
    }

    /// Stops: kills its children, closes its connections, and refuses new ones from then on.
    pub fn stop(&mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.shared.stop();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        // A panic there has been shown already.
        let _ = accepting.join();
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((stream, peer)) = listener.accept() {
        if shared.is_stopping() {
            break;
        }
        let Ok(handle) = stream.try_clone() else { continue };
        // Before its thread starts, so that whoever stops the server finds it.
        lock(&shared.streams).insert(peer, handle);
        let shared = Arc::clone(shared);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread::spawn(move || {
            // A client that goes away in the middle is its own business.
            let _ = converse(&shared, &stream);
            let _ = stream.shutdown(Shutdown::Both);
            lock(&shared.streams).remove(&peer);
        }));
    }
    shared.cut_off();
    for thread in threads {
        // A panic there has been shown already.
        let _ = thread.join();
    }
}

fn converse(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let pace = Pace::new(0);
    let mut requests = Requests::new(stream);
    while let Some(request) = requests.next()? {
        pace.set(shared.connection_rate.load(Ordering::Relaxed));
        let seen = Seen {
            method: request.method.clone(),
            path: request.target.clone(),
            headers: request.headers.clone(),
            body: request.plain_body(),
            sent: 0,
            at: Instant::now(),
        };
        let is_fetch = seen.is_fetch();
        let user = shared.user(&request);
        let fault = if user.is_ok() { shared.due(&seen) } else { Some(Fault::unauthorized()) };
        let place = {
            let mut log = lock(&shared.log);
            log.push(seen);
            log.len() - 1
        };
        let mut exchange =
            Exchange { shared, stream, pace: &pace, seen: place, is_fetch, request: &request, drip: None };
        exchange.answer(fault, user.unwrap_or_default().as_deref())?;
    }
    Ok(())
}
