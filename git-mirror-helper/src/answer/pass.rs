//! A mirror answers in upstream's place: small, lazy, shallow and filtered fetches, and updates.
//!
//! The answer is spooled and its pack checked before git sees a byte of it, so that a cut, a flipped bit or a lie in
//! the middle is not git's problem: the next mirror answers instead, and upstream after the last one.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use mirror_config::{
    errors::{Failure, Fault},
    git::{PackStream, Packets, Session},
    report::{Event, Snapshot},
    transport::http::Patience,
};
use tempfile::SpooledTempFile;

use super::{
    asked::Answer,
    upstream::{from_upstream, git_is_gone, write_clean},
};
use crate::{
    git::Request,
    objects::{
        landing::land,
        proof::{edge, prefix},
    },
};

/// Spooled answers up to this many bytes stay in memory.
const IN_MEMORY: usize = 4 << 20;

/// Objects from which on an update is worth a transfer of its own.
const LARGE: u32 = 10_000;

/// What became of a request that a mirror was to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// git has its answer.
    Answered,
    /// It is a large update, and git has heard nothing yet.
    Large,
}

impl Answer<'_, '_> {
    /// Has a mirror answer the request; upstream if no mirror can. Where `may_be_large` is false, large answers are handed on as
    /// well.
    ///
    /// # Errors
    ///
    /// [`mirror_config::errors::Kind::Exhausted`] when nobody could; what upstream itself failed with.
    pub fn pass(&mut self, may_be_large: bool) -> Result<Passed, Failure> {
        let run = self.authority.run;
        let object_format = self.authority.advertisement().object_format().to_owned();
        while let Some(session) = self.mirrors.next_ready() {
            let since = Instant::now();
            if !self.request.fits(&session.advertisement, &object_format) {
                let fault = Fault::Transport("it cannot do what is asked".to_owned());
                self.mirrors.failed(&session, 0, since, fault);
                continue;
            }
            let mut spool = SpooledTempFile::new(IN_MEMORY);
            let patience = self.mirrors.patience(&session);
            let limit = run.select.config.git.store_limit.value;
            let most = if may_be_large { LARGE } else { u32::MAX };
            let body = self.request.for_mirror(&session.advertisement);
            let (came, name) = (Came::default(), session.source.name.clone());
            let shown = came.clone();
            let shown = run.journal.receiving(move || shown.snapshot(&name));
            let ended = spooled(&session, self.request, body, patience, (limit, most), (&mut spool, &came));
            drop(shown);
            match ended {
                Ok(None) => {
                    self.mirrors.put_back(session);
                    return Ok(Passed::Large);
                }
                Ok(Some(_)) if self.authority.is_shallow() => break,
                Ok(Some(bytes)) => {
                    run.carried(&session.source, bytes, since.elapsed());
                    self.mirrors.put_back(session);
                    // git says itself what it receives.
                    run.journal.note(Event::Served);
                    return hand_over(spool, self.out).map(|()| Passed::Answered).map_err(|error| git_is_gone(&error));
                }
                Err(fault) => {
                    let wasted = spool.stream_position().unwrap_or(0);
                    self.mirrors.lost(&session, wasted, since, fault);
                }
            }
        }
        from_upstream(self.authority, &self.request.to_bytes(), self.out).map(|()| Passed::Answered)
    }
}

/// Reads a mirror's whole answer into the spool, checking its pack on the way. It may have so many bytes, and so many
/// objects: with more than those it is left unread, and there is `None`.
fn spooled(
    session: &Session,
    request: &Request,
    body: Vec<u8>,
    patience: Patience,
    (limit, most): (u64, u32),
    (spool, came): (&mut SpooledTempFile, &Came),
) -> Result<Option<u64>, Fault> {
    let object_format = session.advertisement.object_format();
    let mut answer = session.command(body, patience)?;
    answer.limit(limit);
    let tee = Tee { from: answer, copy: spool, came };
    match PackStream::find(tee, request.is_shallow())? {
        // Only a negotiation may end without a pack.
        None if request.is_done() => return Err(Fault::NotAMirror("an answer without a pack".to_owned())),
        None => {}
        Some(mut pack) => {
            pack.when_alive(session.sign_of_life());
            let mut head = Vec::new();
            pack.by_ref().take(prefix::HEAD).read_to_end(&mut head).map_err(|error| Fault::from_io(&error))?;
            if prefix::objects(&head).is_some_and(|objects| objects > most) {
                return Ok(None);
            }
            came.is_of(prefix::objects(&head).unwrap_or(0));
            land::check(head.as_slice().chain(pack), object_format)?;
        }
    }
    if let Some(depth) = request.first_depth() {
        edge::check(spool, &request.wants(), depth, object_format)?;
    }
    spool.seek(SeekFrom::End(0)).map(Some).map_err(|error| Fault::Local(error.to_string()))
}

/// Copies an answer to git.
fn hand_over(mut spool: SpooledTempFile, out: &mut dyn Write) -> io::Result<()> {
    spool.rewind()?;
    let mut packets = Packets::new(io::BufReader::new(spool));
    while let Some(packet) = packets.next_packet()? {
        write_clean(packet, out)?;
    }
    Ok(())
}

/// A stream that is copied while it is read.
struct Tee<'a, R> {
    from: R,
    copy: &'a mut SpooledTempFile,
    came: &'a Came,
}

/// Bytes that have come, and objects that the pack has.
#[derive(Debug, Clone, Default)]
struct Came(Arc<[AtomicU64; 2]>);

impl Came {
    fn is_of(&self, objects: u32) {
        self.0[1].store(objects.into(), Ordering::Relaxed);
    }

    fn snapshot(&self, name: &str) -> Snapshot {
        let [received, objects] = [0, 1].map(|n: usize| self.0[n].load(Ordering::Relaxed));
        let left = (objects > 0).then(|| (objects * prefix::USUAL_SIZE).saturating_sub(received));
        Snapshot { received, left, rates: vec![(name.to_owned(), 1.0)], spooled: true, ..Snapshot::default() }
    }
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buf)?;
        self.copy.write_all(&buf[..count])?;
        self.came.0[0].fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
