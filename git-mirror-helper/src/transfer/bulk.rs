//! The bulk of a fetch, into the store: in one piece where the line is fast, else in slices from all who serve.
//!
//! A mirror that lags behind is still good for what it has: upstream is asked which of its tips it knows too, and only
//! those are fetched. What no mirror has comes from upstream.

use std::{
    fs::File,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{Fetch, Session},
    model::{Oid, Ref},
    report::Snapshot,
    transport::http::Patience,
};

use super::{
    cuts,
    first_request::{self, Hint, Opening},
    mirrors::Mirrors,
    slices::Slices,
    stale,
    state::Joining,
};
use crate::{
    authority::Authority,
    git::Request,
    objects::{
        landing::{
            land,
            mend::{self, Aside},
            tidy,
        },
        store::{Parts, Store},
    },
};

/// How long one that has everything is waited for, once one has answered that has not.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes a second at which an answer tells too little to plan by.
const CRAWL: f64 = 32_000.0;
/// Cuts that are enough whatever the answer told.
const ENOUGH_CUTS: usize = 8;

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
}

/// What became of a first request.
enum Begun {
    /// All of it has landed.
    Landed,
    /// It comes in slices: the cuts between them, and how fast the answer came, in bytes a second, with what was received
    /// in vain.
    Slices(Vec<Vec<Oid>>, f64, u64),
}

/// How a transfer in slices begins: its cuts, and who has answered.
type Beginning = (Vec<Vec<Oid>>, Vec<Joining>);

impl Bulk<'_, '_> {
    /// Brings as much as there is of the wanted objects into the store. Whatever is missing then is left to the
    /// authority. Returns the lock of the store.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the store cannot be written. That nobody serves is no error.
    pub fn carry(&mut self) -> Result<File, Failure> {
        let run = self.authority.run;
        let waits = || {
            if run.options.verbosity > 0 {
                run.journal.tell("another clone is downloading this repository; waiting for it");
            }
        };
        let held =
            self.store.lock(waits).map_err(|error| Failure::new(Kind::Io, format!("the store is locked: {error}")))?;
        let tell = |aside: &Aside| run.journal.warn(format!("what is kept of {} is damaged: {aside}", run.repository));
        mend::mend(self.store, tell)
            .map_err(|error| Failure::new(Kind::Io, format!("{}: the store: {error}", run.repository)))?;
        let wants = self.request.wants();
        if self.store.has_all(&wants) {
            return Ok(held);
        }
        let (cuts, parts, ready) = match Parts::resume(self.store) {
            Some((cuts, parts)) => {
                let cuts = with_wants(cuts, &wants);
                // A plan that cannot be written costs the next run what this one leaves.
                let _ = parts.write_plan(&cuts);
                (cuts, parts, Vec::new())
            }
            None => match self.begin(&wants)? {
                Some((cuts, ready)) => {
                    let parts = Parts::begin(self.store, &cuts)
                        .map_err(|error| Failure::new(Kind::Io, format!("{}: the store: {error}", run.repository)))?;
                    (cuts, parts, ready)
                }
                None => {
                    tidy::tidy(self.store);
                    return Ok(held);
                }
            },
        };
        tracing::debug!(cuts = cuts.len(), "slices");
        let upstream = self.authority.session().cloned();
        let slices = Slices { run, store: self.store, wants: &wants, mirrors: self.mirrors, upstream };
        slices.fetch(cuts, parts, ready)?;
        tidy::tidy(self.store);
        Ok(held)
    }

    /// Finds out whether the bulk comes in one piece, and lets it; else says how to cut it, and who has answered.
    fn begin(&mut self, wants: &[Oid]) -> Result<Option<Beginning>, Failure> {
        let mut lagging: Vec<Session> = Vec::new();
        // Slow, but it has everything.
        let mut crawler: Option<(Vec<Vec<Oid>>, Joining)> = None;
        loop {
            let longest = if lagging.is_empty() { Duration::MAX } else { GRACE };
            let Some(session) = self.mirrors.next_within(longest) else { break };
            let since = Instant::now();
            let alone = lagging.is_empty() && !self.mirrors.has_more();
            match self.ask(&session, wants, &[], alone) {
                Ok(Begun::Landed) => {
                    self.mirrors.put_back(session);
                    stale::passed_by(self.mirrors, lagging, since);
                    return Ok(None);
                }
                Ok(Begun::Slices(cuts, rate, wasted))
                    if rate > CRAWL || cuts.len() >= ENOUGH_CUTS || !self.mirrors.has_more() =>
                {
                    return Ok(Some((cuts, beside(Joining { session, rate: Some(rate), wasted }, lagging))));
                }
                Ok(Begun::Slices(cuts, rate, wasted)) => {
                    self.mirrors.failed(&session, wasted, since, Fault::Slow);
                    crawler = Some((cuts, Joining { rate: Some(rate), ..Joining::of(session) }));
                }
                Err((Fault::Missing, _)) => lagging.push(session),
                Err((fault, wasted)) => self.lost(&session, wasted, since, fault)?,
            }
        }
        if let Some((cuts, crawler)) = crawler {
            return Ok(Some((cuts, beside(crawler, lagging))));
        }
        if let Some(beginning) = self.begin_with_older(wants, lagging)? {
            return Ok(Some(beginning));
        }
        if self.store.has_all(wants) { Ok(None) } else { self.begin_with_upstream(wants) }
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
            match self.ask(&session, &tips, &all, lagging.is_empty()) {
                Ok(Begun::Landed) => break,
                Ok(Begun::Slices(cuts, rate, wasted)) => {
                    let ready = beside(Joining { session, rate: Some(rate), wasted }, lagging);
                    return Ok(Some((with_wants(cuts, wants), ready)));
                }
                Err((fault, wasted)) => self.lost(&session, wasted, since, fault)?,
            }
        }
        stale::passed_by(self.mirrors, lagging, since);
        Ok(None)
    }

    /// The same with upstream alone.
    fn begin_with_upstream(&mut self, wants: &[Oid]) -> Result<Option<Beginning>, Failure> {
        let Some(session) = self.authority.session().cloned() else { return Ok(None) };
        let since = Instant::now();
        match self.ask(&session, wants, &[], true) {
            Ok(Begun::Landed) => Ok(None),
            Ok(Begun::Slices(cuts, rate, wasted)) => {
                Ok(Some((cuts, vec![Joining { session, rate: Some(rate), wasted }])))
            }
            Err((fault, wasted)) => self.lost(&session, wasted, since, fault).map(|()| None),
        }
    }

    /// Notes that a source failed; a fault of this machine would meet them all.
    fn lost(&self, session: &Session, wasted: u64, since: Instant, fault: Fault) -> Result<(), Failure> {
        if matches!(fault, Fault::Local(_)) {
            return Err(self.authority.run.local(&fault));
        }
        match session.source.is_upstream() {
            true => self.authority.run.failed(&session.source, wasted, since.elapsed(), fault),
            false => self.mirrors.failed(session, wasted, since, fault),
        }
        Ok(())
    }

    /// Asks a source for everything, and lands it if it comes fast; with the fault come the bytes received in vain.
    fn ask(&self, session: &Session, wants: &[Oid], older: &[Oid], alone: bool) -> Result<Begun, (Fault, u64)> {
        let run = self.authority.run;
        let format = self.authority.advertisement().object_format();
        if !self.request.fits(&session.advertisement, format) {
            return Err((Fault::Transport("it cannot do what is asked".to_owned()), 0));
        }
        let source = &session.source;
        let patience = if source.is_upstream() { Patience::LAST } else { self.mirrors.patience(session) };
        let since = Instant::now();
        let haves = self.store.tips();
        let thin = !haves.is_empty();
        let fetch = Fetch { wants, haves: &haves, thin, ..Fetch::default() };
        let in_slices = |hint: &Hint, wasted: u64| {
            Begun::Slices(cuts::cuts(wants, self.refs, &hint.commits, older, hint.bytes), hint.rate, wasted)
        };
        match first_request::open(session, &fetch, patience, alone).map_err(|fault| (fault, 0))? {
            Opening::Slices(hint, wasted) => Ok(in_slices(&hint, wasted)),
            Opening::Whole(mut whole) => {
                // What the store could not keep is not worth receiving, and a pack can go on for ever.
                whole.body().limit(run.select.config.git.store_limit.value);
                let count = Arc::new(AtomicU64::new(0));
                let shown = {
                    let (count, name) = (Arc::clone(&count), source.name.clone());
                    let received = move || count.load(Ordering::Relaxed);
                    let rates = vec![(name, 1.0)];
                    let look = move || Snapshot { received: received(), left: None, rates: rates.clone() };
                    run.journal.receiving(look)
                };
                let landed = land::land(Counted { inner: &mut whole, count: &count }, self.store, wants, thin);
                drop(shown);
                let bytes = whole.body().received();
                let landed = match landed {
                    Ok(landed) => landed,
                    // The line does not carry it in one piece.
                    Err(Fault::Cut | Fault::Stalled | Fault::Slow) => {
                        return Ok(in_slices(&whole.hint(wants, format), bytes));
                    }
                    Err(fault) => return Err((fault, bytes)),
                };
                tracing::debug!(source = source.name, bytes, objects = landed.objects, "landed");
                run.carried(source, bytes, since.elapsed());
                Ok(Begun::Landed)
            }
        }
    }
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

/// A stream whose bytes are counted.
struct Counted<'a, R> {
    inner: R,
    count: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf).inspect(|count| {
            self.count.fetch_add(*count as u64, Ordering::Relaxed);
        })
    }
}
