//! Who speaks where the one that spoke cannot go on: the store for mirrors, mirrors for an upstream that crawls, and upstream
//! once more for mirrors that are too few, if it was no more than late.

use std::time::Duration;

use mirror_config::{
    errors::{Failure, Fault, Kind},
    model::Ref,
};

use super::{
    kept::Kept,
    refs::{Authority, Voice},
    shown::{Shown, Upstream},
    upstream,
    witnesses::Witnesses,
};
use crate::git::Request;

impl Authority<'_> {
    /// Where mirrors say nothing, or nothing that could be believed, the store speaks, if it has all of what was seen. What
    /// goes back behind that is told instead: somebody may have rewritten history.
    pub(super) fn fall_back(&mut self, request: &Request, failure: Failure) -> Result<Vec<Ref>, Failure> {
        let run = self.run;
        let kept = Kept::open(run).filter(|_| matches!(failure.kind, Kind::Exhausted | Kind::Quorum));
        let Some(kept) = kept else { return Err(failure) };
        let Ok((refs, word)) = kept.refs(run, request) else { return Err(failure) };
        run.journal.warn(failure.what);
        run.journal.believed(word.verdict);
        self.word = Some(word);
        self.voice = Voice::Kept(Box::new(kept));
        Ok(refs)
    }

    /// Where mirrors are too few, or say nothing, and upstream was no more than late, it has all the time there is: nobody else
    /// is left. Whether it speaks now.
    pub(super) fn waits_for_upstream(&mut self, failure: &Failure) -> bool {
        let (run, format) = (self.run, self.advertisement().object_format().to_owned());
        let late = matches!(self.silence, Some(Fault::Timeout | Fault::Stalled));
        if !late || !matches!(failure.kind, Kind::Exhausted | Kind::Quorum) {
            return false;
        }
        let (voice, shown) = match upstream::open(run, true) {
            Ok(Upstream::Public(session)) => (Voice::Public(session), Shown::All),
            Ok(Upstream::Child(child, shown)) => (Voice::Child(child), shown),
            Ok(Upstream::Older(_)) | Err(_) => return false,
        };
        let mirrors = std::mem::replace(&mut self.voice, voice);
        if self.advertisement().object_format() != format {
            // git was told otherwise.
            self.voice = mirrors;
            return false;
        }
        if let Some(session) = self.session() {
            run.answered(session);
        }
        (self.private, self.doubtful, self.silence) = (shown != Shown::All, shown == Shown::Doubtful, None);
        true
    }

    /// Upstream was reached, and crawls: mirrors speak in its place, those that could have what git has heard of upstream.
    pub(super) fn give_way(&mut self, fault: Fault) -> Result<(), Failure> {
        let (run, format) = (self.run, self.advertisement().object_format().to_owned());
        run.failed(&run.upstream, 0, Duration::ZERO, fault.clone());
        let mut witnesses = Witnesses::that_answer(run);
        witnesses.keep_only(&format);
        if witnesses.opened.is_empty() {
            return Err(run.exhausted());
        }
        (self.voice, self.silence) = (Voice::Mirrors(witnesses), Some(fault));
        Ok(())
    }
}
