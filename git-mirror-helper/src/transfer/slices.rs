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
    by_name, connection, cuts,
    in_flight::Rest,
    joining::Joining,
    mirrors::Mirrors,
    schedule::{SourceId, TaskId},
    state::Board,
};
use crate::{
    objects::{
        landing::{Landing, land},
        store::{Part, Parts, Store},
    },
    run::Run,
};

/// Between two looks at what has happened.
const LOOK: Duration = Duration::from_millis(20);
/// How long mirrors have to answer before upstream is asked for what they may have.
const MIRRORS_FIRST: Duration = Duration::from_secs(1);
/// Between two looks at whether the last slices take long.
const LONG_LOOK: Duration = Duration::from_millis(500);
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
    /// Tags come along.
    pub tags: bool,
    /// The mirrors.
    pub mirrors: &'a mut Mirrors<'r>,
    /// Upstream, to step in where mirrors cannot.
    pub upstream: Option<Session>,
    /// The last slices may be broken off, where the rest is to come by name.
    pub may_break_off: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Shared {
    /// Nothing is missing.
    pub whole: bool,
    /// Those that have all of it, and give only what they advertise.
    pub tips_only: Vec<Session>,
    /// There is something that this machine does not take, whoever sends it.
    pub has_large: bool,
    /// What came of the last slices, where the rest is to come by name.
    pub rest: Option<Vec<Rest>>,
    /// Who took part and may go on.
    pub sources: Vec<Joining>,
}

/// What is to be done.
pub struct Work {
    cuts: Vec<Vec<Oid>>,
    parts: Option<Parts>,
    /// What has landed, where only files are missing.
    landing: Option<Landing>,
    /// The wants are known to reach all of it.
    reached: bool,
}

impl Work {
    /// Slices of a history; whether the wants are known to reach all of it.
    pub fn slices(cuts: Vec<Vec<Oid>>, parts: Parts, reached: bool) -> Self {
        Self { cuts, parts: Some(parts), landing: None, reached }
    }

    /// Files, which are all that is missing.
    pub fn files(landing: Landing) -> Self {
        let cuts = cuts::by_name(&landing.missing_files().unwrap_or_default());
        Self { cuts, parts: None, landing: Some(landing), reached: true }
    }

    /// Whether files are asked for by their names.
    pub fn is_by_name(&self) -> bool {
        self.landing.is_some()
    }
}

struct UnderWay {
    board: Arc<Board>,
    joined: Vec<Joined>,
    landing: Landing,
    /// The tips of what has landed, in order.
    tips: Vec<Oid>,
}

/// A source and its connections.
struct Joined {
    id: SourceId,
    session: Session,
    connections: Vec<JoinHandle<()>>,
}

impl Slices<'_, '_> {
    /// Brings all of it into the store, or as much as anybody gives; begins with those that are `ready`.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when this machine's disk fails. That nobody serves is no error.
    pub fn fetch(mut self, work: Work, ready: Vec<Joining>) -> Result<Shared, Failure> {
        let (run, by_name) = (self.run, work.is_by_name());
        let local = |fault: Fault| run.local(&fault);
        let Work { cuts, parts, landing, reached } = work;
        tracing::debug!(cuts = cuts.len(), by_name, "slices");
        let parts = parts.unwrap_or_else(|| Parts::none(self.store));
        let (landed, landing) = match landing {
            Some(landing) => (0, landing),
            None => match self.landed_before(&cuts, &parts) {
                Some(before) => before,
                None => {
                    let landed = cuts.iter().take_while(|cut| self.store.has_all(cut)).count();
                    (landed, Landing::begin(self.store).map_err(local)?)
                }
            },
        };
        let tips = if by_name { self.wants.to_vec() } else { cuts[..landed].concat() };
        let kind = (self.upstream.is_some(), by_name, self.tags);
        let board = Board::new(run, self.store, cuts, (landed, parts), kind, self.wants);
        let board = Arc::new(board);
        let mut under_way = UnderWay { board: Arc::clone(&board), joined: Vec::new(), landing, tips };
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
        let (mut tips_only, mut sources) = (Vec::new(), Vec::new());
        for Joined { id, session, connections } in std::mem::take(&mut under_way.joined) {
            // A panic there has been shown already, and its slice is simply not there.
            connections.into_iter().for_each(|connection| drop(connection.join()));
            if board.tips_only().contains(&id) {
                tips_only.push(session);
            } else if board.is_serving(id) {
                sources.push(Joining::of(session));
            }
        }
        drop(shown);
        let UnderWay { landing, tips, .. } = under_way;
        board.shares().into_iter().for_each(|share| run.journal.note(Event::Carried(share)));
        // What landed of slices is closed, be it all or not; of files it waits for the others.
        let whole = landing.whole(self.wants).is_ok();
        if whole || !by_name {
            // Whoever asks about few tips later has to walk less far.
            let reached_from = if whole && reached { self.wants } else { &tips };
            landing.keep(&tips, reached_from).map_err(local)?;
            board.stored(whole || board.is_landed());
        }
        let has_large = board.is_too_large();
        ended.map(|breaks_off| {
            let rest = breaks_off.then(|| board.take_rest());
            Shared { whole, tips_only, has_large, rest, sources }
        })
    }

    /// How many cuts had landed in a run that was killed, and what it left of them.
    fn landed_before(&self, cuts: &[Vec<Oid>], parts: &Parts) -> Option<(usize, Landing)> {
        let (bytes, landed) = parts.landed()?;
        let landing = Landing::resume(self.store, bytes)?;
        let tips = cuts.get(..landed)?.concat();
        landing.whole(&tips).is_ok().then_some((landed, landing))
    }

    fn until_done(&mut self, under_way: &mut UnderWay) -> Result<bool, Failure> {
        let board = Arc::clone(&under_way.board);
        let started = Instant::now();
        let (mut revivals, mut looked) = (0, started);
        loop {
            while let Some(session) = self.mirrors.next_within(Duration::ZERO) {
                under_way.join(Joining { rate: session.source.expected_rate, ..Joining::of(session) });
            }
            under_way.grow();
            let landed = match board.next_to_land() {
                Some(part) => under_way.land(&part)?,
                None => false,
            };
            if let Some(fault) = board.broken() {
                return Err(self.run.local(&fault));
            }
            // An earlier run may have planned for more than is wanted now.
            let wanted = landed && !board.by_name && under_way.landing.has_all(self.wants);
            if board.is_landed() || wanted || board.is_too_large() {
                return Ok(false);
            }
            if looked.elapsed() > LONG_LOOK {
                looked = Instant::now();
                let last = under_way.to_share(self.may_break_off);
                if !last.is_empty() && !board.by_name {
                    tracing::debug!("the rest comes by name");
                    board.break_all_off();
                    return Ok(true);
                }
                board.break_off(&last);
            }
            for rest in board.take_rest() {
                under_way.share(rest)?;
            }
            let mirrors_had_time = !self.mirrors.has_more() || started.elapsed() > MIRRORS_FIRST;
            // Before upstream has to give what they could: they are asked for tips.
            if mirrors_had_time && board.needs_reserve() && !board.tips_only().is_empty() {
                return Ok(false);
            }
            if mirrors_had_time
                && board.needs_reserve()
                && let Some(upstream) = self.upstream.take()
            {
                under_way.join(Joining::of(upstream));
            }
            if board.is_stuck() && !self.mirrors.has_more() && board.tips_only().is_empty() {
                // Who serves has not got it: a tag that was deleted since, or a branch that was rewritten.
                if board.give_up_first(self.wants, empty) {
                    continue;
                }
                if revivals == REVIVALS {
                    return Ok(false);
                }
                revivals += 1;
                board.revive();
            }
            if !landed {
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

    /// The last slices that take long, and may be shared.
    fn to_share(&self, may_go_by_name: bool) -> Vec<TaskId> {
        let helps = |one: &&Joined| self.board.by_name || may_go_by_name && by_name::has_filter(&one.session);
        let helper = self.joined.iter().find(helps);
        helper.map_or_else(Vec::new, |one| self.board.to_share(one.session.advertisement.object_format()))
    }

    /// Takes in what came of files that were broken off, and has the others asked for, each by itself.
    fn share(&mut self, rest: Rest) -> Result<(), Failure> {
        let failed = |why: String| Failure::new(Kind::Io, format!("the store: {why}"));
        let file = rest.file.reopen().map_err(|error| failed(error.to_string()))?;
        // It ends in the middle; what is whole is kept.
        if let Err(fault @ Fault::Local(_)) = self.landing.stream(file, &mut |_| Ok(())) {
            return Err(failed(fault.to_string()));
        }
        tracing::debug!(cuts = ?rest.range, "each by itself");
        self.board.share(rest.range, |files| self.landing.has_all(files), empty);
        Ok(())
    }

    /// Lands a slice. True when it has landed.
    fn land(&mut self, part: &Part) -> Result<bool, Failure> {
        let tips = self.board.tips(part);
        let began = Instant::now();
        match self.landing.part(part, &tips, !self.board.by_name) {
            Ok(()) => {
                tracing::debug!(cuts = ?part.range, bytes = part.bytes, took = ?began.elapsed(), "landed");
                if !self.board.by_name {
                    self.tips.extend(tips);
                }
                self.board.landed(part, self.landing.bytes());
                Ok(true)
            }
            Err(fault @ Fault::Local(_)) => Err(Failure::new(Kind::Io, format!("the store: {fault}"))),
            Err(fault) => {
                self.board.rejected(part, fault);
                Ok(false)
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
