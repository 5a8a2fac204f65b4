//! The bulk of a fetch, into the store: in one piece where the line is fast, else in slices from all who serve.
//!
//! A mirror that lags behind is still good for what it has: upstream is asked which of its tips it knows too, and only
//! those are fetched. What no mirror has comes from upstream.

use std::{
    fs::File,
    io::{self, Read},
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::Fetch,
    model::{Oid, Ref},
    transport::http::Patience,
};

use super::{
    cuts,
    first_request::{self, Hint, Opening},
    mirrors::Field,
    slices::Slices,
    source::Source,
    stale,
};
use crate::{
    authority::{Authority, Opened},
    git::Request,
    objects::{
        landing::{land, tidy},
        store::{Parts, Store},
    },
    run::Context,
    terminal::{Count, Line, Snapshot},
};

/// How long one that has everything is waited for, once one has answered that has not.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes a second at which an answer tells too little to plan by.
const CRAWL: f64 = 32_000.0;
/// Cuts that are enough whatever the answer told.
const ENOUGH_CUTS: usize = 8;

/// What is wanted, and who wants it.
#[derive(Debug)]
pub struct Bulk<'a> {
    /// Where it lands.
    pub store: &'a Store,
    /// git's request.
    pub request: &'a Request,
    /// The authority's refs: their tags are good places to cut, and a lagging mirror is asked for their names.
    pub refs: &'a [Ref],
}

/// A source and what became of the first request to it.
enum Begun {
    /// All of it has landed.
    Landed,
    /// It comes in slices.
    Slices(Vec<Vec<Oid>>, f64, u64),
}

impl Bulk<'_> {
    /// Brings as much as there is of the wanted objects into the store. Whatever is missing then is left to the
    /// authority. Returns the lock of the store.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the store cannot be written. That nobody serves is no error.
    pub fn carry(&self, context: &mut Context, field: &mut Field, authority: &mut Authority) -> Result<File, Failure> {
        let waits = || {
            if context.options.verbosity > 0 {
                crate::terminal::say("another clone is downloading this repository; waiting for it");
            }
        };
        let held =
            self.store.lock(waits).map_err(|error| Failure::new(Kind::Io, format!("the store is locked: {error}")))?;
        let wants = self.request.wants();
        if self.store.has_all(&wants) {
            return Ok(held);
        }
        let upstream = authority.session().map(|session| Source::upstream(session, &context.repository));
        let (cuts, parts, ready) = match Parts::resume(self.store) {
            Some((cuts, parts)) => {
                let cuts = with_wants(cuts, &wants);
                // A plan that cannot be written costs the next run what this one leaves.
                let _ = parts.write_plan(&cuts);
                (cuts, parts, Vec::new())
            }
            None => match self.begin(context, field, authority, upstream.as_ref())? {
                Some((cuts, ready)) => {
                    let parts = Parts::begin(self.store, &cuts).map_err(|error| {
                        Failure::new(Kind::Io, format!("{}: the store: {error}", context.repository))
                    })?;
                    (cuts, parts, ready)
                }
                None => {
                    tidy::tidy(self.store);
                    return Ok(held);
                }
            },
        };
        tracing::debug!(cuts = cuts.len(), "slices");
        Slices { store: self.store, wants: &wants, upstream, ready }.run(context, field, cuts, parts)?;
        tidy::tidy(self.store);
        Ok(held)
    }

    /// Finds out whether the bulk comes in one piece, and lets it; else says how to cut it, and who has answered.
    #[expect(clippy::type_complexity, reason = "used once, and taken apart at once")]
    fn begin(
        &self,
        context: &mut Context,
        field: &mut Field,
        authority: &mut Authority,
        upstream: Option<&Source>,
    ) -> Result<Option<(Vec<Vec<Oid>>, Vec<(Source, Option<f64>, u64)>)>, Failure> {
        let wants = self.request.wants();
        let mut lagging: Vec<Opened> = Vec::new();
        let mut ready: Vec<(Source, Option<f64>, u64)> = Vec::new();
        // Slow, but it has everything.
        let mut crawler = None;
        loop {
            let longest = if lagging.is_empty() { Duration::MAX } else { GRACE };
            let Some(opened) = field.next_within(context, longest) else { break };
            let since = Instant::now();
            let source = Source::mirror(&opened, &context.repository);
            let patience = field.patience(authority, &opened, context);
            let alone = lagging.is_empty() && !field.has_more();
            match self.ask(context, authority, &source, &wants, &[], (patience, alone)) {
                Ok(Begun::Landed) => {
                    field.put_back(opened);
                    stale::passed_by(context, field, lagging, since);
                    return Ok(None);
                }
                Ok(Begun::Slices(cuts, rate, wasted))
                    if rate > CRAWL || cuts.len() >= ENOUGH_CUTS || !field.has_more() =>
                {
                    ready.push((source, Some(rate), wasted));
                    ready.extend(lagging.iter().map(|opened| (Source::mirror(opened, &context.repository), None, 0)));
                    return Ok(Some((cuts, ready)));
                }
                Ok(Begun::Slices(cuts, rate, wasted)) => {
                    field.failed(context, &opened, wasted, since, Fault::Slow);
                    crawler = Some((cuts, (source, Some(rate), 0)));
                }
                Err((Fault::Missing, _)) => lagging.push(opened),
                Err((fault @ Fault::Local(_), _)) => {
                    return Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)));
                }
                Err((fault, wasted)) => field.failed(context, &opened, wasted, since, fault),
            }
        }
        if let Some((cuts, source)) = crawler {
            ready.push(source);
            ready.extend(lagging.iter().map(|opened| (Source::mirror(opened, &context.repository), None, 0)));
            return Ok(Some((cuts, ready)));
        }
        let older = match lagging.is_empty() {
            true => Vec::new(),
            false => stale::older_tips(context, field, authority, (&wants, self.refs), &mut lagging),
        };
        let since = Instant::now();
        // Who has the most comes first.
        while !older.is_empty() && !lagging.is_empty() {
            let opened = lagging.remove(0);
            let source = Source::mirror(&opened, &context.repository);
            let patience = field.patience(authority, &opened, context);
            let tips: Vec<Oid> =
                older.iter().filter(|(_, who)| who.contains(&source.name)).map(|(tip, _)| tip.clone()).collect();
            if self.store.has_all(&tips) {
                // It landed at an earlier try.
                break;
            }
            let alone = lagging.is_empty();
            match self.ask(context, authority, &source, &tips, &older_only(&older), (patience, alone)) {
                Ok(Begun::Landed) => break,
                Ok(Begun::Slices(cuts, rate, wasted)) => {
                    ready.push((source, Some(rate), wasted));
                    ready.extend(lagging.iter().map(|opened| (Source::mirror(opened, &context.repository), None, 0)));
                    return Ok(Some((with_wants(cuts, &wants), ready)));
                }
                Err((fault @ Fault::Local(_), _)) => {
                    return Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)));
                }
                Err((fault, wasted)) => field.failed(context, &opened, wasted, since, fault),
            }
        }
        stale::passed_by(context, field, lagging, since);
        let Some(source) = upstream.filter(|_| !self.store.has_all(&wants)) else { return Ok(None) };
        match self.ask(context, authority, source, &wants, &[], (Patience::LAST, true)) {
            Ok(Begun::Landed) => Ok(None),
            Ok(Begun::Slices(cuts, rate, wasted)) => Ok(Some((cuts, vec![(source.clone(), Some(rate), wasted)]))),
            Err((fault @ Fault::Local(_), _)) => {
                Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)))
            }
            Err((fault, wasted)) => {
                context.diary.failed(&source.name, &source.operator, wasted, since.elapsed(), fault);
                Ok(None)
            }
        }
    }

    /// Asks a source for everything, and lands it if it comes fast; with the fault come the bytes received in vain.
    fn ask(
        &self,
        context: &mut Context,
        authority: &Authority,
        source: &Source,
        wants: &[Oid],
        older: &[Oid],
        (patience, alone): (Patience, bool),
    ) -> Result<Begun, (Fault, u64)> {
        if !self.request.fits(&source.session.advertisement, authority.advertisement().object_format()) {
            return Err((Fault::Transport("it cannot do what is asked".to_owned()), 0));
        }
        let since = Instant::now();
        let haves = self.store.tips();
        let thin = !haves.is_empty();
        let fetch = Fetch { wants, haves: &haves, thin, ..Fetch::default() };
        let in_slices = |hint: &Hint, wasted: u64| {
            Begun::Slices(cuts::cuts(wants, self.refs, &hint.commits, older, hint.bytes), hint.rate, wasted)
        };
        match first_request::open(&source.session, &fetch, patience, alone).map_err(|fault| (fault, 0))? {
            Opening::Slices(hint, wasted) => Ok(in_slices(&hint, wasted)),
            Opening::Whole(mut whole) => {
                // What the store could not keep is not worth receiving, and a pack can go on for ever.
                whole.body().limit(context.select.config.git.store_limit.value);
                let count = Count::default();
                let shown = {
                    let (count, name) = (count.clone(), source.name.clone());
                    let look = move || Snapshot { received: count.get(), left: None, rates: vec![(name.clone(), 1.0)] };
                    Line::start(context, look)
                };
                let landed = land::land(Counted { inner: &mut whole, count: &count }, self.store, wants, thin);
                drop(shown);
                let bytes = whole.body().received();
                let landed = match landed {
                    Ok(landed) => landed,
                    // The line does not carry it in one piece.
                    Err(Fault::Cut | Fault::Stalled | Fault::Slow) => {
                        let format = authority.advertisement().object_format();
                        return Ok(in_slices(&whole.hint(wants, format), bytes));
                    }
                    Err(fault) => return Err((fault, bytes)),
                };
                tracing::debug!(source = source.name, bytes, objects = landed.objects, "landed");
                context.diary.carried(&source.name, &source.operator, bytes, since.elapsed());
                Ok(Begun::Landed)
            }
        }
    }
}

/// Cuts after which all of these are here as well.
fn with_wants(mut cuts: Vec<Vec<Oid>>, wants: &[Oid]) -> Vec<Vec<Oid>> {
    let last: Vec<Oid> = wants.iter().filter(|want| !cuts.iter().flatten().any(|oid| oid == *want)).cloned().collect();
    if !last.is_empty() {
        cuts.push(last);
    }
    cuts
}

fn older_only(older: &[(Oid, Vec<String>)]) -> Vec<Oid> {
    older.iter().map(|(tip, _)| tip.clone()).collect()
}

/// A stream whose bytes are counted.
struct Counted<'a, R> {
    inner: R,
    count: &'a Count,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf).inspect(|count| self.count.add(*count))
    }
}
