//! The bulk of a clone: from a mirror into the store, the next mirror when one fails.
//!
//! A mirror that lags behind is still good for what it has. Whether that is worth having, upstream is asked: only
//! tips that upstream knows as well are fetched.

use std::{fs::File, time::Instant};

use mirror_config::{
    failure::{Failure, Kind},
    fault::Fault,
    refs::{Oid, Ref},
    upload_pack::Fetch,
};

use crate::{
    authority::{Authority, Opened},
    context::Context,
    field::Field,
    objects::{land, store::Store},
    progress::Progress,
    request::Request,
};

/// A mirror that lacks something is taken at once if the next is expected to be this much slower.
const MUCH_SLOWER: u32 = 2;
/// Most refs of a lagging mirror that upstream is asked about.
const MOST_REFS: usize = 1000;

/// What is wanted, and who wants it.
#[derive(Debug)]
pub struct Bulk<'a> {
    /// Where it lands.
    pub store: &'a Store,
    /// git's request.
    pub request: &'a Request,
    /// The authority's refs, whose names a lagging mirror is asked for.
    pub refs: &'a [Ref],
}

impl Bulk<'_> {
    /// Brings as much as mirrors have of the wanted objects into the store. Whatever they lack is left to the authority.
    /// Returns the lock of the store.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the store cannot be written. That no mirror serves is no error.
    pub fn carry(&self, context: &mut Context, field: &mut Field, authority: &mut Authority) -> Result<File, Failure> {
        let started = Instant::now();
        let wants = self.request.wants();
        let held =
            self.store.lock().map_err(|error| Failure::new(Kind::Io, format!("the store is locked: {error}")))?;
        let mut lagging: Vec<Opened> = Vec::new();
        while !self.store.has_all(&wants) {
            let next = field.next(context);
            if let (Some(next), false) = (&next, lagging.is_empty())
                && next.candidate.rank.expected > lagging[0].candidate.rank.expected * MUCH_SLOWER
                && self.take_from_lagging(context, field, authority, &lagging.remove(0))?
            {
                field.put_back(next.clone());
                passed_by(context, field, lagging, started);
                return Ok(held);
            }
            let Some(opened) = next else { break };
            let since = Instant::now();
            match self.take_from(context, field, authority, &opened, &wants) {
                Ok(()) => field.put_back(opened),
                Err((Fault::Missing, _)) => lagging.push(opened),
                Err((fault @ Fault::Local(_), _)) => {
                    return Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)));
                }
                Err((fault, wasted)) => field.failed(context, &opened, wasted, since, fault),
            }
        }
        let mut lagging = lagging.into_iter();
        while !self.store.has_all(&wants)
            && let Some(opened) = lagging.next()
        {
            if self.take_from_lagging(context, field, authority, &opened)? {
                break;
            }
        }
        passed_by(context, field, lagging, started);
        Ok(held)
    }

    /// What a lagging mirror has of the history; false when that is nothing of use.
    fn take_from_lagging(
        &self,
        context: &mut Context,
        field: &mut Field,
        authority: &mut Authority,
        opened: &Opened,
    ) -> Result<bool, Failure> {
        let since = Instant::now();
        let wants = self.request.wants();
        let names: Vec<&str> = self
            .refs
            .iter()
            .filter(|found| found.oid.as_ref().is_some_and(|oid| wants.contains(oid)))
            .map(|found| found.name.as_str())
            .take(MOST_REFS)
            .collect();
        let landed = opened
            .session
            .refs(&names, field.patience(authority, opened, context))
            .and_then(|refs| {
                let tips: Vec<Oid> = refs.into_iter().filter_map(|found| found.oid).take(MOST_REFS).collect();
                authority.common(&wants, &tips)
            })
            .and_then(|mut common| {
                common.sort();
                common.dedup();
                if common.is_empty() { Err(Fault::Missing) } else { Ok(common) }
            })
            .map_err(|fault| (fault, 0))
            .and_then(|common| match self.store.has_all(&common) {
                // It landed at an earlier try.
                true => Ok(()),
                false => self.take_from(context, field, authority, opened, &common),
            });
        match landed {
            Ok(()) => Ok(true),
            Err((fault @ Fault::Local(_), _)) => {
                Err(Failure::new(Kind::Io, format!("{}: {fault}", context.repository)))
            }
            Err((fault, wasted)) => {
                field.failed(context, opened, wasted, since, fault);
                Ok(false)
            }
        }
    }

    /// One slice from one mirror; with the fault come the bytes received in vain.
    fn take_from(
        &self,
        context: &mut Context,
        field: &Field,
        authority: &Authority,
        opened: &Opened,
        wants: &[Oid],
    ) -> Result<(), (Fault, u64)> {
        if !self.request.fits(&opened.session.advertisement, authority.advertisement().object_format()) {
            return Err((Fault::Transport("it cannot do what is asked".to_owned()), 0));
        }
        let since = Instant::now();
        let mirror = &opened.candidate.carrier.mirror;
        let haves = self.store.tips();
        let fetch = Fetch { wants, haves: &haves, ..Fetch::default() };
        let patience = field.patience(authority, opened, context);
        let mut stream = opened.session.fetch(&fetch, patience).map_err(|fault| (fault, 0))?;
        // What the store could not keep is not worth receiving, and a pack can go on for ever.
        stream.get_mut().limit(context.select.config.git_store_limit.value);
        let shown = context.options.progress && context.env.stderr_is_terminal();
        let landed = land::land(Progress::new(&mut stream, &mirror.name, shown), self.store, wants);
        let bytes = stream.get_mut().received();
        let landed = landed.map_err(|fault| (fault, bytes))?;
        tracing::debug!(mirror = mirror.name, bytes, objects = landed.objects, "landed");
        context.diary.carried(&mirror.name, &mirror.operator, bytes, since.elapsed());
        Ok(())
    }
}

/// Mirrors that were asked, lacked something, and are not needed for what they have: the report names them too.
fn passed_by(context: &mut Context, field: &Field, lagging: impl IntoIterator<Item = Opened>, since: Instant) {
    for opened in lagging {
        field.failed(context, &opened, 0, since, Fault::Missing);
    }
}
