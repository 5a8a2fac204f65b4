//! One fetch of git's, answered: bulk through the store, passed to a mirror, or left to the authority.

use std::io::Write;

use mirror_config::{
    errors::{Failure, Fault},
    git::Packet,
    model::Oid,
    report::Event,
};

use super::{
    asked::Answer,
    pass::Passed,
    plan::{self, Facts, Plan},
    upstream::{from_upstream, git_is_gone},
};
use crate::{
    authority::{identity, signers::verify},
    git::Request,
    objects::{
        landing::land,
        store::{self, Store, look},
    },
    transfer::Bulk,
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
        let Answer { authority, mirrors, refs, request, out } = self;
        Answer { authority, mirrors, refs, request: &request.without_tags(), out }.planned(true)
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
            checks_objects: run.settings.checks_objects,
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
                    !signed && request.is_update() && !run.settings.checks_objects && run.env.cache_dir().is_some();
                match self.pass(&[], may_be_large)? {
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
        match Store::beside(&run.env, &run.repository, self.authority.advertisement().object_format(), &haves) {
            // Its packs are linked into the repository by then, and rest on what is there.
            Some(store) => self.bulk(&store).map(|_| store.discard())?,
            None => {
                self.pass(&[], false)?;
            }
        }
        Ok(None)
    }

    /// A bulk by way of the store that stays.
    fn stored(&mut self, store: &Store) -> Result<Option<Store>, Failure> {
        let whole = self.bulk(store)?;
        store.make_room(self.authority.run.select.config.git.store_limit.value);
        Ok(whole.then(|| store.clone()))
    }

    /// Lands what mirrors have, links it into the repository, and has the authority add what is missing. Whether nothing
    /// was.
    fn bulk(&mut self, store: &Store) -> Result<bool, Failure> {
        let (run, request, refs) = (self.authority.run, self.request, self.refs);
        let mut bulk = Bulk { store, request, refs, authority: self.authority, mirrors: self.mirrors };
        let held = match bulk.carry() {
            Ok(held) => held,
            Err(failure) => {
                // The store is there for speed; without one a mirror can still answer.
                run.journal.warn(failure.what);
                return self.pass(&[], false).map(|_| false);
            }
        };
        look::remember(store);
        if self.authority.is_shallow() || self.upstreams_fault() == Some(Fault::Shallow) {
            // What it gives, and where that ends, is nobody else's to say.
            return from_upstream(self.authority, &request.to_bytes(), self.out).map(|()| false);
        }
        let wants = request.wants();
        let whole = store.has_all(&wants);
        if whole {
            // Whoever landed them may have been killed before it wrote that down.
            store.add_tips(&wants);
            identity::check(self.authority, store, refs)?;
        }
        // Upstream was asked as well, like a mirror, and could not give it either; what is pinned is nobody else's to add.
        let asked_already = self.authority.session().is_some() && !self.upstream_may_give();
        if !whole && (run.pinned.is_some() || asked_already) {
            return Err(run.exhausted());
        }
        let tips = store.tips();
        // Tips that could not be written are no reason to keep back what they reach.
        let has_some = whole || !tips.is_empty();
        let linked = if has_some { store.link_into(&store::objects_of_repository()?)? } else { Vec::new() };
        // Others wait while what was linked might be taken back, lest they rest on it.
        let _held = (!linked.is_empty()).then_some(held);
        if whole {
            // Nothing is missing, and git proves it: it walks from the refs through all it has now.
            return nothing_missing(store, request, self.out).map(|()| true).map_err(|error| git_is_gone(&error));
        }
        // The authority ignores what it does not know, so a tip can be declared whoever it came from.
        let tips: Vec<Oid> = tips.into_iter().filter(|tip| !wants.contains(tip)).collect();
        let answered = match self.authority.is_upstream() {
            true => from_upstream(self.authority, &request.with_haves(&tips), self.out),
            false => self.pass(&tips, false).map(|_| ()),
        };
        if answered.is_err() {
            // git has not got all of the answer, so it cannot have used them, and a fetch that fails leaves no trace. The
            // index first, as git looks for it.
            linked.iter().rev().for_each(|file| drop(std::fs::remove_file(file)));
        }
        answered.map(|()| false)
    }

    /// Whether upstream could give it to git, though not to the store: it is too large for that, comes only in one piece, or
    /// in a way that our client does not get along with.
    fn upstream_may_give(&self) -> bool {
        match self.upstreams_fault() {
            Some(Fault::TooLarge | Fault::Missing | Fault::Dialect(_) | Fault::NotAMirror(_)) => true,
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

/// A pack of no objects, as the whole answer to a fetch.
fn nothing_missing(store: &Store, request: &Request, out: &mut dyn Write) -> std::io::Result<()> {
    if !request.is_done() {
        // git asked what is common, and would go on asking: it is told that this is enough.
        Packet::Data(b"acknowledgments\n").write(&mut *out)?;
        for have in request.haves() {
            Packet::Data(format!("ACK {have}\n").as_bytes()).write(&mut *out)?;
        }
        Packet::Data(b"ready\n").write(&mut *out)?;
        Packet::Delimiter.write(&mut *out)?;
    }
    let pack = [&[1], land::empty_pack(store).as_slice()].concat();
    Packet::Data(b"packfile\n").write(&mut *out)?;
    Packet::Data(&pack).write(&mut *out)?;
    Packet::Flush.write(out)
}
