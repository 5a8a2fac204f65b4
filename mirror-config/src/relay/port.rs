//! The relay's port: the same in every run of a user, for one tool with one authority.
//!
//! Two relays never share a port: they may rest on other evidence. Those that run at once take the next of a few.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpSocket};

/// Below the ports that systems give to outgoing connections, above those of well-known services.
const FIRST: u16 = 20_000;
/// How many there are to choose from.
const COUNT: u16 = 10_000;
/// How many are tried before any port will do.
const TRIES: u8 = 16;

/// Listens on the first free port of those that follow from the name.
pub(super) fn listen(name: &str) -> io::Result<TcpListener> {
    let free = (0..TRIES).find_map(|attempt| bind(guess(name, attempt)).ok());
    free.map_or_else(|| bind(0), Ok)
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Connections of an earlier run may not be forgotten yet.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(1024)
}

fn guess(name: &str, attempt: u8) -> u16 {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([attempt]);
    let sum = hasher.finalize();
    FIRST + u16::from_be_bytes([sum[0], sum[1]]) % COUNT
}
