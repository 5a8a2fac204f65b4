//! A port on loopback, and a thread for each connection to it; all of them end with it.
//!
//! What is said on a connection is the server's matter.

use std::{
    fmt, io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
};

use super::state::{Wire, lock};

/// A port that takes connections until it is stopped or dropped.
pub(crate) struct Connections {
    wire: Arc<Wire>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Connections {
    /// Takes connections on a free port; `converse` is told the server's base address and makes what speaks on each.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub(crate) fn start<C>(wire: &Arc<Wire>, converse: impl FnOnce(&str) -> C) -> Self
    where
        C: Fn(&TcpStream) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let converse = Arc::new(converse(&format!("http://{address}")));
        let for_thread = Arc::clone(wire);
        let accepting = Some(thread::spawn(move || accept(&listener, &for_thread, &converse)));
        Self { wire: Arc::clone(wire), address, accepting }
    }

    /// The base address, `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes all connections, waits for their threads, and refuses new ones from then on.
    pub(crate) fn stop(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.wire.stop();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        // A panic there has been shown already.
        let _ = accepting.join();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connections").field(&self.address).finish()
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept<C>(listener: &TcpListener, wire: &Arc<Wire>, converse: &Arc<C>)
where
    C: Fn(&TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((stream, peer)) = listener.accept() {
        if wire.is_stopping() {
            break;
        }
        let Ok(handle) = stream.try_clone() else { continue };
        // Before its thread starts, so that whoever stops the server finds it.
        lock(&wire.streams).insert(peer, handle);
        let (wire, converse) = (Arc::clone(wire), Arc::clone(converse));
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread::spawn(move || {
            // A client that goes away in the middle is its own business.
            let _ = stream.set_nodelay(true).and_then(|()| converse(&stream));
            let _ = stream.shutdown(Shutdown::Both);
            lock(&wire.streams).remove(&peer);
        }));
    }
    wire.cut_off();
    for thread in threads {
        // A panic there has been shown already.
        let _ = thread.join();
    }
}
