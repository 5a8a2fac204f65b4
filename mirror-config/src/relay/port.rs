//! The relay's port: the same in every run of a user, and shared by those that run at once.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpSocket};

use crate::state;

/// Below the ports that systems give to outgoing connections, above those of well-known services.
const FIRST: u16 = 20_000;
/// How many there are to choose from.
const COUNT: u16 = 10_000;
/// How many are tried before any port will do.
const TRIES: u8 = 8;

/// Listens on the remembered port, else on one that follows from the state folder's name, else on any.
pub(super) fn listen(state_dir: Option<&Path>) -> io::Result<TcpListener> {
    let memory = state::file(state_dir, "relay.json");
    let remembered: Option<u16> = memory.as_deref().and_then(state::read);
    let guesses = (0..TRIES).map(|attempt| guess(state_dir, attempt));
    for port in remembered.into_iter().chain(guesses) {
        if let Ok(listener) = bind(port) {
            if remembered != Some(port)
                && let Some(path) = &memory
                && let Err(error) = state::change(path, |held: &mut Option<u16>| *held = Some(port))
            {
                tracing::debug!(%error, "the relay's port was not written");
            }
            return Ok(listener);
        }
    }
    bind(0)
}

fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Linux lets only processes of the same user share a port in this way (socket(7)).
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(1024)
}

fn guess(state_dir: Option<&Path>, attempt: u8) -> u16 {
    let mut hasher = Sha256::new();
    hasher.update(state_dir.unwrap_or(Path::new("")).as_os_str().as_encoded_bytes());
    hasher.update([attempt]);
    let sum = hasher.finalize();
    FIRST + u16::from_be_bytes([sum[0], sum[1]]) % COUNT
}
