//! Places on loopback where no server answers: refused, silent, or unreachable.
//!
//! A server that answers, and then goes wrong, is `git::server` with a `fault`.

use std::{
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// Connections that fill the queue of a listener of std (128, and one) with some to spare.
const QUEUE: usize = 5000;

/// An address where every connection is refused, for as long as the process lives.
///
/// # Panics
///
/// When loopback does not work.
pub fn refused_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener.local_addr().expect("a listener has an address");
    let client = TcpStream::connect(address).expect("our own listener takes connections");
    // A port in use by a client: nobody listens there, and the system gives it to nobody else.
    let port = client.local_addr().expect("a connection has an address").port();
    std::mem::forget((client, listener));
    format!("http://127.0.0.1:{port}")
}

/// Takes connections and never says a word: the handshake is the kernel's, nobody reads.
#[derive(Debug)]
pub struct SilentServer {
    listener: TcpListener,
}

impl SilentServer {
    /// A silent place, until it is dropped.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").expect("loopback has free ports") }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        url(&self.listener)
    }
}

/// Drops what is sent to it: a connection is neither taken nor refused, as behind a filter.
#[derive(Debug)]
pub struct BlackHole {
    listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    /// An unreachable place, until it is dropped. Rests on the system dropping connections beyond a full queue, as
    /// Linux does.
    ///
    /// # Panics
    ///
    /// When loopback does not work, or the queue never fills.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let patience = Duration::from_millis(50);
        let queue: Vec<TcpStream> =
            (0..QUEUE).map_while(|_| TcpStream::connect_timeout(&address, patience).ok()).collect();
        assert!(queue.len() < QUEUE, "the queue of a listener never fills here");
        Self { listener, _queue: queue }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        url(&self.listener)
    }
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("a listener has an address"))
}
