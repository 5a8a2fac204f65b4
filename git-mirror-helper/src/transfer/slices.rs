//! A transfer in slices: sources join as they answer, slices land as they come, until all is here or nobody is left.

use std::{
    io::{self, Write},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    model::Oid,
};
use tempfile::NamedTempFile;

use super::{connection, mirrors::Field, source::Source, state::Board};
use crate::{
    objects::{
        landing::{land, tidy},
        pack::Files,
        store::{Part, Parts, Store},
    },
    run::Context,
    terminal::Line,
    transfer::schedule::SourceId,
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
pub struct Slices<'a> {
    /// Where it lands.
    pub store: &'a Store,
    /// What git wants.
    pub wants: &'a [Oid],
    /// Upstream, to step in where mirrors cannot.
    pub upstream: Option<Source>,
    /// Those that have answered: the source, its rate if known, and what was received from it in vain.
    pub ready: Vec<(Source, Option<f64>, u64)>,
}

struct Run {
    board: Arc<Board>,
    joined: Vec<Joined>,
    /// Packs that have landed and are to become one.
    packs: Vec<Files>,
}

/// A source and its connections.
struct Joined {
    id: SourceId,
    source: Source,
    connections: Vec<JoinHandle<()>>,
}

impl Slices<'_> {
    /// Brings all of the cuts into the store, or as much of them as anybody gives.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when this machine's disk fails. That nobody serves is no error.
    pub fn run(
        self,
        context: &mut Context,
        field: &mut Field,
        cuts: Vec<Vec<Oid>>,
        parts: Parts,
    ) -> Result<(), Failure> {
        let config = &context.select.config;
        let connections = usize::try_from(config.git.connections.value).unwrap_or(1);
        let limits = (config.git.store_limit.value, connections);
        let board = Board::new(self.store, cuts, parts, limits, self.upstream.is_some());
        let mut run = Run { board: Arc::new(board), joined: Vec::new(), packs: Vec::new() };
        let shown = {
            let board = Arc::clone(&run.board);
            Line::start(context, move || board.snapshot())
        };
        field.call_all();
        for (source, rate, wasted) in self.ready {
            run.join(source, rate, wasted);
        }
        let ended = run.until_done(context, field, self.upstream, self.wants);
        run.board.close();
        for connection in std::mem::take(&mut run.joined).into_iter().flat_map(|joined| joined.connections) {
            // A panic there has been shown already, and its slice is simply not there.
            let _ = connection.join();
        }
        drop(shown);
        run.consolidate(FEW);
        for source in run.board.sources() {
            context.diary.took_part(source);
        }
        if run.board.is_landed() || self.store.has_all(self.wants) {
            run.board.clear();
        }
        ended
    }
}

impl Run {
    fn until_done(
        &mut self,
        context: &mut Context,
        field: &mut Field,
        mut upstream: Option<Source>,
        wants: &[Oid],
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let mut revivals = 0;
        loop {
            while let Some(opened) = field.next_within(context, Duration::ZERO) {
                let goodput = context
                    .select
                    .health
                    .record(&opened.candidate.carrier.mirror.name, mirror_config::model::Service::Git)
                    .goodput;
                self.join(Source::mirror(&opened, &context.repository), goodput, 0);
            }
            self.grow();
            for (name, fault) in self.board.news() {
                if fault.is_deceit() {
                    crate::terminal::warn(&format!("{name}: {fault}; going on without it"));
                }
            }
            let row = self.board.ready_to_land(ENOUGH);
            let landed = !row.is_empty() && self.land(&row)?;
            if let Some(fault) = self.board.broken() {
                return Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)));
            }
            // An earlier run may have planned for more than is wanted now.
            if self.board.is_landed() || (landed && self.board.store.has_all(wants)) {
                return Ok(());
            }
            let mirrors_had_time = !field.has_more() || started.elapsed() > MIRRORS_FIRST;
            if mirrors_had_time
                && self.board.needs_reserve()
                && let Some(upstream) = upstream.take()
            {
                self.join(upstream, None, 0);
            }
            if self.board.is_stuck() && !field.has_more() {
                // Who serves has not got it: a tag that was deleted since, or a branch that was rewritten.
                if self.board.give_up_first(wants, empty) {
                    continue;
                }
                if revivals == REVIVALS {
                    return Ok(());
                }
                revivals += 1;
                self.board.revive();
            }
            if !landed {
                self.consolidate(MANY);
                self.board.nap(LOOK);
            }
        }
    }

    fn join(&mut self, source: Source, rate: Option<f64>, wasted: u64) {
        let id = self.board.join(&source, rate, wasted);
        self.joined.push(Joined { id, source, connections: Vec::new() });
        self.grow();
    }

    /// Starts the connections that the schedule wishes for, and those that have ended and may try again.
    fn grow(&mut self) {
        for Joined { id, source, connections } in &mut self.joined {
            for number in 0..self.board.connections(*id) {
                if connections.get(number).is_some_and(|connection| !connection.is_finished()) {
                    continue;
                }
                let (board, id, source) = (Arc::clone(&self.board), *id, source.clone());
                let started = thread::spawn(move || connection::serve(&board, &source, id, number));
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
