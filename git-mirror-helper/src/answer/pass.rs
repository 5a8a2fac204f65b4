//! A mirror answers in upstream's place: small, lazy, shallow and filtered fetches, and updates.
//!
//! The answer is spooled and its pack checked before git sees a byte of it, so that a cut, a flipped bit or a lie in
//! the middle is not git's problem: the next mirror answers instead, and upstream after the last one.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    time::Instant,
};

use mirror_config::{
    errors::{Failure, Fault},
    git::{PackStream, Packets},
};
use tempfile::SpooledTempFile;

use super::upstream::{from_upstream, git_is_gone, write_clean};
use crate::{
    authority::{Authority, Opened},
    git::Request,
    objects::{
        landing::land,
        proof::{edge, prefix},
    },
    run::Context,
    transfer::Field,
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

/// Has a mirror answer `body`, which is `request` with what was landed in between; upstream if no mirror can. Where
/// `may_be_large` is false, large answers are handed on as well.
///
/// # Errors
///
/// [`mirror_config::errors::Kind::Exhausted`] when nobody could; what upstream itself failed with.
pub fn pass(
    context: &mut Context,
    field: &mut Field,
    authority: &mut Authority,
    request: &Request,
    body: &[u8],
    may_be_large: bool,
    out: &mut dyn Write,
) -> Result<Passed, Failure> {
    let object_format = authority.advertisement().object_format().to_owned();
    while let Some(opened) = field.next(context) {
        let since = Instant::now();
        if !request.fits(&opened.session.advertisement, &object_format) {
            field.failed(context, &opened, 0, since, Fault::Transport("it cannot do what is asked".to_owned()));
            continue;
        }
        let mut spool = SpooledTempFile::new(IN_MEMORY);
        let patience = field.patience(authority, &opened, context);
        let limit = context.select.config.git.store_limit.value;
        let most = if may_be_large { LARGE } else { u32::MAX };
        match spooled(&opened, request, body, patience, (limit, most), &mut spool) {
            Ok(None) => {
                field.put_back(opened);
                return Ok(Passed::Large);
            }
            Ok(Some(bytes)) => {
                let mirror = &opened.candidate.carrier.mirror;
                context.diary.carried(&mirror.name, &mirror.operator, bytes, since.elapsed());
                field.put_back(opened);
                return hand_over(spool, out).map(|()| Passed::Answered).map_err(|error| git_is_gone(&error));
            }
            Err(fault) => {
                let wasted = spool.stream_position().unwrap_or(0);
                field.failed(context, &opened, wasted, since, fault);
            }
        }
    }
    from_upstream(context, authority, body, out).map(|()| Passed::Answered)
}

/// Reads a mirror's whole answer into the spool, checking its pack on the way. It may have so many bytes, and so many
/// objects: with more than those it is left unread, and there is `None`.
fn spooled(
    opened: &Opened,
    request: &Request,
    body: &[u8],
    patience: mirror_config::transport::http::Patience,
    (limit, most): (u64, u32),
    spool: &mut SpooledTempFile,
) -> Result<Option<u64>, Fault> {
    let object_format = opened.session.advertisement.object_format();
    let mut answer = opened.session.command(body.to_vec(), patience)?;
    answer.limit(limit);
    let tee = Tee { from: answer, copy: spool };
    match PackStream::find(tee, request.is_shallow())? {
        // Only a negotiation may end without a pack.
        None if request.is_done() => return Err(Fault::NotAMirror("an answer without a pack".to_owned())),
        None => {}
        Some(mut pack) => {
            let mut head = Vec::new();
            pack.by_ref().take(prefix::HEAD).read_to_end(&mut head).map_err(|error| Fault::from_io(&error))?;
            if prefix::objects(&head).is_some_and(|objects| objects > most) {
                return Ok(None);
            }
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
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buf)?;
        self.copy.write_all(&buf[..count])?;
        Ok(count)
    }
}
