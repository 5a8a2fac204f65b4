//! Everything from one source, in one answer, as long as that is a good idea.
//!
//! A line that is fast gives all of it. Where it takes long, and tags or the commits that came show where to cut the history,
//! the answer is broken off at its beginning, and slices come from everybody. Else it is read on until what came names what
//! is missing, and whoever has that is asked for it by name: nothing is lost by that, nor by a line that breaks then. git
//! sends trees before files where there are tags; else each tree with its files, so that this is for few commits.

use std::{io::Read, time::Instant};

use mirror_config::{
    errors::Fault,
    git::{Fetch, Session},
    model::{Oid, Ref},
    report::Snapshot,
    transport::http::{Cancel, Patience},
};

use super::{
    cuts::{self, cuts},
    first_request,
    outlook::Outlook,
};
use crate::{
    objects::{
        landing::Landing,
        proof::prefix::{HEAD, Look},
        store::{Parts, Store},
    },
    run::Run,
};

/// Bytes a second at which an answer tells too little to plan by, and is no hurry to read on.
pub const CRAWL: f64 = 32_000.0;
/// Tags, or commits, that are enough to cut a history at.
pub const ENOUGH_CUTS: usize = 8;

/// One request for everything.
#[derive(Debug)]
pub struct OnePiece<'a> {
    /// The run.
    pub run: &'a Run,
    /// Where it lands.
    pub store: &'a Store,
    /// Who is asked.
    pub session: &'a Session,
    /// For what.
    pub wants: &'a [Oid],
    /// The authority's refs: their tags are good places to cut.
    pub refs: &'a [Ref],
    /// Tips that the wants are believed to reach, oldest first.
    pub older: &'a [Oid],
    /// Nobody else could help.
    pub alone: bool,
    /// Files may be asked for by name.
    pub by_name: bool,
}

/// What became of it.
pub enum Came {
    /// All of it has landed.
    Landed,
    /// It comes in slices: the cuts between them, how fast the answer came, in bytes a second, and the bytes that were
    /// received in vain.
    Cut(Vec<Vec<Oid>>, f64, u64),
    /// All but files has landed: how fast it came, its bytes, and what ended it, if not we.
    Files(Landing, f64, u64, Option<Fault>),
}

impl OnePiece<'_> {
    /// Asks, and lands what comes; with the fault come the bytes received in vain.
    pub fn fetch(&self, patience: Patience) -> Result<Came, (Fault, u64)> {
        let run = self.run;
        let since = Instant::now();
        let cancel = Cancel::new();
        let format = self.session.advertisement.object_format();
        let haves = self.store.tips();
        let fetch = Fetch { wants: self.wants, haves: &haves, thin: !haves.is_empty(), ..Fetch::default() };
        let mut whole = first_request::open(&self.session.until(&cancel), &fetch, patience).map_err(|fault| (fault, 0))?;
        let long = whole.is_long(self.alone);
        if long {
            let hint = whole.hint(self.wants, format);
            let tagged = cuts::tagged(self.wants, self.refs) >= ENOUGH_CUTS;
            let known = whole.look.is_past_commits && hint.commits.len() >= ENOUGH_CUTS;
            if tagged || known || !self.by_name || !self.older.is_empty() || hint.rate <= CRAWL {
                return Ok(self.cut(&hint, whole.body().received()));
            }
        }
        // What the store could not keep is not worth receiving, and a pack can go on for ever.
        whole.body().limit(run.select.config.git.store_limit.value);
        let parts = Parts::begin(self.store, &[self.wants.to_vec()]);
        let parts = parts.map_err(|error| (Fault::Local(format!("the store: {error}")), 0))?;
        let mut landing = Landing::begin(self.store).map_err(|fault| (fault, 0))?;
        let flow = whole.flow();
        let shown = {
            let (flow, name) = (flow.clone(), self.session.source.name.clone());
            let look = move || Snapshot { received: flow.bytes(), left: None, rates: vec![(name.clone(), 1.0)] };
            run.journal.receiving(look)
        };
        let (objects, mut outlook, mut may_share) = (whole.look.objects, Outlook::new(self.alone), self.by_name);
        let ended = landing.stream(&mut whole, &mut |arrived| {
            let look = Look { objects, seen: arrived.objects(), files: arrived.files(), is_past_commits: true };
            let help = outlook.wants_help(since.elapsed(), flow.bytes(), flow.waited(), look.left());
            if !help || !may_share {
                return Ok(());
            }
            match arrived.some_missing() {
                Some(object) if !self.gives(&object) => may_share = false,
                // The commits are here, and say where to cut.
                None if !arrived.is_past_commits() => {}
                missing => {
                    tracing::debug!(?look, bytes = flow.bytes(), ?missing, "the rest comes from all");
                    cancel.cancel();
                    return Err(Fault::Canceled);
                }
            }
            Ok(())
        });
        drop(shown);
        let bytes = whole.body().received();
        let rate = bytes as f64 / since.elapsed().as_secs_f64().max(0.001);
        match ended.and_then(|()| landing.whole(self.wants)) {
            Ok(()) => {
                let landed = landing.keep(self.wants).map_err(|fault| (fault, bytes))?;
                parts.clear();
                tracing::debug!(source = self.session.source.name, bytes, objects = landed.objects, "landed");
                run.carried(&self.session.source, bytes, since.elapsed());
                Ok(Came::Landed)
            }
            Err(fault @ (Fault::Canceled | Fault::Cut | Fault::Stalled | Fault::Slow)) => {
                if self.by_name && landing.has_all(self.wants) && landing.missing().is_some() {
                    return Ok(Came::Files(landing, rate, bytes, Some(fault).filter(|fault| *fault != Fault::Canceled)));
                }
                // The line does not carry it in one piece.
                let mut hint = whole.hint(self.wants, format);
                hint.commits = landing.commits(self.wants);
                drop(landing);
                parts.clear();
                Ok(self.cut(&hint, bytes))
            }
            Err(fault) => {
                parts.clear();
                Err((fault, bytes))
            }
        }
    }

    fn cut(&self, hint: &first_request::Hint, wasted: u64) -> Came {
        Came::Cut(cuts(self.wants, self.refs, &hint.commits, self.older, hint.bytes), hint.rate, wasted)
    }

    /// Whether it gives an object by its name: some servers give only what they advertise.
    fn gives(&self, object: &Oid) -> bool {
        let fetch = Fetch { wants: std::slice::from_ref(object), ..Fetch::default() };
        let mut head = [0; HEAD as usize];
        let given = self.session.fetch(&fetch, Patience::REPLACEABLE);
        given.is_ok_and(|mut stream| stream.read_exact(&mut head).is_ok())
    }
}
