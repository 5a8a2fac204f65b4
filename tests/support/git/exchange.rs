//! One request and its answer on a connection of `server`: paced, counted, and spoiled as told.
//!
//! Which fault is due is `server_state`'s to say; git's own answer comes from `backend`.

use std::{io, time::Duration};

use super::{answer, backend::Reply, bomb, dialect::Dialect, forgery::Forgery, server_state::Shared};
use crate::wire::{Fault, Line, Pace, Request, lock};

/// The most that an endless answer sends to a client that does not give up.
const ENDLESS: u64 = 2 << 30;

/// Between two signs of life.
const SIGN: Duration = Duration::from_millis(250);

/// One request being answered.
pub(crate) struct Exchange<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) line: Line<'a>,
    pub(crate) request: &'a Request,
    pub(crate) forgery: &'a Forgery,
}

impl Exchange<'_> {
    /// Answers with a fault or without; an error means that the connection is over.
    pub(crate) fn answer(&mut self, fault: Option<Fault>, user: Option<&str>) -> io::Result<()> {
        self.line.wait(self.shared.wire.latency())?;
        match fault {
            Some(Fault::BlackHole) => self.line.hold(),
            Some(Fault::Status { code, headers, body }) => self.line.whole(code, &headers, &body),
            Some(Fault::Redirect(base)) => {
                let place = format!("{}{}", base.trim_end_matches('/'), self.request.target);
                self.line.whole(302, &[("Location".to_owned(), place)], b"")
            }
            Some(Fault::EndlessBody) => self.endless(answer::endless_progress()),
            Some(Fault::EndlessPack) => self.endless(answer::endless_pack()),
            Some(Fault::Drip(rate)) => {
                self.line.drip = Some(Pace::new(rate));
                self.relay(None, user)
            }
            Some(Fault::Delay(time)) => {
                self.line.wait(time)?;
                self.relay(None, user)
            }
            other => self.relay(other, user),
        }
    }

    /// git's own answer, with a fault of the pack it carries.
    fn relay(&mut self, fault: Option<Fault>, user: Option<&str>) -> io::Result<()> {
        let dialect = self.shared.dialect().clone();
        let (repository, path) = self.shared.backend.place(self.request);
        if let Some((code, headers, body)) = dialect.instead(self.request, &repository, path) {
            return self.line.whole(code, &headers, &body);
        }
        let request = dialect.heard(self.request);
        let hidden = lock(&self.shared.gate).as_ref().and_then(|gate| gate.hides(self.request));
        let mut child = self.shared.backend.spawn(&request, user, hidden.as_deref())?;
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let id = self.shared.keep(child);
        let done = self.shared.backend.reply(&request, stdout).and_then(|reply| match fault {
            Some(fault) => self.spoiled(reply, fault),
            None if dialect.changes(&request) => self.in_dialect(reply, &dialect),
            None if self.names_more() => self.with_more_refs(reply),
            None => self.stream_through(reply),
        });
        self.shared.release(id, done.is_ok());
        done
    }

    /// Whether this is the list of refs, and the server has more to name than there are.
    fn names_more(&self) -> bool {
        let asks = self.request.body.windows(15).any(|window| window == b"command=ls-refs");
        asks && !self.forgery.lines.is_empty()
    }

    fn with_more_refs(&mut self, mut reply: Reply) -> io::Result<()> {
        let body = self.forgery.refs(&all(&mut reply)?);
        self.line.head(reply.code, &reply.headers, None)?;
        self.line.chunks(&body)?;
        self.line.end()
    }

    fn in_dialect(&mut self, mut reply: Reply, dialect: &Dialect) -> io::Result<()> {
        let body = all(&mut reply)?;
        let (headers, body) = dialect.said(self.request, &reply.headers, &body);
        self.line.head(reply.code, &headers, None)?;
        self.line.chunks(&body)?;
        self.line.end()
    }

    fn stream_through(&mut self, mut reply: Reply) -> io::Result<()> {
        self.line.head(reply.code, &reply.headers, None)?;
        loop {
            let piece = reply.piece()?;
            if piece.is_empty() {
                return self.line.end();
            }
            self.line.chunks(&piece)?;
        }
    }

    /// Takes the whole answer into memory, for only then are shares of it known.
    fn spoiled(&mut self, mut reply: Reply, fault: Fault) -> io::Result<()> {
        let mut body = all(&mut reply)?;
        self.line.head(reply.code, &reply.headers, None)?;
        if answer::pack_ranges(&body).is_empty() {
            self.shared.give_back(&fault);
            self.line.chunks(&body)?;
            return self.line.end();
        }
        match fault {
            Fault::StallAt(place) => {
                self.line.chunks(&body[..place.in_bytes(body.len())])?;
                self.line.hold()
            }
            Fault::PauseAt(place, time) => {
                let (before, after) = body.split_at(place.in_bytes(body.len()));
                self.line.chunks(before)?;
                self.line.wait(time)?;
                self.line.chunks(after)?;
                self.line.end()
            }
            Fault::KeepAlive(time) => {
                let (before, pack) = body.split_at(answer::before_pack(&body));
                self.line.chunks(before)?;
                for _ in 0..time.div_duration_f64(SIGN).ceil() as u32 {
                    self.line.wait(SIGN)?;
                    self.line.chunks(&answer::band(1, b""))?;
                }
                self.line.chunks(pack)?;
                self.line.end()
            }
            Fault::CutAt(place) => {
                self.line.chunks(&body[..place.in_bytes(body.len())])?;
                self.line.cut()
            }
            Fault::EndAt(place) => {
                self.line.chunks(&body[..place.in_bytes(body.len())])?;
                self.line.end()
            }
            Fault::FlipByteAt(place) => {
                answer::flip(&mut body, |total| place.in_bytes(total));
                self.line.chunks(&body)?;
                self.line.end()
            }
            Fault::SidebandEscapes => {
                self.line.chunks(&answer::with_escapes(&body))?;
                self.line.end()
            }
            Fault::Bomb(bomb) => {
                self.line.chunks(&bomb::added(&body, bomb))?;
                self.line.end()
            }
            other => unreachable!("{other:?} does not spoil a pack"),
        }
    }

    fn endless(&mut self, packets: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        let kind = ("Content-Type".to_owned(), "application/x-git-upload-pack-result".to_owned());
        self.line.head(200, &[kind], None)?;
        let version_2 = self.request.header("Git-Protocol").is_some_and(|protocol| protocol.contains("version=2"));
        self.line.chunks(answer::opening(if version_2 { 2 } else { 0 }))?;
        let mut sent = 0;
        for packet in packets {
            self.line.chunks(&packet)?;
            sent += packet.len() as u64;
            if sent > ENDLESS {
                break;
            }
        }
        self.line.cut()
    }
}

/// The whole answer, in memory.
fn all(reply: &mut Reply) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let piece = reply.piece()?;
        if piece.is_empty() {
            return Ok(body);
        }
        body.extend(piece);
    }
}
