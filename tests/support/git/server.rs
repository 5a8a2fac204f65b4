//! A git server on loopback: HTTP/1.1 over the machine's own git, with latency, rates, credentials and faults on demand.
//!
//! Binds 127.0.0.1 only. One thread a connection; the children and sockets end with the server. How one request is
//! answered is `exchange`'s matter.

use std::{
    io,
    net::TcpStream,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{dialect::Dialect, exchange::Exchange, forgery::Forgery, gate::Gate, server_state::Shared};
use crate::wire::{Connections, Fault, Line, Pace, Plan, Requests, Seen, basic_credentials, lock};

/// A server for the repositories below a folder: `ROOT/OWNER/NAME.git` is `URL/OWNER/NAME.git`. Behind
/// `URL/https://HOST/` it acts as a prefix relay for the same repositories. It stops when it is dropped.
#[derive(Debug)]
pub struct GitServer {
    shared: Arc<Shared>,
    connections: Connections,
}

impl GitServer {
    /// Starts to serve a folder, without faults, latency or limits.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub fn start(root: impl Into<PathBuf>) -> Self {
        let shared = Arc::new(Shared::new(root.into()));
        let for_threads = Arc::clone(&shared);
        let connections =
            Connections::start(&shared.wire, move |_| move |stream: &TcpStream| converse(&for_threads, stream));
        Self { shared, connections }
    }

    /// Its base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.connections.url()
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
        self.shared.wire.set_silent(false);
        self.shared.plans().clear();
    }

    /// Says nothing more from now on, neither in answers under way nor to anyone new, and keeps all connections. Those
    /// it has stay silent for good; after [`GitServer::heal`] new ones are answered again.
    pub fn fall_silent(&self) {
        self.shared.wire.set_silent(true);
    }

    /// Closes all connections, wherever their answers are; new ones are taken as before.
    pub fn hang_up(&self) {
        self.shared.wire.cut_off();
    }

    /// Lies from now on, in what it sends and names.
    pub fn forge(&self, forgery: Forgery) {
        *self.shared.forgery() = forgery;
    }

    /// Speaks like this from now on.
    pub fn speak(&self, dialect: Dialect) {
        *self.shared.dialect() = dialect;
    }

    /// Waits so long before each answer, as a round trip would take.
    pub fn latency(&self, time: Duration) {
        self.shared.wire.set_latency(time);
    }

    /// Bytes a second of all connections together; 0 is no limit.
    pub fn rate(&self, bytes_per_second: u64) {
        self.shared.wire.pace.set(bytes_per_second);
    }

    /// The same cap for so many bytes from now on, and another one after them.
    pub fn fading_rate(&self, first: u64, bytes: u64, then: u64) {
        self.shared.wire.pace.fade(first, bytes, then);
    }

    /// Bytes a second of each connection, from its next request on; 0 is no limit.
    pub fn per_connection_rate(&self, bytes_per_second: u64) {
        self.shared.wire.set_connection_rate(bytes_per_second);
    }

    /// Answers 401 from now on to requests without this name and password.
    pub fn require_auth(&self, name: &str, password: &str) {
        *lock(&self.shared.credentials) = Some((name.to_owned(), basic_credentials(name, password)));
    }

    /// Shows a ref from now on only to requests whose header of this name has this in it; without a ref, nothing to
    /// others, as a proxy would where the header is for one.
    pub fn show_only_to(&self, header: &str, value: &str, reference: Option<&str>) {
        let reference = reference.map(str::to_owned);
        *lock(&self.shared.gate) = Some(Gate { header: header.to_owned(), value: value.to_owned(), reference });
    }

    /// The requests so far, in the order they came in.
    pub fn log(&self) -> Vec<Seen> {
        self.shared.wire.log()
    }

    /// Forgets the requests so far and starts to count from 0. Not for use while an answer is under way.
    pub fn forget_log(&self) {
        self.shared.wire.forget();
        self.shared.fetched.store(0, Ordering::Relaxed);
        *lock(&self.shared.cpu) = Duration::ZERO;
    }

    /// Bytes of all bodies sent so far; what the client's system has not read yet is counted too.
    pub fn sent(&self) -> u64 {
        self.shared.wire.sent()
    }

    /// The same of answers to requests for objects: the bytes of packs, and a few around them.
    pub fn fetched(&self) -> u64 {
        self.shared.fetched.load(Ordering::Relaxed)
    }

    /// What its git has cost so far, as CPU time of whatever has ended; to about 10 ms a request. Linux only, else nothing.
    pub fn cpu(&self) -> Duration {
        *lock(&self.shared.cpu)
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
        // The children first: threads that wait for them could not be waited for.
        self.shared.stop();
        self.connections.stop();
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn converse(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    let pace = Pace::new(0);
    let mut requests = Requests::new(stream);
    while let Some(request) = requests.next()? {
        pace.set(shared.wire.connection_rate());
        let seen = Seen::new(&request);
        let is_fetch = seen.is_fetch();
        let user = shared.user(&request);
        let shut = lock(&shared.gate).as_ref().filter(|gate| gate.is_shut(&request)).map(Gate::refusal);
        let fault = shut.or_else(|| if user.is_ok() { shared.due(&seen) } else { Some(Fault::unauthorized()) });
        let place = shared.wire.note(seen);
        let tally = is_fetch.then_some(&shared.fetched);
        let line = Line { wire: &shared.wire, stream, pace: &pace, place, tally, drip: None };
        let forgery = shared.forgery().clone();
        let forged = (!forgery.is_none()).then(|| forgery.request(&request.plain_body()));
        let request = match forged {
            None => request,
            Some(body) => request.with_body(body),
        };
        let mut exchange = Exchange { shared, line, request: &request, forgery: &forgery };
        exchange.answer(fault, user.unwrap_or_default().as_deref())?;
    }
    Ok(())
}
