//! One file whose SHA-256 is known, from whoever has it; a large one from several at once (`segments`).
//!
//! A dead source costs the head start of `select::fallback`. What arrived before a cut is kept, and the next source
//! goes on there (RFC 9110, section 14). A file that is not what it must be is thrown away; if one source sent all of
//! it, that one lied.

use std::{
    fs::File,
    io::{self, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{
    cache::Blobs,
    part::{Open, Part},
    repair::repair,
    segments,
    sources::{SourceId, Sources},
};
use crate::{
    errors::Fault,
    model::{Address, check_address, is_loopback},
    select::{Lineup, Select, Source},
    system::{digest, hex},
    transport::http::{Cancel, Patience, Request, Response, limits},
};

/// Of a longer file others are asked for the last byte. So an answer without an end, or of a false length, costs this at most.
const ALONE: u64 = 128 << 20;
/// So many others are asked for that byte.
const ASKED: usize = 4;

/// A source is watched for so long before it is held against the others.
const WATCHED: Duration = Duration::from_millis(1500);
/// One with less than this share of the fastest one's rate loses its file to another.
const SLOW: f64 = 0.1;

/// The answer to who wants what comes behind the last byte (RFC 9110, section 15.5.17).
const BEHIND_THE_END: Fault = Fault::Status(416);

/// What arrived so far.
struct Partial {
    file: NamedTempFile,
    hasher: Sha256,
    received: u64,
    from: Vec<SourceId>,
}

/// Asks a place for a file, or a part of it, at an address that is not known to be a good one. A page of the outside
/// cannot make us ask this machine.
///
/// # Errors
///
/// [`Fault::Transport`] for an address that is not allowed, else those of [`crate::transport::http::Http::send`].
pub fn ask(
    select: &Select,
    source: &Source,
    address: &Address,
    part: Part,
    cancel: &Cancel,
) -> Result<Response, Fault> {
    let address =
        check_address(address.expose().as_str(), source.is_insecure()).map_err(|why| Fault::Transport(why.what))?;
    if is_loopback(address.expose()) && !is_loopback(source.address.expose()) {
        return Err(Fault::Transport("its index leads to this machine".to_owned()));
    }
    let route = select.proxies.route(address.expose(), source.mirror.as_ref());
    let patience = if part.alone || source.is_upstream() { Patience::LAST } else { Patience::REPLACEABLE };
    let request = Request::get(address.with_credentials_of(&source.address), &route, patience)
        .header("accept-encoding", "identity")
        .apart()
        .until(cancel);
    select.http.send(&match part.header() {
        Some(range) => request.header("range", range),
        None => request,
    })
}

/// The file from the cache, or fetched into it. Who asks for one that is on its way waits for it. Who failed stands in the error, with the reason, in order.
///
/// # Errors
///
/// Everybody who was asked; one of this machine's own has the name `this machine`.
pub fn download(
    sources: &Sources,
    blobs: &Blobs,
    sha256: &str,
    open: &Open,
) -> Result<(File, u64), Vec<(String, Fault)>> {
    let local = |error: io::Error| vec![("this machine".to_owned(), Fault::Local(error.to_string()))];
    let begin = || {
        blobs.create().map(|file| Partial { file, hasher: Sha256::new(), received: 0, from: Vec::new() }).map_err(local)
    };
    let turn = sources.turn(sha256);
    let _turn = turn.lock().expect("nobody panics while holding it");
    if let Some(found) = blobs.get(sha256) {
        return Ok(found);
    }
    let _slot = sources.slot();
    let mut partial = begin()?;
    let mut failed: Vec<(String, Fault)> = Vec::new();
    let mut over: Vec<SourceId> = Vec::new();
    // Those who took too long while there were others.
    let mut late: Vec<SourceId> = Vec::new();
    let mut alone = false;
    let mut tried_segments = false;
    loop {
        let waiting: Vec<_> = sources.order().into_iter().filter(|(id, _)| !over.contains(id)).collect();
        let part = Part { from: partial.received, to: None, alone };
        let ask = Arc::clone(open);
        let openings = sources.openings();
        let mut lineup = Lineup::start(waiting, 1, move |(id, source): &(SourceId, Arc<Source>)| {
            openings.during(*id, || ask(source, part, &Cancel::new()))
        });
        let opened = lineup.next_ready();
        let lost = lineup.take_failed();
        if partial.received > 0 && lost.iter().any(|(_, fault)| *fault == BEHIND_THE_END) {
            // Whoever sent what is here sent too much, so the others have nothing to add.
            partial = begin()?;
            continue;
        }
        for ((id, source), fault) in lost {
            sources.begin(id);
            sources.end(id, 0, 0, None, Some(fault.clone()));
            over.push(id);
            late.extend(is_late(&fault).then_some(id));
            failed.push((source.name.clone(), fault));
        }
        let Some(((id, source), response)) = opened else {
            if alone || late.is_empty() {
                return Err(failed);
            }
            // Nobody else is left: they have all the time there is.
            alone = true;
            over.retain(|id| !late.contains(id));
            continue;
        };
        let before = if response.status == 206 { partial.received } else { 0 };
        if response.length.is_some_and(|length| is_too_much(sources, id, before.saturating_add(length), open)) {
            sources.begin(id);
            sources.end(id, 0, 0, Some(response.first_byte), Some(Fault::TooLarge));
            over.push(id);
            failed.push((source.name.clone(), Fault::TooLarge));
            continue;
        }
        if partial.received == 0
            && let Some(size) = response.length.filter(|size| (segments::WORTH..=limits::FILE).contains(size))
            && !tried_segments
        {
            tried_segments = true;
            if let Ok(sent) = segments::fetch(sources, partial.file.path(), (id, response), size, open) {
                let is_right = digest::sha256(partial.file.as_file()).is_ok_and(|sum| sum == sha256);
                let liar = if is_right { None } else { repair(sources, partial.file.path(), sha256, &sent, open) };
                if let Some(liar) = liar {
                    sources.begin(liar);
                    let fault = Fault::Corrupt("a part of a file of another hash".to_owned());
                    sources.end(liar, 0, 0, None, Some(fault));
                }
                if is_right || liar.is_some() {
                    sent.by.values().filter(|sender| Some(**sender) != liar).for_each(|sender| sources.prove(*sender));
                    return blobs.keep(partial.file, sha256).map(|file| (file, size)).map_err(local);
                }
            }
            // Somebody lied, or all but one failed; one after the other will tell.
            partial = begin()?;
            continue;
        }
        sources.begin(id);
        let first_byte = Some(response.first_byte);
        // Whoever ignores the range sends all of it.
        if response.status != 206 && partial.received > 0 {
            partial = begin()?;
        }
        let before = partial.received;
        let others = waiting_behind(sources, &over, id);
        // One of several files from a source gets a part of its rate.
        let share = || sources.fastest_but(id).map(|fastest| fastest / sources.in_flight(id).max(1) as f64);
        let too_much = |received| is_too_much(sources, id, received, open);
        let outcome = partial.read(id, response, || others.then(share).flatten(), too_much);
        let got = partial.received - before;
        let fault = match outcome {
            // Also when it was given up behind the last byte: nobody could go on there.
            _ if hex(&partial.hasher.clone().finalize()) == sha256 => {
                sources.end(id, got, 0, first_byte, None);
                // What is small says nothing of how it sends what is large.
                if partial.received >= segments::WORTH && partial.from.iter().all(|from| *from == id) {
                    sources.prove(id);
                }
                let size = partial.received;
                return blobs.keep(partial.file, sha256).map(|file| (file, size)).map_err(local);
            }
            Ok(()) if partial.from.iter().all(|from| *from == id) => {
                sources.end(id, 0, got, first_byte, Some(Fault::Corrupt("a file of another hash".to_owned())));
                partial = begin()?;
                Fault::Corrupt("a file of another hash".to_owned())
            }
            Ok(()) => {
                // One of several; from the beginning, this one alone will tell.
                sources.end(id, 0, got, first_byte, None);
                partial = begin()?;
                continue;
            }
            Err(Fault::TooLarge) => {
                sources.end(id, 0, got, first_byte, Some(Fault::TooLarge));
                partial = begin()?;
                Fault::TooLarge
            }
            Err(fault) => {
                sources.end(id, got, 0, first_byte, Some(fault.clone()));
                fault
            }
        };
        over.push(id);
        late.extend(is_late(&fault).then_some(id));
        failed.push((source.name.clone(), fault.clone()));
        if !fault.tries_next_candidate() {
            return Err(failed);
        }
    }
}

/// Whether it was a matter of time only.
fn is_late(fault: &Fault) -> bool {
    matches!(fault, Fault::Timeout | Fault::Stalled | Fault::Slow)
}

/// Whether anybody is left who could go on.
fn waiting_behind(sources: &Sources, over: &[SourceId], id: SourceId) -> bool {
    sources.order().iter().any(|(other, _)| *other != id && !over.contains(other))
}

/// Whether a file of so many bytes is longer than others have it: some say that it ends before, and nobody has its last byte.
fn is_too_much(sources: &Sources, id: SourceId, bytes: u64, open: &Open) -> bool {
    if bytes <= ALONE {
        return false;
    }
    let last = Part { from: bytes - 1, to: Some(bytes), alone: false };
    let mut ends_before = false;
    for (_, source) in sources.order().into_iter().filter(|(other, _)| *other != id).take(ASKED) {
        match open(&source, last, &Cancel::new()) {
            // Whoever ignores the range says how much all of it is.
            Ok(response) if response.status == 206 || response.length.is_some_and(|length| length >= bytes) => {
                return false;
            }
            Ok(response) => ends_before |= response.length.is_some(),
            Err(fault) => ends_before |= fault == BEHIND_THE_END,
        }
    }
    ends_before
}

impl Partial {
    /// Takes what comes, up to the end, unless others turn out to be far faster. Where no end is in sight, others are asked
    /// whether it is `too_much`, once.
    fn read(
        &mut self,
        id: SourceId,
        mut response: Response,
        fastest: impl Fn() -> Option<f64>,
        too_much: impl Fn(u64) -> bool,
    ) -> Result<(), Fault> {
        self.from.push(id);
        response.body.limit(limits::FILE);
        let mut is_known = response.length.is_some();
        let (began, before) = (Instant::now(), self.received);
        let mut looked = began;
        let mut chunk = vec![0; 0x1_0000];
        loop {
            let count = response.body.read(&mut chunk).map_err(|error| Fault::from_io(&error))?;
            if count == 0 {
                return self.file.flush().map_err(|error| Fault::Local(error.to_string()));
            }
            self.hasher.update(&chunk[..count]);
            self.file.write_all(&chunk[..count]).map_err(|error| Fault::Local(error.to_string()))?;
            self.received += count as u64;
            if !is_known && self.received > ALONE {
                is_known = true;
                if too_much(self.received) {
                    return Err(Fault::TooLarge);
                }
            }
            if looked.elapsed() > WATCHED {
                looked = Instant::now();
                let rate = (self.received - before) as f64 / began.elapsed().as_secs_f64();
                if fastest().is_some_and(|fastest| rate < fastest * SLOW) {
                    return Err(Fault::Slow);
                }
            }
        }
    }
}
