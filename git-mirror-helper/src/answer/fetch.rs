//! One fetch of git's, answered: bulk through the store, passed to a mirror, or left to the authority.

use std::io::{self, Seek};

use mirror_config::{
    errors::{Failure, Fault},
    git::{PackStream, store::Held},
    model::Oid,
    report::Event,
};

use super::{
    asked::Answer,
    pass::Passed,
    plan::{self, Facts, Plan},
    turn::{self, Turn},
    upstream::from_upstream,
};
use crate::{
    authority::{identity, signers::verify},
    objects::{
        landing::land,
        store::{Store, look},
    },
    transfer::{Bulk, Mirrors},
};

impl Answer<'_, '_> {
    /// Answers one `fetch` request; the closing `0002` is the session's. Returns the store that holds all of it, where one
    /// does.
    ///
    /// # Errors
    ///
    /// What kept everybody from serving.
    pub fn give(self) -> Result<Option<Store>, Failure> {
        let run = self.authority.run;
        run.journal.note(Event::Is(if self.request.is_clone() { "clone" } else { "fetch" }));
        let Some(signers) = run.signers() else { return self.planned(false) };
        verify::verify(self.authority, self.refs, self.request, signers)?;
        // What is not asked for was not looked at.
        let Answer { authority, mirrors, refs, request, out, leftovers } = self;
        Answer { authority, mirrors, refs, request: &request.without_tags(), out, leftovers }.planned(true)
    }

    /// Where objects are looked at (`signed`), a transfer of its own is none: it brings tags along, which nobody has seen.
    fn planned(mut self, signed: bool) -> Result<Option<Store>, Failure> {
        let (run, request) = (self.authority.run, self.request);
        let store = if request.is_clone() { self.store() } else { None };
        let facts = Facts {
            mirrors: self.mirrors.has_more(),
            upstream: self.authority.is_upstream(),
            public: self.authority.session().is_some(),
            here: self.authority.is_kept(),
            store: store.is_some(),
            only_git_takes_in: run.settings.only_git_takes_in,
        };
        let way = plan::plan(request, facts);
        tracing::debug!(?way, ?facts, "plan");
        let is_first = request.is_clone() || request.first_depth().is_some();
        if is_first && facts.mirrors && way != Plan::Authority {
            self.authority.ask_if_whole(&request.wants());
        }
        match (way, store) {
            (Plan::Bulk, Some(store)) => self.stored(&store),
            (Plan::Authority, _) => from_upstream(self.authority, &request.to_bytes(), self.out).map(|()| None),
            // Only in the store can it be held against the pin.
            (Plan::Pass, _) if run.pinned.is_some() && !signed && request.is_update() => self.update(),
            _ => {
                let may_be_large =
                    !signed && request.is_update() && !run.settings.only_git_takes_in && run.env.cache_dir().is_some();
                match self.pass(may_be_large)? {
                    Passed::Answered => Ok(None),
                    Passed::Large => self.update(),
                }
            }
        }
    }

    fn store(&self) -> Option<Store> {
        let run = self.authority.run;
        Store::open(&run.env, &run.repository, self.authority.advertisement().object_format())
    }

    /// A large update. It goes on from what the store has, if that is no older than what git has; else from what git has.
    fn update(&mut self) -> Result<Option<Store>, Failure> {
        let run = self.authority.run;
        let haves = self.request.haves();
        let newest = &haves[..haves.len().min(1)];
        if let Some(store) = self.store().filter(|store| look::is_sound(store) && store.has_all(newest)) {
            return self.stored(&store);
        }
        let store = Store::beside(&run.env, &run.repository, self.authority.advertisement().object_format(), &haves);
        match store.and_then(|store| turn::turn(run, store)) {
            // Its packs are linked into the repository by then, and rest on what is there.
            Some(Turn { store, held }) => self.bulk(&store, held).map(|_| store.discard())?,
            None => {
                self.pass(false)?;
            }
        }
        Ok(None)
    }

    /// A bulk by way of the store that stays.
    fn stored(&mut self, store: &Store) -> Result<Option<Store>, Failure> {
        let run = self.authority.run;
        // The store is there for speed; without one a mirror can still answer.
        let Some(Turn { store: own, held }) = turn::turn(run, store.clone()) else {
            return self.pass(false).map(|_| None);
        };
        let whole = self.bulk(&own, held)?;
        if own.path() != store.path() {
            own.discard();
            return Ok(None);
        }
        store.make_room(run.select.config.git.store_limit.value);
        Ok(whole.then_some(own))
    }

    /// Lands what mirrors have and what upstream adds, and places it in the repository. Whether all of it came that way.
    fn bulk(&mut self, store: &Store, held: Held) -> Result<bool, Failure> {
        let (run, request, refs) = (self.authority.run, self.request, self.refs);
        let mut bulk = Bulk {
            store,
            request,
            refs,
            authority: self.authority,
            mirrors: self.mirrors,
            has_large: false,
            may_break_off: true,
        };
        let carried = bulk.carry();
        let has_large = bulk.has_large;
        if let Err(failure) = carried {
            drop(held);
            // The store is there for speed; without one a mirror can still answer.
            run.journal.warn(failure.what);
            return self.pass(false).map(|_| false);
        }
        look::remember(store);
        if self.authority.is_shallow() || self.upstreams_fault() == Some(Fault::Shallow) {
            // What it gives, and where that ends, is nobody else's to say.
            return from_upstream(self.authority, &request.to_bytes(), self.out).map(|()| false);
        }
        let wants = request.wants();
        let may_give = has_large || self.upstream_may_give();
        let mut whole = store.has_all(&wants);
        // Upstream was asked as well, like a mirror, and could not give it either; what is pinned is nobody else's to add.
        let asked_already = self.authority.session().is_some() && !may_give;
        if !whole && (run.pinned.is_some() || asked_already) {
            return Err(run.exhausted());
        }
        if !whole && !may_give && self.authority.is_upstream() {
            whole = self.rest(store)?;
        }
        if whole {
            // Whoever landed them may have been killed before it wrote that down.
            store.add_tips(&wants);
            identity::check(self.authority, store, refs)?;
            // Others wait meanwhile, lest a pack goes that is about to be placed.
            if self.placed(store)? {
                return Ok(true);
            }
        }
        drop(held);
        if has_large {
            // Those that could not be used may be, now that git itself is to have what they send.
            *self.mirrors = Mirrors::new(self.authority);
        }
        // Whether the wants reach what the store has is not known before they are here.
        match self.authority.is_upstream() {
            true => from_upstream(self.authority, &request.to_bytes(), self.out)?,
            false => drop(self.pass(false)?),
        }
        Ok(false)
    }

    /// Has upstream add what is missing, with the user's credentials. Whether all is here then: what it adds may be more than
    /// can land, and is git's affair.
    fn rest(&mut self, store: &Store) -> Result<bool, Failure> {
        let (run, wants) = (self.authority.run, self.request.wants());
        let tips: Vec<Oid> = store.tips().into_iter().filter(|tip| !wants.contains(tip)).collect();
        if tips.is_empty() {
            return Ok(false);
        }
        let local = |error: io::Error| run.local(&Fault::Local(error.to_string()));
        let mut spool = tempfile::tempfile_in(store.incoming_folder()).map_err(local)?;
        // It ignores what it does not know, so a tip can be declared whoever it came from.
        from_upstream(self.authority, &self.request.with_haves(&tips), &mut spool)?;
        spool.rewind().map_err(local)?;
        let landed =
            PackStream::find(io::BufReader::new(spool), self.request.is_shallow()).and_then(|pack| match pack {
                Some(pack) => land::land(pack, store, &wants).map(|_| true),
                None => Ok(false),
            });
        landed.inspect_err(|fault| tracing::debug!(%fault, "the rest")).or(Ok(false))
    }

    /// Whether upstream could give it to git, though not to the store: it is too large for that, comes only in one piece, or
    /// in a way that our client does not get along with.
    fn upstream_may_give(&self) -> bool {
        match self.upstreams_fault() {
            Some(Fault::TooLarge | Fault::LargeObject | Fault::Missing | Fault::Dialect(_) | Fault::NotAMirror(_)) => {
                true
            }
            Some(Fault::Status(status)) => status < 500,
            _ => false,
        }
    }

    /// The last that went wrong with upstream.
    fn upstreams_fault(&self) -> Option<Fault> {
        let run = self.authority.run;
        let sources = run.journal.report().sources;
        sources.into_iter().find(|source| source.name == run.upstream.name).and_then(|source| source.why)
    }
}
