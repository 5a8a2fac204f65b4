//! The bulk of a fetch, into the store: in one piece where the line is fast, else in slices from all who serve.
//!
//! A mirror that lags behind is still good for what it has: upstream is asked which of its tips it knows too, and only
//! those are fetched. What no mirror has comes from upstream.

use std::time::{Duration, Instant};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::Session,
    model::{Oid, Ref},
    transport::http::Patience,
};

use super::{
    by_name,
    cuts::cuts,
    in_flight::Rest,
    joining::Joining,
    left,
    mirrors::Mirrors,
    one_piece::{CRAWL, Came, ENOUGH_CUTS, OnePiece},
    slices::{Shared, Slices, Work},
    stale,
};
use crate::{
    authority::Authority,
    git::Request,
    objects::{
        landing::{
            Landing,
            mend::{self, Aside},
            tidy,
        },
        store::{Parts, Store},
    },
};

/// Sources that are asked for commits and trees alone.
const MOST_ASKED: usize = 3;
/// How long one that has everything is waited for, once one has answered that has not.
const GRACE: Duration = Duration::from_millis(500);

/// What is wanted, where it lands, and who can be asked for it.
#[derive(Debug)]
pub struct Bulk<'a, 'r> {
    /// Where it lands.
    pub store: &'a Store,
    /// git's request.
    pub request: &'a Request,
    /// The authority's refs: their tags are good places to cut, and a lagging mirror is asked for their names.
    pub refs: &'a [Ref],
    /// Who says what the refs are.
    pub authority: &'a mut Authority<'r>,
    /// Who carries.
    pub mirrors: &'a mut Mirrors<'r>,
    /// There is something that only git itself takes: it is not asked for again in a way that cannot hold it.
    pub has_large: bool,
    /// The last slices may be broken off once, when they take long.
    pub may_break_off: bool,
}

/// How a transfer from several sources begins: what is to be done, and who has answered.
enum Beginning {
    Slices(Vec<Vec<Oid>>, Vec<Joining>),
    /// The same, of which nobody has proven that the wants reach all of it.
    Older(Vec<Vec<Oid>>, Vec<Joining>),
    Files(Box<Landing>, Vec<Joining>),
}

impl Bulk<'_, '_> {
    /// Brings as much as there is of the wanted objects into the store, whose lock the caller has. Whatever is missing then is
    /// left to the authority.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the store cannot be written. That nobody serves is no error.
    pub fn carry(&mut self) -> Result<(), Failure> {
        let run = self.authority.run;
        let tell = |aside: &Aside| run.journal.warn(format!("what is kept of {} is damaged: {aside}", run.repository));
        mend::mend(self.store, tell)
            .map_err(|error| Failure::new(Kind::Io, format!("{}: the store: {error}", run.repository)))?;
        let wants = self.request.wants();
        if self.store.has_all(&wants) {
            return Ok(());
        }
        if let Some((then, landing)) = left::of_one_piece(self.store)
            && let (Some(landing), ready) = self.by_name(&then, landing, Vec::new())
        {
            self.share(&then, Work::files(landing), ready)?;
        }
        // Those who give no files by name may still give everything.
        for by_name in [true, false] {
            if self.store.has_all(&wants) || self.has_large {
                break;
            }
            // One cut is no plan: what was to come in one piece begins anew.
            let (work, ready) = match Parts::resume(self.store).filter(|(cuts, _)| cuts.len() > 1) {
                Some((cuts, parts)) => {
                    let cuts = with_wants(cuts, &wants);
                    // A plan that cannot be written costs the next run what this one leaves.
                    let _ = parts.write_plan(&cuts);
                    (Work::slices(cuts, parts, false), Vec::new())
                }
                None => match self.begin(&wants, by_name)? {
                    Some(Beginning::Slices(cuts, ready)) => (self.sliced(cuts, true)?, ready),
                    Some(Beginning::Older(cuts, ready)) => (self.sliced(cuts, false)?, ready),
                    Some(Beginning::Files(landing, ready)) => (Work::files(*landing), ready),
                    None => break,
                },
            };
            let files = work.is_by_name();
            let Shared { whole, tips_only, rest, sources, .. } = self.share(&wants, work, ready)?;
            if let Some(rest) = rest {
                self.rest_by_name(&wants, rest, sources)?;
                continue;
            }
            if !whole && !tips_only.is_empty() {
                self.by_tips(&wants, tips_only)?;
                break;
            }
            if whole || !files {
                break;
            }
        }
        tidy::tidy(self.store);
        Ok(())
    }

    /// A transfer by these cuts, which begins now.
    fn sliced(&self, cuts: Vec<Vec<Oid>>, reached: bool) -> Result<Work, Failure> {
        let failed = |e| Failure::new(Kind::Io, format!("{}: the store: {e}", self.authority.run.repository));
        let parts = Parts::begin(self.store, &cuts).map_err(failed)?;
        Ok(Work::slices(cuts, parts, reached))
    }

    /// The same from sources that have all of it, and give only what they advertise: cut at tags, where there are any, else in
    /// one piece from one after the other.
    fn by_tips(&mut self, wants: &[Oid], sources: Vec<Session>) -> Result<(), Failure> {
        let tags = cuts(wants, self.refs, &[], &[], (0, f64::INFINITY));
        if tags.len() > 1 {
            let ready = sources.iter().cloned().map(Joining::of).collect();
            let work = self.sliced(tags, true)?;
            if self.share(wants, work, ready)?.whole {
                return Ok(());
            }
        }
        for session in sources {
            let since = Instant::now();
            match self.ask(&session, wants, &[], Asking { alone: true, by_name: false, undivided: true }) {
                Ok(_) => break,
                Err((fault, wasted)) => self.lost(&session, wasted, since, fault)?,
            }
        }
        Ok(())
    }

    /// Has everybody take part.
    fn share(&mut self, wants: &[Oid], work: Work, ready: Vec<Joining>) -> Result<Shared, Failure> {
        let upstream = self.authority.session().cloned();
        let run = self.authority.run;
        let tags = self.request.follows_tags();
        let may_break_off = self.may_break_off;
        let slices = Slices { run, store: self.store, wants, tags, mirrors: self.mirrors, upstream, may_break_off };
        let shared = slices.fetch(work, ready)?;
        self.has_large |= shared.has_large;
        Ok(shared)
    }

    /// The rest of a history whose last slices took long: what came of them is taken in, and what is missing comes by name, or else
    /// in slices after all.
    fn rest_by_name(&mut self, wants: &[Oid], rest: Vec<Rest>, sources: Vec<Joining>) -> Result<(), Failure> {
        let run = self.authority.run;
        self.may_break_off = false;
        let landing = left::of_slices(self.store, &rest).map_err(|fault| run.local(&fault))?;
        let (landing, ready) = self.by_name(wants, landing, sources);
        if let Some(landing) = landing {
            // A run that is killed now has left it as if all were to come in one piece.
            let planned = Parts::none(self.store).write_plan(&[wants.to_vec()]);
            planned.map_err(|error| run.local(&Fault::Local(error.to_string())))?;
            self.share(wants, Work::files(landing), ready)?;
        } else if let Some((cuts, parts)) = Parts::resume(self.store) {
            self.share(wants, Work::slices(cuts, parts, false), ready)?;
        }
        Ok(())
    }

    /// Finds out whether the bulk comes in one piece, and lets it; else says how to cut it, and who has answered.
    fn begin(&mut self, wants: &[Oid], by_name: bool) -> Result<Option<Beginning>, Failure> {
        let mut lagging: Vec<Session> = Vec::new();
        // Slow, but it has everything.
        let mut crawler: Option<(Vec<Vec<Oid>>, Joining)> = None;
        loop {
            let longest = if lagging.is_empty() { Duration::MAX } else { GRACE };
            let Some(session) = self.mirrors.next_within(longest) else { break };
            let since = Instant::now();
            let alone = lagging.is_empty() && !self.mirrors.has_more();
            match self.ask(&session, wants, &[], Asking { alone, by_name, undivided: false }) {
                Ok(Came::Landed) => {
                    self.mirrors.put_back(session);
                    stale::passed_by(self.mirrors, lagging, since);
                    return Ok(None);
                }
                Ok(Came::Some(landing, rate, bytes, fault)) => {
                    if let Some(fault) = fault {
                        self.mirrors.failed(&session, 0, since, fault);
                    }
                    let ready = beside(Joining { rate: Some(rate), bytes, ..Joining::of(session) }, lagging);
                    return Ok(Some(self.rest(wants, *landing, ready)));
                }
                Ok(Came::Cut(cuts, rate, wasted))
                    if rate > CRAWL || cuts.len() >= ENOUGH_CUTS || !self.mirrors.has_more() =>
                {
                    let first = Joining { rate: Some(rate), wasted, ..Joining::of(session) };
                    return Ok(Some(Beginning::Slices(cuts, beside(first, lagging))));
                }
                Ok(Came::Cut(cuts, rate, wasted)) => {
                    self.mirrors.failed(&session, wasted, since, Fault::Slow);
                    crawler = Some((cuts, Joining { rate: Some(rate), ..Joining::of(session) }));
                }
                Err((Fault::Missing, _)) => lagging.push(session),
                Err((Fault::LargeObject, _)) => {
                    self.has_large = true;
                    return Ok(None);
                }
                Err((fault, wasted)) => self.lost(&session, wasted, since, fault)?,
            }
        }
        if let Some((cuts, crawler)) = crawler {
            return Ok(Some(Beginning::Slices(cuts, beside(crawler, lagging))));
        }
        if let Some(beginning) = self.begin_with_older(wants, lagging)? {
            return Ok(Some(beginning));
        }
        if self.store.has_all(wants) { Ok(None) } else { self.begin_with_upstream(wants, by_name) }
    }

    /// The same with mirrors that lag behind, for what they have.
    fn begin_with_older(&mut self, wants: &[Oid], mut lagging: Vec<Session>) -> Result<Option<Beginning>, Failure> {
        if lagging.is_empty() {
            return Ok(None);
        }
        let older = stale::older_tips(self.mirrors, self.authority, (wants, self.refs), &mut lagging);
        let since = Instant::now();
        // Who has the most comes first.
        while !older.is_empty() && !lagging.is_empty() {
            let session = lagging.remove(0);
            let has = |(_, who): &&(Oid, Vec<String>)| who.contains(&session.source.name);
            let tips: Vec<Oid> = older.iter().filter(has).map(|(tip, _)| tip.clone()).collect();
            if self.store.has_all(&tips) {
                // It landed at an earlier try.
                break;
            }
            let all: Vec<Oid> = older.iter().map(|(tip, _)| tip.clone()).collect();
            match self.ask(
                &session,
                &tips,
                &all,
                Asking { alone: lagging.is_empty(), by_name: false, undivided: false },
            ) {
                Ok(Came::Landed | Came::Some(..)) => break,
                Ok(Came::Cut(cuts, rate, wasted)) => {
                    let first = Joining { rate: Some(rate), wasted, ..Joining::of(session) };
                    return Ok(Some(Beginning::Older(with_wants(cuts, wants), beside(first, lagging))));
                }
                Err((fault, wasted)) => self.lost(&session, wasted, since, fault)?,
            }
        }
        stale::passed_by(self.mirrors, lagging, since);
        Ok(None)
    }

    /// The same with upstream alone.
    fn begin_with_upstream(&mut self, wants: &[Oid], by_name: bool) -> Result<Option<Beginning>, Failure> {
        let Some(session) = self.authority.session().cloned() else { return Ok(None) };
        let since = Instant::now();
        match self.ask(&session, wants, &[], Asking { alone: true, by_name, undivided: false }) {
            Ok(Came::Landed) => Ok(None),
            Ok(Came::Some(landing, rate, bytes, _)) => {
                let ready = vec![Joining { rate: Some(rate), bytes, ..Joining::of(session) }];
                Ok(Some(self.rest(wants, *landing, ready)))
            }
            Ok(Came::Cut(cuts, rate, wasted)) => {
                let first = Joining { rate: Some(rate), wasted, ..Joining::of(session) };
                Ok(Some(Beginning::Slices(cuts, vec![first])))
            }
            Err((Fault::LargeObject, _)) => {
                self.has_large = true;
                Ok(None)
            }
            Err((fault, wasted)) => self.lost(&session, wasted, since, fault).map(|()| None),
        }
    }

    /// How the rest of something comes that has landed in part: by name, or else in slices.
    fn rest(&mut self, wants: &[Oid], landing: Landing, ready: Vec<Joining>) -> Beginning {
        let commits = landing.commits(wants);
        let bytes = landing.bytes();
        let rate = ready.iter().filter_map(|one| one.rate).fold(0.0, f64::max);
        let (landing, joining) = self.by_name(wants, landing, ready);
        match landing {
            Some(landing) => Beginning::Files(Box::new(landing), joining),
            None => {
                let in_vain = |j: Joining| Joining { wasted: j.wasted + j.bytes, bytes: 0, ..j };
                Beginning::Slices(
                    cuts(wants, self.refs, &commits, &[], (bytes, rate)),
                    joining.into_iter().map(in_vain).collect(),
                )
            }
        }
    }

    /// What has landed, made so that only files are missing, if anybody helps with that: those who are ready, the next that
    /// answer, upstream where nobody does. Those who were asked are handed on.
    fn by_name(
        &mut self,
        wants: &[Oid],
        mut landing: Landing,
        mut ready: Vec<Joining>,
    ) -> (Option<Landing>, Vec<Joining>) {
        let most = self.authority.run.select.config.git.store_limit.value;
        let mut asked = 0;
        while asked < MOST_ASKED {
            if asked == ready.len() {
                let upstream = || self.authority.session().filter(|_| asked == 0).cloned();
                match self.mirrors.next_within(GRACE).or_else(upstream) {
                    Some(session) => ready.push(Joining::of(session)),
                    None => break,
                }
            }
            match by_name::trees(&ready[asked].session, &mut landing, self.store, wants, most) {
                Ok(bytes) => {
                    ready[asked].bytes += bytes;
                    return (Some(landing), ready);
                }
                Err(fault) => tracing::debug!(source = ready[asked].session.source.name, %fault, "no trees alone"),
            }
            asked += 1;
        }
        (None, ready)
    }

    /// Notes that a source failed; a fault of this machine would meet them all.
    fn lost(&mut self, session: &Session, wasted: u64, since: Instant, fault: Fault) -> Result<(), Failure> {
        if matches!(fault, Fault::Local(_)) {
            return Err(self.authority.run.local(&fault));
        }
        match session.source.is_upstream() {
            true => self.authority.run.failed(&session.source, wasted, since.elapsed(), fault),
            false => self.mirrors.lost(session, wasted, since, fault),
        }
        Ok(())
    }

    /// Asks a source for everything.
    fn ask(
        &self,
        session: &Session,
        wants: &[Oid],
        older: &[Oid],
        Asking { alone, by_name, undivided }: Asking,
    ) -> Result<Came, (Fault, u64)> {
        let run = self.authority.run;
        let format = self.authority.advertisement().object_format();
        if !self.request.fits(&session.advertisement, format) {
            return Err((Fault::Transport("it cannot do what is asked".to_owned()), 0));
        }
        let tags = self.request.follows_tags();
        let patience = if session.source.is_upstream() { Patience::LAST } else { self.mirrors.patience(session) };
        OnePiece { run, store: self.store, session, wants, refs: self.refs, older, tags, alone, by_name, undivided }
            .fetch(patience)
    }
}

/// How a source is asked for everything.
#[derive(Debug, Clone, Copy)]
struct Asking {
    /// Nobody else could help.
    alone: bool,
    /// They could be asked for files by name.
    by_name: bool,
    /// It comes in one piece or not at all.
    undivided: bool,
}

/// One that is asked first, with those beside it that have something.
fn beside(first: Joining, others: Vec<Session>) -> Vec<Joining> {
    std::iter::once(first).chain(others.into_iter().map(Joining::of)).collect()
}

/// Cuts after which all of these are here as well.
fn with_wants(mut cuts: Vec<Vec<Oid>>, wants: &[Oid]) -> Vec<Vec<Oid>> {
    let last: Vec<Oid> = wants.iter().filter(|want| !cuts.iter().flatten().any(|oid| oid == *want)).cloned().collect();
    if !last.is_empty() {
        cuts.push(last);
    }
    cuts
}
