//! Everything from one source, in one answer, as long as that is a good idea.
//!
//! A line that is fast gives all of it. Where it takes long, everybody is to take part: files that are large are asked for by
//! name, else the history is cut, where tags or the commits that came show where, and the answer is broken off. Where neither
//! is known yet, it is read on until it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use mirror_config::{
    errors::Fault,
    git::{Fetch, Session},
    model::{Oid, Ref},
    report::Snapshot,
    transport::http::{Cancel, Patience},
};

use super::{
    by_name,
    cuts::{self, cuts},
    first_request::{self, Whole},
    outlook::Outlook,
};
use crate::{
    objects::{
        landing::Landing,
        proof::prefix::Look,
        store::{Parts, Store},
    },
    run::Run,
};

/// Bytes a second at which an answer tells too little to plan by, and is no hurry to read on.
pub const CRAWL: f64 = 32_000.0;
/// Bytes of a request that ask for one object: what came is little where names of what is left take more.
const NAME: u64 = 50;
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
    /// Tags come along.
    pub tags: bool,
    /// Nobody else could help.
    pub alone: bool,
    /// Files may be asked for by name.
    pub by_name: bool,
    /// It comes in one piece or not at all.
    pub undivided: bool,
}

/// What became of it.
pub enum Came {
    /// All of it has landed.
    Landed,
    /// It comes in slices: the cuts between them, how fast the answer came, in bytes a second, and the bytes that were
    /// received in vain.
    Cut(Vec<Vec<Oid>>, f64, u64),
    /// Some of it has landed: how fast it came, its bytes, and what ended it, if not we.
    Some(Box<Landing>, f64, u64, Option<Fault>),
}

impl OnePiece<'_> {
    /// Asks, and lands what comes; with the fault come the bytes received in vain.
    pub fn fetch(&self, patience: Patience) -> Result<Came, (Fault, u64)> {
        let run = self.run;
        let since = Instant::now();
        let cancel = Cancel::new();
        let haves = self.store.tips();
        let fetch =
            Fetch { wants: self.wants, haves: &haves, thin: !haves.is_empty(), tags: self.tags, ..Fetch::default() };
        let mut whole =
            first_request::open(&self.session.until(&cancel), &fetch, patience).map_err(|fault| (fault, 0))?;
        let by_name = self.by_name && self.older.is_empty();
        let mut heavy = false;
        if !self.undivided && whole.is_long(self.alone) {
            let rate = whole.rate();
            heavy = by_name && whole.look.is_heavy() && by_name::has_filter(self.session) && rate > CRAWL;
            let tagged = cuts::tagged(self.wants, self.refs) >= ENOUGH_CUTS;
            let known = whole.look.is_past_commits && whole.look.commits >= ENOUGH_CUTS;
            if !heavy && (tagged || known || !by_name || rate <= CRAWL) {
                return Ok(self.cut(whole, None));
            }
        }
        if heavy {
            // What has come is taken in; the next file may take as long as all of it.
            cancel.cancel();
        }
        // What the store could not keep is not worth receiving, and a pack can go on for ever.
        whole.body().limit(run.select.config.git.store_limit.value);
        let parts = Parts::begin(self.store, &[self.wants.to_vec()]);
        let parts = parts.map_err(|error| (Fault::Local(format!("the store: {error}")), 0))?;
        let mut landing = Landing::begin(self.store).map_err(|fault| (fault, 0))?;
        let (flow, objects, landed) = (whole.flow(), whole.look.objects, Arc::new(AtomicU64::new(0)));
        let shown = {
            let (flow, name, landed) = (flow.clone(), self.session.source.name.clone(), Arc::clone(&landed));
            let look = move || Snapshot {
                received: flow.bytes(),
                rates: vec![(name.clone(), 1.0)],
                objects: Some((landed.load(Ordering::Relaxed), objects)),
                ..Snapshot::default()
            };
            run.journal.receiving(look)
        };
        let (mut outlook, mut may_share) = (Outlook::new(self.alone), by_name);
        // All bytes that there will be, as far as that is known once files come: one object may take longer than all others.
        let expected = Arc::new(AtomicU64::new(u64::MAX));
        if by_name && !self.undivided {
            let (expected, mut outlook) = (Arc::clone(&expected), Outlook::new(self.alone));
            whole.stop_when(move |flow| {
                let (bytes, all) = (flow.bytes(), expected.load(Ordering::Relaxed));
                all != u64::MAX && outlook.wants_help(since.elapsed(), bytes, flow.waited(), all.saturating_sub(bytes))
            });
        }
        let (mut unseen, mut is_asked) = (objects, false);
        let ended = landing.stream(&mut whole, &mut |arrived| {
            let (seen, files) = (arrived.objects(), arrived.files());
            landed.store(seen, Ordering::Relaxed);
            let look = Look { objects, seen, files, is_past_commits: arrived.is_past_commits(), ..Look::default() };
            unseen = objects.saturating_sub(seen);
            let pace = flow.bytes() as f64 / since.elapsed().as_secs_f64().max(0.001);
            if may_share && look.is_heavy() && look.left() as f64 > pace {
                // More than a second is left. Who gives only what is advertised is read to the end: what came would be lost.
                if !is_asked && let Some(file) = arrived.some_missing_file() {
                    (may_share, is_asked) = (by_name::gives(self.session, &file), true);
                }
                if may_share && is_asked {
                    expected.store(flow.bytes() + look.left(), Ordering::Relaxed);
                }
            }
            let help = outlook.wants_help(since.elapsed(), flow.bytes(), flow.waited(), look.left());
            if !(help && may_share) {
                return Ok(());
            }
            let file = arrived.some_missing_file();
            if let Some(file) = &file {
                may_share = by_name::gives(self.session, file);
            }
            if may_share && (file.is_some() || look.is_past_commits) {
                tracing::debug!(?look, bytes = flow.bytes(), "the rest comes from all");
                cancel.cancel();
                return Err(Fault::Canceled);
            }
            Ok(())
        });
        drop(shown);
        let bytes = whole.body().received();
        let rate = bytes as f64 / since.elapsed().as_secs_f64().max(0.001);
        match ended.and_then(|()| landing.whole(self.wants)) {
            Ok(()) => {
                let landed = landing.keep(self.wants, self.wants).map_err(|fault| (fault, bytes))?;
                parts.clear();
                tracing::debug!(source = self.session.source.name, bytes, objects = landed.objects, "landed");
                run.carried(&self.session.source, bytes, since.elapsed());
                Ok(Came::Landed)
            }
            Err(fault @ (Fault::Canceled | Fault::Cut | Fault::Stalled | Fault::Slow | Fault::LargeObject))
                if by_name && (fault != Fault::LargeObject || landing.missing_files().is_some()) =>
            {
                // By name all that came is kept; but little is not worth that where names take more.
                if heavy || landing.missing_files().is_some() || unseen.saturating_mul(NAME) < bytes {
                    // Asked for by its name a file comes whole, and then it may be as large as it is.
                    let fault = Some(fault).filter(|fault| !matches!(fault, Fault::Canceled | Fault::LargeObject));
                    return Ok(Came::Some(Box::new(landing), rate, bytes, fault));
                }
                let commits = landing.commits(self.wants);
                parts.clear();
                Ok(self.cut(whole, Some(commits)))
            }
            // The line does not carry it in one piece.
            Err(Fault::Cut | Fault::Stalled | Fault::Slow) if !self.undivided => {
                parts.clear();
                Ok(self.cut(whole, None))
            }
            // Nobody else is left: what came is for the next run.
            Err(fault @ Fault::Crawls(_)) => Err((fault, bytes)),
            Err(fault) => {
                parts.clear();
                Err((fault, bytes))
            }
        }
    }

    /// Breaks an answer off. `commits`: those that came, if its beginning is not all that is known.
    fn cut(&self, whole: Whole, commits: Option<Vec<Oid>>) -> Came {
        let (hint, wasted) = whole.break_off(self.wants, self.session.advertisement.object_format(), commits);
        Came::Cut(cuts(self.wants, self.refs, &hint.commits, self.older, (hint.bytes, hint.rate)), hint.rate, wasted)
    }
}
