//! A server of HTTP/2 under TLS, as small as can be (RFC 9113): each request is answered with a few bytes, and each connection
//! ends as told when something has been answered on it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rustls::{ServerConnection, StreamOwned};

use super::front::{Certificate, Listening, identity};

const PREFACE: usize = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// END_STREAM with DATA, ACK with SETTINGS; END_HEADERS.
const END: u8 = 1;
const END_HEADERS: u8 = 4;

/// How a kept connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesAway {
    /// It says so behind the first answer, and closes.
    AfterAnAnswer,
    /// It says so when the next request is there, which it has not looked at, and closes.
    OnNext,
    /// It refuses the next request.
    Refuses,
    /// It closes without a word when the next request is there.
    Silently,
}

/// What answers `ok` to everything, over HTTP/2.
#[derive(Debug)]
pub struct Http2Server {
    listening: Listening,
    authority: String,
    answered: Arc<AtomicU32>,
}

impl Http2Server {
    /// Starts it, with a certificate by an authority of its own.
    ///
    /// # Panics
    ///
    /// When no certificate can be made.
    pub fn start(goes_away: GoesAway) -> Self {
        let (config, authority, _) = identity(Certificate::Good, "127.0.0.1", false);
        let mut config = (*config).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let (config, answered) = (Arc::new(config), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&answered);
        let listening = Listening::start(move |client| {
            let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            converse(&mut StreamOwned::new(tls, client), goes_away, &count)
        });
        Self { listening, authority, answered }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.listening.port())
    }

    /// The certificate of the authority, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// How many requests have been answered.
    pub fn answered(&self) -> u32 {
        self.answered.load(Ordering::SeqCst)
    }
}

fn converse(
    tls: &mut StreamOwned<ServerConnection, TcpStream>,
    goes_away: GoesAway,
    answered: &AtomicU32,
) -> io::Result<()> {
    tls.read_exact(&mut [0; PREFACE])?;
    tls.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let mut here = 0;
    let go_away = frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    loop {
        let (kind, flags, stream) = next(tls)?;
        match (kind, here) {
            (SETTINGS, _) if flags & END == 0 => tls.write_all(&frame(SETTINGS, END, 0, &[]))?,
            (HEADERS, 0) => {
                here += 1;
                answered.fetch_add(1, Ordering::SeqCst);
                // HPACK's static table has `:status: 200` at 8.
                tls.write_all(&frame(HEADERS, END_HEADERS, stream, &[0x88]))?;
                tls.write_all(&frame(DATA, END, stream, b"ok"))?;
                if goes_away == GoesAway::AfterAnAnswer {
                    tls.write_all(&go_away)?;
                    return tls.sock.shutdown(Shutdown::Both);
                }
            }
            (HEADERS, _) => match goes_away {
                // REFUSED_STREAM
                GoesAway::Refuses => tls.write_all(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 7]))?,
                GoesAway::Silently => return tls.sock.shutdown(Shutdown::Both),
                GoesAway::OnNext | GoesAway::AfterAnAnswer => {
                    tls.write_all(&go_away)?;
                    return tls.sock.shutdown(Shutdown::Both);
                }
            },
            _ => {}
        }
    }
}

/// The next frame: its type, flags and stream; what is in it does not matter here.
fn next(from: &mut impl Read) -> io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    from.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    io::copy(&mut from.take(length.into()), &mut io::sink())?;
    Ok((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]])))
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a few bytes").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
