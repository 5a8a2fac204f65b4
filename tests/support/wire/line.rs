//! An answer on its way to a client: paced, counted, silent or held as told.
//!
//! Knows HTTP's framing and nothing of what is said.

use std::{
    io::{self, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    http::{answer_head, chunk},
    pace::Pace,
    state::Wire,
};

/// How often a waiting answer looks whether the client has gone or the server stops.
const TICK: Duration = Duration::from_millis(10);
/// The most that is sent in one piece.
const PIECE: usize = 1 << 14;

/// The way of one answer.
pub(crate) struct Line<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) stream: &'a TcpStream,
    /// The cap of this connection.
    pub(crate) pace: &'a Pace,
    /// The request's place in the log.
    pub(crate) place: usize,
    /// Where bytes of the body are counted too.
    pub(crate) tally: Option<&'a AtomicU64>,
    /// The cap of this answer.
    pub(crate) drip: Option<Pace>,
}

impl Line<'_> {
    /// The head of an answer. Without a length the body has to be sent by [`Line::chunks`] and [`Line::end`].
    pub(crate) fn head(&self, code: u16, headers: &[(String, String)], length: Option<usize>) -> io::Result<()> {
        self.write(&answer_head(code, headers, length))?;
        self.wire.note_status(self.place, code);
        Ok(())
    }

    /// An answer of a known length, at once.
    pub(crate) fn whole(&self, code: u16, headers: &[(String, String)], body: &[u8]) -> io::Result<()> {
        self.head(code, headers, Some(body.len()))?;
        self.write(body)?;
        self.count(body.len());
        Ok(())
    }

    /// Sends bytes of a body in chunks, no faster than all the caps allow.
    pub(crate) fn chunks(&self, bytes: &[u8]) -> io::Result<()> {
        self.paced(bytes, |piece| self.write(&chunk(piece)))
    }

    /// Sends bytes of a body of a known length, no faster than all the caps allow.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        self.paced(bytes, |piece| self.write(piece))
    }

    /// Ends a body of chunks.
    pub(crate) fn end(&self) -> io::Result<()> {
        self.write(b"0\r\n\r\n")
    }

    /// Closes the connection, wherever the answer is.
    pub(crate) fn cut(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Both)
    }

    /// Says nothing more until the client goes or the server stops; always an error.
    pub(crate) fn hold(&self) -> io::Result<()> {
        self.wait(Duration::MAX)
    }

    /// Waits; an error when the client goes or the server stops meanwhile.
    pub(crate) fn wait(&self, time: Duration) -> io::Result<()> {
        let start = Instant::now();
        while let Some(left) = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            thread::sleep(left.min(TICK));
            if self.wire.is_stopping() || (start.elapsed() >= TICK && self.client_is_gone()) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    }

    fn paced(&self, bytes: &[u8], send: impl Fn(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut paces = vec![&self.wire.pace, self.pace];
        paces.extend(&self.drip);
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = paces.iter().fold(PIECE, |least, pace| least.min(pace.piece()));
            let (piece, after) = rest.split_at(size.min(rest.len()));
            let pause = paces.iter().map(|pace| pace.take(piece.len())).max().unwrap_or_default();
            self.wait(pause)?;
            send(piece)?;
            self.count(piece.len());
            rest = after;
        }
        Ok(())
    }

    fn count(&self, bytes: usize) {
        self.wire.count(self.place, bytes);
        if let Some(tally) = self.tally {
            tally.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.wire.is_silent() {
            return self.hold();
        }
        let mut stream = self.stream;
        stream.write_all(bytes)
    }

    fn client_is_gone(&self) -> bool {
        // An error other than "nothing yet" counts as gone; the stream is back to waiting afterwards.
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let restored = self.stream.set_nonblocking(false);
        let nothing_yet = peeked.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        restored.is_err() || (!nothing_yet && !matches!(peeked, Ok(1..)))
    }
}
