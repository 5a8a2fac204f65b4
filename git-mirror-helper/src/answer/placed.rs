//! All that git wants, out of the store into git's repository, and nothing else that the store has.
//!
//! A clone gets one pack: the store's own where the wants reach all of it, what they reach of it else. An update gets those
//! packs that have come since; where they have more than it asks for, or the repository would get again what it has, git is
//! sent what is missing.

use std::{collections::HashSet, io};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::Packet,
    model::{Oid, Ref},
};

use super::{
    asked::Answer,
    upstream::{git_is_gone, write_clean},
};
use crate::{
    git::UploadPack,
    objects::{
        landing::{land, tidy},
        pack::Files,
        placing::{
            Leftover, Place, cut,
            reached::{self, Reached, StoredPack},
        },
        store::{self, Record, Store, records},
    },
};

/// Bytes up to which several packs are made one for a clone. It takes a second or two, and once for what has come; beyond, git
/// gets as many packs as the store has.
const MADE_ONE: u64 = 512 << 20;

/// Bytes of which a cut is so long that it is announced.
const TAKES_A_WHILE: u64 = 100 << 20;

impl Answer<'_, '_> {
    /// Answers out of the store, which has all that is wanted; under its lock. Whether that could be done: else git has heard
    /// nothing yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the repository cannot be written.
    pub(super) fn placed(&mut self, store: &Store) -> Result<bool, Failure> {
        let objects = store::objects_of_repository()?;
        let failed = |error: io::Error| Failure::new(Kind::Io, format!("{}: {error}", objects.display()));
        let place = Place::open(&objects, self.authority.run.settings.sharing).map_err(failed)?;
        if self.request.is_clone() {
            let Some(packs) = self.clone_from(store, &place)? else { return Ok(false) };
            packs.iter().try_for_each(|files| place.put(files)).map_err(failed)?;
        } else {
            match self.missing(store, &place) {
                Some(packs) => packs.iter().try_for_each(|pack| place.put(&pack.files)).map_err(failed)?,
                None => return self.streamed(store).map(|()| true),
            }
        }
        // git proves that nothing is missing: it walks from the refs through all it has now.
        self.nothing_missing(store, &place).map(|()| true).map_err(|error| git_is_gone(&error))
    }

    /// The packs for a clone, in the store; `None` where what is reached could not be cut out.
    fn clone_from(&self, store: &Store, place: &Place) -> Result<Option<Vec<Files>>, Failure> {
        let run = self.authority.run;
        let wants = self.request.wants();
        let packs = reached::packs(store);
        let along = self.tags_along(store);
        let tags: Vec<Oid> = along.iter().filter_map(|found| found.oid.clone()).collect();
        let reached = Reached::from(store, &wants, &tags, &packs);
        let (all, others): (Vec<StoredPack>, Vec<StoredPack>) =
            packs.into_iter().partition(|pack| reached.has_all_of(pack));
        let is_closed = !store.rests_on_a_store() && (others.is_empty() || is_closed(store, &all, &wants));
        tracing::debug!(reached = all.len(), others = others.len(), is_closed, "packs of the store");
        // Who asks the next time has less far to look back.
        let record = |whole| Some(Record { tips: wants.iter().chain(&tags).cloned().collect(), whole });
        let mut files: Vec<Files> = all.iter().map(|pack| pack.files.clone()).collect();
        if is_closed {
            let bytes: u64 = files.iter().filter_map(|files| Some(files.pack.metadata().ok()?.len())).sum();
            if files.len() > 1
                && bytes <= MADE_ONE
                && let Ok(one) = tidy::consolidate(&files, store)
            {
                files = vec![one];
            }
            match files.as_slice() {
                [one] => records::note(store, one, record(true)),
                several => several.iter().zip(&all).for_each(|(files, pack)| {
                    records::note(store, files, record(pack.record.as_ref().is_some_and(|record| record.whole)));
                }),
            }
            return Ok(Some(files));
        }
        let tags = self.request.follows_tags().then_some(along.as_slice());
        let bytes = |pack: &StoredPack| pack.files.pack.metadata().map_or(0, |found| found.len());
        if all.iter().chain(&others).map(bytes).sum::<u64>() > TAKES_A_WHILE && run.options.verbosity > 0 {
            run.journal
                .tell(format!("{}: more is kept than is asked for; cutting out what is asked for", run.repository));
        }
        let (folder, cut) = match cut::cut(store, &wants, tags) {
            Ok(cut) => cut,
            Err(fault) => {
                tracing::debug!(%fault, "no cut");
                return Ok(None);
            }
        };
        let failed = |error: io::Error| Failure::new(Kind::Io, format!("{}: the store: {error}", run.repository));
        if store.rests_on_a_store() || !self.wants_all_that_upstream_has(&wants) {
            place.put(&cut).map_err(failed)?;
            return Ok(Some(Vec::new()));
        }
        // What upstream has no more is nobody's any more.
        let before: Vec<Files> = files.drain(..).chain(others.into_iter().map(|pack| pack.files)).collect();
        let kept = land::keep(&cut, store).map_err(failed)?;
        drop(folder);
        tidy::instead(&kept, record(true), &before, store);
        store.add_tips(&wants);
        Ok(Some(vec![kept]))
    }

    /// The tags that come along with what they stand for, as far as they are here.
    fn tags_along(&self, store: &Store) -> Vec<Ref> {
        let is_annotated = |found: &&Ref| found.name.starts_with("refs/tags/") && found.peeled.is_some();
        let follows = self.request.follows_tags();
        let tags: Vec<Ref> = self.refs.iter().filter(is_annotated).filter(|_| follows).cloned().collect();
        there(store, tags)
    }

    /// Whether upstream itself has listed all branches and tags, and all of them are asked for.
    fn wants_all_that_upstream_has(&self, wants: &[Oid]) -> bool {
        let is_listed = |name: &str| name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
        let wants: HashSet<&Oid> = wants.iter().collect();
        let mut listed = self.refs.iter().filter(|found| is_listed(&found.name)).filter_map(|found| found.oid.as_ref());
        self.authority.is_upstream() && self.authority.has_listed_all && listed.all(|oid| wants.contains(oid))
    }

    /// The packs that a repository has not got and that have nothing but what it is about to get; `None` where they have more.
    /// A pack that rests on no other has all from the beginning, of which the repository has a part.
    fn missing(&self, store: &Store, place: &Place) -> Option<Vec<StoredPack>> {
        if store.rests_on_a_store() {
            return None;
        }
        let mut packs = reached::packs(store);
        packs.retain(|pack| !place.has(&pack.files));
        let along: Vec<Oid> = self.tags_along(store).into_iter().filter_map(|found| found.oid).collect();
        let mut tips = store.having(&self.request.haves());
        let had = Reached::from(store, &tips, &[], &packs);
        packs.retain(|pack| !had.has_all_of(pack));
        tips.extend(self.request.wants());
        let reached = Reached::from(store, &tips, &along, &packs);
        let fits =
            |pack: &StoredPack| reached.has_all_of(pack) && pack.record.as_ref().is_some_and(|record| !record.whole);
        packs.iter().all(fits).then_some(packs)
    }

    /// Has git answer its own request from the store.
    fn streamed(&mut self, store: &Store) -> Result<(), Failure> {
        let run = self.authority.run;
        let view = store::view(store, &there(store, self.refs.to_vec()))
            .map_err(|error| run.local(&Fault::Local(error.to_string())))?;
        let (out, body) = (&mut *self.out, self.request.to_bytes());
        let answered = UploadPack::store(view.path()).and_then(|mut child| {
            child.command(&body, &mut |packet| {
                write_clean(packet, &mut *out).map_err(|error| Fault::Local(error.to_string()))
            })
        });
        answered.map_err(|fault| run.local(&fault))
    }

    /// A pack of no objects, as the whole answer to a fetch.
    fn nothing_missing(&mut self, store: &Store, place: &Place) -> io::Result<()> {
        let (request, out) = (self.request, &mut *self.out);
        if !request.is_done() {
            // git asked what is common, and would go on asking: it is told that this is enough.
            Packet::Data(b"acknowledgments\n").write(&mut *out)?;
            for have in request.haves() {
                Packet::Data(format!("ACK {have}\n").as_bytes()).write(&mut *out)?;
            }
            Packet::Data(b"ready\n").write(&mut *out)?;
            Packet::Delimiter.write(&mut *out)?;
        }
        let empty = land::empty_pack(store);
        let pack = [&[1], empty.as_slice()].concat();
        self.leftovers.extend(Leftover::expected(place.folder(), empty, store.hash().len_in_bytes()));
        Packet::Data(b"packfile\n").write(&mut *out)?;
        Packet::Data(&pack).write(&mut *out)?;
        Packet::Flush.write(out)
    }
}

/// Whether these packs of several have all that is wanted, and rest on no others.
fn is_closed(store: &Store, packs: &[StoredPack], wants: &[Oid]) -> bool {
    if !packs.iter().all(|pack| pack.record.as_ref().is_some_and(|record| record.whole)) {
        return false;
    }
    let bundles: Vec<_> = packs.iter().filter_map(|pack| land::open(&pack.files, store).ok()).collect();
    let is_there = |want: &Oid| {
        store::object_id(want).is_some_and(|id| bundles.iter().any(|bundle| bundle.index.lookup(id).is_some()))
    };
    wants.iter().all(is_there)
}

/// Those of these refs whose objects are here.
fn there(store: &Store, mut refs: Vec<Ref>) -> Vec<Ref> {
    let oids: Vec<Oid> = refs.iter().filter_map(|found| found.oid.clone()).collect();
    let here: HashSet<Oid> = store.having(&oids).into_iter().collect();
    refs.retain(|found| found.oid.as_ref().is_some_and(|oid| here.contains(oid)));
    refs
}
