//! Whether a pack leaves nothing out: all that its objects point to is in it, or was in the store before.
//!
//! Blobs point to nothing, and are most of the bytes once they are inflated (nine tenths in pypa/pip), so they are not
//! read: a delta is of its base's kind, and the headers of entries tell which are chains of blobs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use gix::{ObjectId, Progress, hash::Kind, objs, progress::Discard};
use gix_pack::{
    Bundle,
    cache::delta::{Tree, traverse},
    data::{Offset, entry::Header},
};
use mirror_config::{errors::Fault, model::Oid};

use crate::objects::store::{Store, object_id};

/// Holds a pack, whose objects are known to be what their ids say, against the store it is to enter. `threads` is how many
/// may rebuild objects at a time.
///
/// # Errors
///
/// [`Fault::Corrupt`] when something is missing, [`Fault::Local`] for the disk.
pub(crate) fn check(bundle: &Bundle, store: &Store, wants: &[Oid], threads: usize) -> Result<(), Fault> {
    let links = Links::of(bundle, store.hash(), threads)?;
    let objects = store.objects().map_err(|error| Fault::Local(error.to_string()))?;
    let there = |id: &ObjectId| bundle.index.lookup(id).is_some() || objs::Exists::exists(&objects, id);
    if let Some(missing) = wants.iter().find(|want| !object_id(want).is_some_and(|id| there(&id))) {
        return Err(incomplete(&format!("{missing}, which was asked for, is not in it")));
    }
    match links.first_missing(there) {
        Some(missing) => Err(incomplete(&format!("{missing} is missing"))),
        None => Ok(()),
    }
}

/// What a pack is that leaves something out.
pub(crate) fn incomplete(why: &str) -> Fault {
    Fault::Corrupt(format!("an incomplete pack: {why}"))
}

/// Where the entries begin that may point to something, in order. The first of all is among them: whoever reads the list
/// begins behind the header, wherever its first place is.
fn pointing(bundle: &Bundle) -> Result<Vec<Offset>, Fault> {
    let corrupt = |why: &str| Fault::Corrupt(why.to_owned());
    let offsets = bundle.index.sorted_offsets();
    let place = |offset: Offset| offsets.binary_search(&offset).map_err(|_| corrupt("a delta on nothing"));
    let mut blob: Vec<Option<bool>> = vec![None; offsets.len()];
    let mut chain = Vec::new();
    for start in 0..offsets.len() {
        let mut at = start;
        let is_blob = loop {
            if let Some(known) = blob[at] {
                break known;
            }
            if chain.len() == offsets.len() {
                return Err(corrupt("deltas on each other"));
            }
            chain.push(at);
            let entry = bundle.pack.entry(offsets[at]).map_err(|error| corrupt(&error.to_string()))?;
            at = match entry.header {
                Header::Blob => break true,
                Header::Commit | Header::Tree | Header::Tag => break false,
                Header::OfsDelta { base_distance } => {
                    place(entry.checked_base_pack_offset(base_distance).ok_or_else(|| corrupt("a delta before it"))?)?
                }
                Header::RefDelta { base_id } => {
                    let base = bundle.index.lookup(base_id).ok_or_else(|| corrupt("a delta on nothing"))?;
                    place(bundle.index.pack_offset_at_index(base))?
                }
            };
        };
        // With the first one goes what it rests on.
        chain.drain(..).for_each(|link| blob[link] = Some(is_blob && start > 0));
    }
    Ok(offsets.iter().zip(&blob).filter(|(_, blob)| **blob != Some(true)).map(|(offset, _)| *offset).collect())
}

/// The ids that objects point to, gathered by several threads. Sharded, since every tree entry passes here.
#[derive(Clone)]
struct Links(Arc<[Mutex<HashSet<ObjectId>>; 64]>);

impl Links {
    /// Those of a pack.
    fn of(bundle: &Bundle, hash: Kind, threads: usize) -> Result<Self, Fault> {
        let links = Self(Arc::new(std::array::from_fn(|_| Mutex::default())));
        let resolve = |id: &gix::hash::oid| Ok(bundle.index.lookup(id).map(|at| bundle.index.pack_offset_at_index(at)));
        let never = AtomicBool::new(false);
        let note = {
            let links = links.clone();
            move |_: &mut Offset, _: &dyn Progress, object: traverse::Context<'_>| {
                links.note(object.entry.header.as_kind(), object.decompressed, hash);
                Ok(())
            }
        };
        // An entry seems to reach up to the next one that is read; inflating ends where it really does.
        Tree::from_offsets_in_pack(
            bundle.pack.path(),
            pointing(bundle)?.into_iter(),
            &|offset| *offset,
            &resolve,
            &mut Discard,
            &never,
            hash,
        )
        .and_then(|tree| {
            tree.traverse(
                |range, pack| pack.entry_slice(range),
                &bundle.pack,
                bundle.pack.pack_end() as u64,
                note,
                traverse::Options {
                    object_progress: Box::new(Discard),
                    size_progress: &mut Discard,
                    thread_limit: Some(threads),
                    should_interrupt: &never,
                    object_hash: hash,
                    // The pack was weighed when it arrived.
                    alloc_limit_bytes: None,
                },
            )
        })
        .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(links)
    }

    fn note(&self, kind: Option<objs::Kind>, data: &[u8], hash: Kind) {
        match kind {
            Some(objs::Kind::Tree) => {
                for entry in objs::TreeRefIter::from_bytes(data, hash).flatten() {
                    // A submodule's commit lives in another repository.
                    if !entry.mode.is_commit() {
                        self.add(entry.oid);
                    }
                }
            }
            Some(objs::Kind::Commit) => {
                let mut commit = objs::CommitRefIter::from_bytes(data, hash);
                if let Ok(tree) = commit.tree_id() {
                    self.add(&tree);
                }
                commit.parent_ids().for_each(|parent| self.add(&parent));
            }
            Some(objs::Kind::Tag) => {
                if let Ok(target) = objs::TagRefIter::from_bytes(data, hash).target_id() {
                    self.add(&target);
                }
            }
            Some(objs::Kind::Blob) | None => {}
        }
    }

    fn add(&self, id: &gix::hash::oid) {
        let shard = usize::from(id.as_bytes()[0]) % self.0.len();
        self.0[shard].lock().expect("nobody panics while holding it").insert(id.to_owned());
    }

    fn first_missing(&self, there: impl Fn(&ObjectId) -> bool) -> Option<ObjectId> {
        self.0.iter().find_map(|shard| {
            let shard = shard.lock().expect("nobody panics while holding it");
            shard.iter().find(|id| !there(id)).copied()
        })
    }
}
