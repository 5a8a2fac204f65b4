//! One request and its answer on a connection of `server`: paced, counted, and spoiled as told.
//!
//! Which fault is due is `shared`'s to say; git's own answer comes from `backend`.

use std::{
    io::{self, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{
    answer,
    backend::Reply,
    fault::Fault,
    http::{Request, answer_head, chunk},
    pace::Pace,
    shared::Shared,
};

/// The most that an endless answer sends to a client that does not give up.
const ENDLESS: u64 = 2 << 30;
/// How often a waiting exchange looks whether the client has gone or the server stops.
const TICK: Duration = Duration::from_millis(10);
/// The most that is sent in one chunk.
const PIECE: usize = 1 << 14;

/// One request being answered.
pub(crate) struct Exchange<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) stream: &'a TcpStream,
    /// The cap of this connection.
    pub(crate) pace: &'a Pace,
    /// The request's place in the log.
    pub(crate) seen: usize,
    /// Whether it asks for objects.
    pub(crate) is_fetch: bool,
    pub(crate) request: &'a Request,
    pub(crate) drip: Option<Pace>,
}

impl Exchange<'_> {
    /// Answers with a fault or without; an error means that the connection is over.
    pub(crate) fn answer(&mut self, fault: Option<Fault>, user: Option<&str>) -> io::Result<()> {
        self.wait(self.shared.latency())?;
        match fault {
            Some(Fault::BlackHole) => self.hold(),
            Some(Fault::Status { code, headers, body }) => self.whole(code, &headers, &body),
            Some(Fault::Redirect(base)) => {
                let place = format!("{}{}", base.trim_end_matches('/'), self.request.target);
                self.whole(302, &[("Location".to_owned(), place)], b"")
            }
            Some(Fault::EndlessBody) => self.endless(answer::endless_progress()),
            Some(Fault::EndlessPack) => self.endless(answer::endless_pack()),
            Some(Fault::Drip(rate)) => {
                self.drip = Some(Pace::new(rate));
                self.relay(None, user)
            }
            Some(Fault::Delay(time)) => {
                self.wait(time)?;
                self.relay(None, user)
            }
            other => self.relay(other, user),
        }
    }

    /// An answer of a known length.
    pub(crate) fn whole(&mut self, code: u16, headers: &[(String, String)], body: &[u8]) -> io::Result<()> {
        self.write(&answer_head(code, headers, Some(body.len())))?;
        self.write(body)?;
        self.shared.count(self.seen, self.is_fetch, body.len());
        Ok(())
    }

    /// git's own answer, with a fault of the pack it carries.
    fn relay(&mut self, fault: Option<Fault>, user: Option<&str>) -> io::Result<()> {
        let mut child = self.shared.backend.spawn(self.request, user)?;
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let id = self.shared.keep(child);
        let done = self.shared.backend.reply(self.request, stdout).and_then(|reply| match fault {
            Some(fault) => self.spoiled(reply, fault),
            None => self.stream_through(reply),
        });
        self.shared.release(id, done.is_ok());
        done
    }

    fn stream_through(&mut self, mut reply: Reply) -> io::Result<()> {
        self.write(&answer_head(reply.code, &reply.headers, None))?;
        loop {
            let piece = reply.piece()?;
            if piece.is_empty() {
                return self.end();
            }
            self.body(&piece)?;
        }
    }

    /// Takes the whole answer into memory, for only then are shares of it known.
    fn spoiled(&mut self, mut reply: Reply, fault: Fault) -> io::Result<()> {
        let mut body = Vec::new();
        loop {
            let piece = reply.piece()?;
            if piece.is_empty() {
                break;
            }
            body.extend(piece);
        }
        self.write(&answer_head(reply.code, &reply.headers, None))?;
        if answer::pack_ranges(&body).is_empty() {
            self.shared.give_back(&fault);
            self.body(&body)?;
            return self.end();
        }
        match fault {
            Fault::StallAt(place) => {
                self.body(&body[..place.in_bytes(body.len())])?;
                self.hold()
            }
            Fault::CutAt(place) => {
                self.body(&body[..place.in_bytes(body.len())])?;
                self.stream.shutdown(Shutdown::Both)
            }
            Fault::EndAt(place) => {
                self.body(&body[..place.in_bytes(body.len())])?;
                self.end()
            }
            Fault::FlipByteAt(place) => {
                answer::flip(&mut body, |total| place.in_bytes(total));
                self.body(&body)?;
                self.end()
            }
            Fault::SidebandEscapes => {
                self.body(&answer::with_escapes(&body))?;
                self.end()
            }
            other => unreachable!("{other:?} does not spoil a pack"),
        }
    }

    fn endless(&mut self, packets: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        let kind = ("Content-Type".to_owned(), "application/x-git-upload-pack-result".to_owned());
        self.write(&answer_head(200, &[kind], None))?;
        let version_2 = self.request.header("Git-Protocol").is_some_and(|protocol| protocol.contains("version=2"));
        self.body(answer::opening(if version_2 { 2 } else { 0 }))?;
        let mut sent = 0;
        for packet in packets {
            self.body(&packet)?;
            sent += packet.len() as u64;
            if sent > ENDLESS {
                break;
            }
        }
        self.stream.shutdown(Shutdown::Both)
    }

    /// Sends bytes of a body, no faster than all the caps allow.
    fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        let shared = self.shared;
        let size = |paces: &[&Pace]| paces.iter().fold(PIECE, |least, pace| least.min(pace.piece()));
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut paces = vec![&shared.pace, self.pace];
            paces.extend(&self.drip);
            let (piece, after) = rest.split_at(size(&paces).min(rest.len()));
            let pause = paces.iter().map(|pace| pace.take(piece.len())).max().unwrap_or_default();
            self.wait(pause)?;
            self.write(&chunk(piece))?;
            shared.count(self.seen, self.is_fetch, piece.len());
            rest = after;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.write(b"0\r\n\r\n")
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.shared.is_silent() {
            return self.hold();
        }
        let mut stream = self.stream;
        stream.write_all(bytes)
    }

    /// Says nothing more until the client goes or the server stops; always an error.
    fn hold(&mut self) -> io::Result<()> {
        self.wait(Duration::MAX)
    }

    /// Waits; an error when the client goes or the server stops meanwhile.
    fn wait(&mut self, time: Duration) -> io::Result<()> {
        let start = Instant::now();
        while let Some(left) = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            thread::sleep(left.min(TICK));
            if self.shared.is_stopping() || (start.elapsed() >= TICK && self.client_is_gone()) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    }

    fn client_is_gone(&self) -> bool {
        // An error other than "nothing yet" counts as gone; the stream is back to waiting afterwards.
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let restored = self.stream.set_nonblocking(false);
        let nothing_yet = peeked.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        restored.is_err() || (!nothing_yet && !matches!(peeked, Ok(1..)))
    }
}
