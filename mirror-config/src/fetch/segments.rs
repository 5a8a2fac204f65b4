//! A large file in segments, from several sources at once.
//!
//! Whoever answered first goes on from the beginning for as long as nobody else has taken what comes next; the others
//! take segments from the end, each one after the other. A segment that was lost goes back, and one that is late at the
//! end is asked for once more elsewhere. Nothing is believed here: the whole is hashed afterwards.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use super::{
    part::{Open, Part},
    sources::{SourceId, Sources},
};
use crate::{
    errors::Fault,
    select::Source,
    transport::http::{Cancel, Response},
};

/// Files of fewer bytes come from one source.
pub(super) const WORTH: u64 = 2 << 20;
/// Bytes of a segment, at least: a request costs a round trip.
const LEAST: u64 = 256 << 10;
/// And at most: it is what a lost one costs.
const MOST: u64 = 2 << 20;
/// There are so many segments if they are not too small for that.
const COUNT: u64 = 48;
/// A segment is late when it is expected to take so much longer than it would take elsewhere.
const LATE: Duration = Duration::from_millis(500);
/// How often somebody without work looks for some.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes read at a time.
const CHUNK: usize = 0x1_0000;

/// A segment on its way.
struct Running {
    source: SourceId,
    began: Instant,
    received: u64,
    cancel: Cancel,
    doubled: bool,
}

/// What is still to be done.
struct State {
    /// Segments that nobody has begun, by number.
    free: Vec<u64>,
    running: BTreeMap<u64, Vec<Running>>,
    left: u64,
    broken: Option<Fault>,
}

struct Board {
    state: Mutex<State>,
    size: u64,
    segment: u64,
}

/// Fetches a file of this size into the file at this path. The first answer is for the whole.
pub(super) fn fetch(
    sources: &Sources,
    path: &Path,
    first: (SourceId, Response),
    size: u64,
    open: &Open,
) -> Result<(), Fault> {
    let board = Board::new(size);
    let local = |error: std::io::Error| Fault::Local(error.to_string());
    let handle = || File::options().write(true).open(path).map_err(local);
    handle()?.set_len(size).map_err(local)?;
    let (first_id, response) = first;
    let places: Vec<(SourceId, Arc<Source>)> = sources.order();
    // Upstream is the last one: it takes part only if nobody else does.
    let mirrors = places.iter().filter(|(id, source)| !source.is_upstream() && *id != first_id);
    std::thread::scope(|scope| {
        for (id, source) in mirrors {
            let (board, file) = (&board, handle());
            scope.spawn(move || {
                if let Ok(file) = file {
                    board.work(sources, *id, source, file, open);
                }
            });
        }
        if let Ok(file) = handle() {
            board.go_on(sources, first_id, response, &file);
            if let Some((_, source)) = places.iter().find(|(id, _)| *id == first_id) {
                board.work(sources, first_id, source, file, open);
            }
        }
    });
    let state = board.lock();
    match (&state.broken, state.left) {
        (None, 0) => Ok(()),
        (Some(fault), _) => Err(fault.clone()),
        (None, _) => Err(Fault::Cut),
    }
}

impl Board {
    fn new(size: u64) -> Self {
        let segment = (size / COUNT).clamp(LEAST, MOST);
        let count = size.div_ceil(segment);
        let state = State { free: (0..count).collect(), running: BTreeMap::new(), left: count, broken: None };
        Self { state: Mutex::new(state), size, segment }
    }

    fn part(&self, number: u64) -> Part {
        let from = number * self.segment;
        Part { from, to: Some((from + self.segment).min(self.size)) }
    }

    /// Takes segments from an answer for the whole, as long as the next one is free.
    fn go_on(&self, sources: &Sources, id: SourceId, mut response: Response, mut file: &File) {
        sources.begin(id);
        let first_byte = Some(response.first_byte);
        let mut number = 0;
        let mut used = 0;
        let mut fault = None;
        while fault.is_none() && self.claim(number, id, &Cancel::new()) {
            match self.receive(&mut response, number, id, &mut file) {
                Ok(bytes) => used += bytes,
                Err(why) => fault = Some(why),
            }
            self.over(number, id, fault.as_ref());
            number += 1;
        }
        sources.end(id, used, 0, first_byte, fault.filter(|fault| *fault != Fault::Canceled));
    }

    /// Fetches segments until none is left, or the source fails.
    fn work(&self, sources: &Sources, id: SourceId, source: &Source, file: File, open: &Open) {
        while let Some((number, cancel)) = self.next(sources, id) {
            sources.begin(id);
            let answer = open(source, self.part(number), &cancel).and_then(|response| match response.status {
                206 => Ok(response),
                _ => Err(Fault::Said("it does not give parts".to_owned())),
            });
            let (used, first_byte, fault) = match answer {
                Err(fault) => (0, None, Some(fault)),
                Ok(mut response) => {
                    let first_byte = Some(response.first_byte);
                    match self.receive(&mut response, number, id, &mut &file) {
                        Ok(bytes) => (bytes, first_byte, None),
                        Err(fault) => (0, first_byte, Some(fault)),
                    }
                }
            };
            self.over(number, id, fault.as_ref());
            let canceled = fault == Some(Fault::Canceled);
            let failed = fault.is_some() && !canceled;
            sources.end(id, used, 0, first_byte, fault.filter(|_| !canceled));
            if failed {
                return;
            }
        }
    }

    /// Reads one segment and writes it to its place.
    fn receive(&self, response: &mut Response, number: u64, id: SourceId, file: &mut &File) -> Result<u64, Fault> {
        let local = |error: std::io::Error| Fault::Local(error.to_string());
        let part = self.part(number);
        let mut left = part.to.unwrap_or(self.size) - part.from;
        let mut chunk = vec![0; CHUNK];
        file.seek(SeekFrom::Start(part.from)).map_err(local)?;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let count = response.body.read(&mut chunk[..most]).map_err(|error| Fault::from_io(&error))?;
            if count == 0 {
                return Err(Fault::Cut);
            }
            file.write_all(&chunk[..count]).map_err(local)?;
            left -= count as u64;
            self.note(number, id, count as u64)?;
        }
        Ok(part.to.unwrap_or(self.size) - part.from)
    }

    /// The next segment for a source: a free one from the end, or one that is late elsewhere.
    fn next(&self, sources: &Sources, id: SourceId) -> Option<(u64, Cancel)> {
        loop {
            let mut state = self.lock();
            if state.left == 0 || state.broken.is_some() {
                return None;
            }
            let cancel = Cancel::new();
            let number = state.free.pop().or_else(|| self.late(&mut state, sources, id));
            if let Some(number) = number {
                state.run(number, id, &cancel);
                return Some((number, cancel));
            }
            drop(state);
            std::thread::sleep(LOOK);
        }
    }

    /// A segment under way whose end is farther than if this source fetched it anew.
    fn late(&self, state: &mut State, sources: &Sources, id: SourceId) -> Option<u64> {
        let ours = sources.rate(id)?;
        let slowest = state.running.iter_mut().filter_map(|(number, running)| {
            let [only] = running.as_mut_slice() else { return None };
            if only.source == id || only.doubled {
                return None;
            }
            let part = self.part(*number);
            let bytes = (part.to.unwrap_or(self.size) - part.from) as f64;
            let rate = only.received as f64 / only.began.elapsed().as_secs_f64().max(0.001);
            let theirs = (bytes - only.received as f64) / rate.max(1.0);
            (theirs > bytes / ours + LATE.as_secs_f64()).then_some((theirs, *number, only))
        });
        let (_, number, running) = slowest.max_by(|a, b| a.0.total_cmp(&b.0))?;
        running.doubled = true;
        Some(number)
    }

    fn claim(&self, number: u64, id: SourceId, cancel: &Cancel) -> bool {
        let mut state = self.lock();
        let Some(at) = state.free.iter().position(|free| *free == number) else { return false };
        state.free.remove(at);
        state.run(number, id, cancel);
        true
    }

    /// Bytes came; an error when somebody else was faster.
    fn note(&self, number: u64, id: SourceId, bytes: u64) -> Result<(), Fault> {
        let mut state = self.lock();
        let running = state.running.get_mut(&number).and_then(|all| all.iter_mut().find(|one| one.source == id));
        running.ok_or(Fault::Canceled)?.received += bytes;
        Ok(())
    }

    /// A segment arrived, or was lost.
    fn over(&self, number: u64, id: SourceId, fault: Option<&Fault>) {
        let mut state = self.lock();
        let Some(running) = state.running.get_mut(&number) else { return };
        match fault {
            None => {
                running.iter().filter(|one| one.source != id).for_each(|one| one.cancel.cancel());
                state.running.remove(&number);
                state.left -= 1;
            }
            Some(fault) => {
                running.retain(|one| one.source != id);
                running.iter_mut().for_each(|one| one.doubled = false);
                if running.is_empty() {
                    state.running.remove(&number);
                    state.free.push(number);
                }
                if !fault.tries_next_candidate() {
                    state.broken = Some(fault.clone());
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl State {
    fn run(&mut self, number: u64, source: SourceId, cancel: &Cancel) {
        let began = Instant::now();
        let running = Running { source, began, received: 0, cancel: cancel.clone(), doubled: false };
        self.running.entry(number).or_default().push(running);
    }
}
