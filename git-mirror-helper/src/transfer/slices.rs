//! A transfer in slices: sources join as they answer, slices land as they come, until all is here or nobody is left.

use std::{
    io::{self, Write},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::Session,
    model::Oid,
    report::Event,
};
use tempfile::NamedTempFile;

use super::{
    connection,
    mirrors::Mirrors,
    schedule::SourceId,
    state::{Board, Joining},
};
use crate::{
    objects::{
        landing::{land, tidy},
        pack::Files,
        store::{Part, Parts, Store},
    },
    run::Run,
};

/// Bytes that are worth a pack of their own.
const ENOUGH: u64 = 4 << 20;
/// So many packs are made one when there is time, and at the end.
const MANY: usize = 8;
const FEW: usize = 2;
/// Between two looks at what has happened.
const LOOK: Duration = Duration::from_millis(20);
/// How long mirrors have to answer before upstream is asked for what they may have.
const MIRRORS_FIRST: Duration = Duration::from_secs(1);
/// Times that all may break off before it is over.
const REVIVALS: u32 = 2;

/// What takes part in a transfer.
#[derive(Debug)]
pub struct Slices<'a, 'r> {
    /// The run.
    pub run: &'r Run,
    /// Where it lands.
    pub store: &'a Store,
    /// What git wants.
    pub wants: &'a [Oid],
    /// The mirrors.
    pub mirrors: &'a mut Mirrors<'r>,
    /// Upstream, to step in where mirrors cannot.
    pub upstream: Option<Session>,
}

struct UnderWay {
    board: Arc<Board>,
    joined: Vec<Joined>,
    /// Packs that have landed and are to become one.
    packs: Vec<Files>,
}

/// A source and its connections.
struct Joined {
    id: SourceId,
    session: Session,
    connections: Vec<JoinHandle<()>>,
}

impl Slices<'_, '_> {
    /// Brings all of the cuts into the store, or as much of them as anybody gives; begins with those that are `ready`.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when this machine's disk fails. That nobody serves is no error.
    pub fn fetch(mut self, cuts: Vec<Vec<Oid>>, parts: Parts, ready: Vec<Joining>) -> Result<(), Failure> {
        let board = Arc::new(Board::new(self.run, self.store, cuts, parts, self.upstream.is_some()));
        let mut under_way = UnderWay { board: Arc::clone(&board), joined: Vec::new(), packs: Vec::new() };
        let shown = {
            let board = Arc::clone(&board);
            self.run.journal.receiving(move || board.snapshot())
        };
        self.mirrors.call_all();
        // Upstream takes part once: twice it would not be alone where nobody else is.
        self.upstream.take_if(|_| ready.iter().any(|joining| joining.session.source.is_upstream()));
        ready.into_iter().for_each(|joining| under_way.join(joining));
        let ended = self.until_done(&mut under_way);
        board.close();
        for connection in std::mem::take(&mut under_way.joined).into_iter().flat_map(|joined| joined.connections) {
            // A panic there has been shown already, and its slice is simply not there.
            let _ = connection.join();
        }
        drop(shown);
        under_way.consolidate(FEW);
        board.shares().into_iter().for_each(|share| self.run.journal.note(Event::Carried(share)));
        if board.is_landed() || self.store.has_all(self.wants) {
            board.clear();
        }
        ended
    }

    fn until_done(&mut self, under_way: &mut UnderWay) -> Result<(), Failure> {
        let board = Arc::clone(&under_way.board);
        let started = Instant::now();
        let mut revivals = 0;
        loop {
            while let Some(session) = self.mirrors.next_within(Duration::ZERO) {
                under_way.join(Joining { rate: session.source.expected_rate, ..Joining::of(session) });
            }
            under_way.grow();
            let row = board.ready_to_land(ENOUGH);
            let landed = !row.is_empty() && under_way.land(&row)?;
            if let Some(fault) = board.broken() {
                return Err(self.run.local(&fault));
            }
            // An earlier run may have planned for more than is wanted now.
            if board.is_landed() || (landed && self.store.has_all(self.wants)) {
                return Ok(());
            }
            let mirrors_had_time = !self.mirrors.has_more() || started.elapsed() > MIRRORS_FIRST;
            if mirrors_had_time
                && board.needs_reserve()
                && let Some(upstream) = self.upstream.take()
            {
                under_way.join(Joining::of(upstream));
            }
            if board.is_stuck() && !self.mirrors.has_more() {
                // Who serves has not got it: a tag that was deleted since, or a branch that was rewritten.
                if board.give_up_first(self.wants, empty) {
                    continue;
                }
                if revivals == REVIVALS {
                    return Ok(());
                }
                revivals += 1;
                board.revive();
            }
            if !landed {
                under_way.consolidate(MANY);
                board.nap(LOOK);
            }
        }
    }
}

impl UnderWay {
    fn join(&mut self, joining: Joining) {
        let id = self.board.join(&joining);
        self.joined.push(Joined { id, session: joining.session, connections: Vec::new() });
        self.grow();
    }

    /// Starts the connections that the schedule wishes for, and those that have ended and may try again.
    fn grow(&mut self) {
        for Joined { id, session, connections } in &mut self.joined {
            for number in 0..self.board.connections(*id) {
                if connections.get(number).is_some_and(|connection| !connection.is_finished()) {
                    continue;
                }
                let (board, id, session) = (Arc::clone(&self.board), *id, session.clone());
                let started = thread::spawn(move || connection::serve(&board, &session, id, number));
                match connections.get_mut(number) {
                    Some(ended) => *ended = started,
                    None => connections.push(started),
                }
            }
        }
    }

    /// Lands slices as one pack; if that fails, one by one, to find the one at fault. True when anything landed.
    fn land(&mut self, row: &[Part]) -> Result<bool, Failure> {
        let store = &self.board.store;
        let tips: Vec<Oid> = row.iter().flat_map(|part| self.board.tips(part)).collect();
        let began = Instant::now();
        match land::land_row(row, store, &tips) {
            Ok(landed) => {
                let bytes: u64 = row.iter().map(|part| part.bytes).sum();
                tracing::debug!(slices = row.len(), objects = landed.objects, bytes, took = ?began.elapsed(), "landed");
                self.packs.extend(landed.files);
                row.iter().for_each(|part| self.board.landed(part));
                Ok(true)
            }
            Err(fault @ Fault::Local(_)) => Err(Failure::new(Kind::Io, format!("the store: {fault}"))),
            Err(fault) => match row {
                [part] => {
                    self.board.rejected(part, fault);
                    Ok(false)
                }
                [first, others @ ..] => {
                    tracing::debug!(%fault, slices = row.len(), "do not land together");
                    let landed = self.land(std::slice::from_ref(first))?;
                    if landed { self.land(others).map(|_| true) } else { Ok(false) }
                }
                [] => Ok(false),
            },
        }
    }

    /// Makes one pack of those that have landed, if they are more than so many.
    fn consolidate(&mut self, few: usize) {
        if self.packs.len() > few {
            let packs = std::mem::take(&mut self.packs);
            if let Err(fault) = tidy::consolidate(&packs, &self.board.store) {
                // They are as good, only many.
                tracing::debug!(%fault, "packs stay apart");
            }
        }
    }
}

/// A slice of nothing, in place of one that nobody has.
fn empty(store: &Store) -> io::Result<NamedTempFile> {
    let mut file = Parts::create(store)?;
    file.as_file_mut().write_all(&land::empty_pack(store))?;
    Ok(file)
}
