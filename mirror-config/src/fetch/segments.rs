//! A large file in segments, from several sources at once, as `segment_plan` has it. Nothing is believed here: the whole
//! is hashed afterwards. But of each source that has not served well before, the first segment is compared with what another
//! one has there: so one that spoils all it sends costs a segment or two, and not its share.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use super::{
    part::Open,
    repair::{Sent, from_others},
    segment_plan::SegmentPlan,
    sources::{SourceId, Sources},
};
use crate::{
    errors::Fault,
    select::Source,
    transport::http::{Cancel, Response},
};

/// Files of fewer bytes come from one source.
pub(super) const WORTH: u64 = 2 << 20;
/// How often somebody without work looks for some.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes read at a time.
const CHUNK: usize = 0x1_0000;

/// What the connections share.
struct Board {
    state: Mutex<State>,
    started: Instant,
}

struct State {
    plan: SegmentPlan,
    /// What ends the request of a source for a segment.
    cancels: HashMap<(u64, SourceId), Cancel>,
    /// Those who were found to lie.
    liars: BTreeSet<SourceId>,
    /// What is wrong with this machine.
    broken: Option<Fault>,
}

/// Fetches a file of this size into the file at this path, and says who sent what. The first answer is for the whole.
pub(super) fn fetch(
    sources: &Sources,
    path: &Path,
    first: (SourceId, Response),
    size: u64,
    open: &Open,
) -> Result<Sent, Fault> {
    let state = State { plan: SegmentPlan::new(size), cancels: HashMap::new(), liars: BTreeSet::new(), broken: None };
    let board = Board { state: Mutex::new(state), started: Instant::now() };
    let local = |error: std::io::Error| Fault::Local(error.to_string());
    let handle = || File::options().read(true).write(true).open(path).map_err(local);
    handle()?.set_len(size).map_err(local)?;
    let (first_id, response) = first;
    let places: Vec<(SourceId, Arc<Source>)> = sources.order();
    // Upstream is the last one: it takes part only if nobody else does.
    // And nobody waits in the end for one who is silent.
    let takes_part = |id: SourceId, source: &Source| !source.is_upstream() && id != first_id && sources.may_answer(id);
    let mirrors = places.iter().filter(|(id, source)| takes_part(*id, source));
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
    match &state.broken {
        Some(fault) => Err(fault.clone()),
        None if state.plan.is_done() => Ok(Sent { liars: state.liars.iter().copied().collect(), ..state.plan.sent() }),
        None => Err(Fault::Cut),
    }
}

impl Board {
    /// Takes segments from an answer for the whole, as long as the next one is free.
    fn go_on(&self, sources: &Sources, id: SourceId, mut response: Response, mut file: &File) {
        sources.begin(id);
        let first_byte = Some(response.first_byte);
        let mut number = 0;
        let mut used = 0;
        let mut fault = None;
        while fault.is_none() && !self.lock().liars.contains(&id) && self.claim(number, id) {
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
        let mut is_known = sources.is_proven(id);
        while let Some((number, cancel)) = self.next(sources, id) {
            sources.begin(id);
            // A statement of its own: a lock taken inside the next one would be held until an answer comes.
            let part = self.lock().plan.part(number);
            let answer = open(source, part, &cancel).and_then(|response| match response.status {
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
            if !is_known && !canceled {
                is_known = true;
                self.compare(sources, number, id, &file, open);
            }
        }
    }

    /// Compares a segment with what others have there. Who lies is heard no more; whether all else that it sent is to come again,
    /// and who lies where it cannot be told, the hash of the whole will show.
    fn compare(&self, sources: &Sources, number: u64, id: SourceId, mut file: &File, open: &Open) {
        let (part, bytes) = {
            let plan = &self.lock().plan;
            (plan.part(number), plan.bytes(number))
        };
        let mut mine = Vec::new();
        let read = file.seek(SeekFrom::Start(part.from)).and_then(|_| file.take(bytes).read_to_end(&mut mine));
        let Some((other, theirs)) = read.ok().and_then(|_| from_others(sources, open, part, &[id])) else { return };
        if mine == theirs {
            return;
        }
        let (liar, replaced) = match from_others(sources, open, part, &[id, other]) {
            Some((_, third)) if third == mine => (other, None),
            Some((_, third)) if third == theirs => (id, Some((number, other))),
            _ => return,
        };
        let written = file
            .seek(SeekFrom::Start(part.from))
            .and_then(|_| if liar == id { file.write_all(&theirs) } else { Ok(()) });
        if written.is_err() {
            return;
        }
        tracing::debug!(liar, number, "a segment is not what others have there");
        let mut state = self.lock();
        state.liars.insert(liar);
        state.plan.revoke(liar, replaced);
        state.cancels.iter().filter(|((_, whose), _)| *whose == liar).for_each(|(_, cancel)| cancel.cancel());
        drop(state);
        sources.begin(liar);
        sources.end(liar, 0, 0, None, Some(Fault::Corrupt("a part that others have otherwise".to_owned())));
    }

    /// Reads one segment and writes it to its place.
    fn receive(&self, response: &mut Response, number: u64, id: SourceId, file: &mut &File) -> Result<u64, Fault> {
        let local = |error: std::io::Error| Fault::Local(error.to_string());
        let (from, bytes) = {
            let plan = &self.lock().plan;
            (plan.part(number).from, plan.bytes(number))
        };
        let mut left = bytes;
        let mut chunk = vec![0; CHUNK];
        file.seek(SeekFrom::Start(from)).map_err(local)?;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let count = response.body.read(&mut chunk[..most]).map_err(|error| Fault::from_io(&error))?;
            if count == 0 {
                return Err(Fault::Cut);
            }
            left -= count as u64;
            let mut state = self.lock();
            let now = self.started.elapsed();
            if !state.plan.received(number, id, count as u64, now) {
                return Err(Fault::Canceled);
            }
            // While nobody else can say that it is here: what comes too late must not be written over that.
            file.write_all(&chunk[..count]).map_err(local)?;
        }
        Ok(bytes)
    }

    /// The next segment for a source, once there is one.
    fn next(&self, sources: &Sources, id: SourceId) -> Option<(u64, Cancel)> {
        loop {
            let rate = sources.rate(id);
            let mut state = self.lock();
            if state.plan.is_done() || state.broken.is_some() || state.liars.contains(&id) {
                return None;
            }
            if let Some(number) = state.plan.next(id, rate, self.started.elapsed()) {
                let cancel = Cancel::new();
                state.cancels.insert((number, id), cancel.clone());
                return Some((number, cancel));
            }
            drop(state);
            std::thread::sleep(LOOK);
        }
    }

    fn claim(&self, number: u64, id: SourceId) -> bool {
        self.lock().plan.claim(number, id, self.started.elapsed())
    }

    /// A segment arrived, or was lost.
    fn over(&self, number: u64, id: SourceId, fault: Option<&Fault>) {
        let mut state = self.lock();
        state.cancels.remove(&(number, id));
        match fault {
            None => {
                for twin in state.plan.arrived(number, id) {
                    state.cancels.get(&(number, twin)).into_iter().for_each(Cancel::cancel);
                }
            }
            Some(fault) => {
                let was_running = state.plan.lost(number, id);
                if was_running && !fault.tries_next_candidate() {
                    state.broken = Some(fault.clone());
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeSet, HashMap},
        sync::{Arc, Condvar, Mutex},
        time::{Duration, Instant},
    };

    use super::{Board, Fault, SegmentPlan, Source, Sources, State};
    use crate::{fetch::Open, model::Service, transport::Proxies};

    #[test]
    fn who_waits_for_an_answer_holds_nobody_up() {
        let source = |name: &str| {
            let address = "https://h.example/".parse().expect("an address");
            Arc::new(Source::upstream(name, address, &Proxies::default()))
        };
        let (silent, other) = (source("silent"), source("other"));
        let sources = Sources::new(vec![Arc::clone(&silent), Arc::clone(&other)], Service::Wheels);
        let state =
            State { plan: SegmentPlan::new(10 << 20), cancels: HashMap::new(), liars: BTreeSet::new(), broken: None };
        let board = Board { state: Mutex::new(state), started: Instant::now() };
        // Who is silent answers when the other one has been asked, or too late.
        let asked = Arc::new((Mutex::new((false, false)), Condvar::new()));
        let open: Open = {
            let asked = Arc::clone(&asked);
            Arc::new(move |source, _, _| {
                let (state, change) = &*asked;
                let mut state = state.lock().expect("nobody panics");
                if source.name == "upstream:silent" {
                    state.0 = true;
                    change.notify_all();
                    drop(change.wait_timeout_while(state, Duration::from_secs(10), |state| !state.1));
                } else {
                    state.1 = true;
                    change.notify_all();
                }
                Err(Fault::Missing)
            })
        };
        let file = || tempfile::tempfile().expect("a temporary file");
        std::thread::scope(|scope| {
            scope.spawn(|| board.work(&sources, 0, &silent, file(), &open));
            let (state, change) = &*asked;
            drop(change.wait_while(state.lock().expect("nobody panics"), |state| !state.0));
            let began = Instant::now();
            board.work(&sources, 1, &other, file(), &open);
            assert!(began.elapsed() < Duration::from_secs(9), "it waited for who is silent");
        });
    }
}
