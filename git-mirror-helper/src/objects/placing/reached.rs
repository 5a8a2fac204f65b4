//! Which packs of a store have nothing but what some tips reach; told by what they were landed for, not by their objects.
//!
//! A pack was landed for tips that reach all of it. Where those are among the tips of today, or lie behind them, all of it is
//! still reached. That is a question about a few commits, and it is asked from today backwards, in the order of dates: with
//! what has come since, a history that has only grown says yes after a few steps, however long it is. Where the answer is no,
//! for a branch that was rewritten or a tag that went, or where nothing is known, somebody has to look at objects: `cut`.

use std::collections::{BTreeSet, BinaryHeap, HashSet};

use gix::{ObjectId, objs, prelude::FindExt};
use mirror_config::model::Oid;

use crate::objects::{
    pack::Files,
    store::{Record, Store, object_id, records},
};

/// Seconds by which the clocks of those who commit are apart: a parent may be so much younger than its child.
const SKEW: i64 = 86_400;

/// A pack, and what is known of it.
#[derive(Debug, Clone)]
pub struct StoredPack {
    /// The pack.
    pub files: Files,
    /// What it was landed for, if that is known.
    pub record: Option<Record>,
}

/// All packs of a store.
pub fn packs(store: &Store) -> Vec<StoredPack> {
    let mut known = records::read(store);
    let packs = records::packs(store).unwrap_or_default().into_iter();
    packs.map(|files| StoredPack { record: known.remove(&records::name(&files)), files }).collect()
}

/// The tips of packs that some tips are, or reach.
#[derive(Debug)]
pub struct Reached(HashSet<Oid>);

impl Reached {
    /// Looks for the tips of all these packs. Tags that come `along` with what they stand for are among them.
    pub fn from(store: &Store, tips: &[Oid], along: &[Oid], packs: &[StoredPack]) -> Self {
        let mut reached: HashSet<Oid> = tips.iter().chain(along).cloned().collect();
        let sought: BTreeSet<&Oid> =
            packs.iter().filter_map(|pack| pack.record.as_ref()).flat_map(|record| &record.tips).collect();
        let sought: HashSet<ObjectId> =
            sought.into_iter().filter(|tip| !reached.contains(tip)).filter_map(object_id).collect();
        if !sought.is_empty()
            && let Ok(objects) = store.objects()
        {
            let tips: Vec<ObjectId> = tips.iter().filter_map(object_id).collect();
            reached.extend(behind(&objects, &tips, sought).iter().filter_map(|id| id.to_string().parse().ok()));
        }
        Self(reached)
    }

    /// Whether they reach all of this pack.
    pub fn has_all_of(&self, pack: &StoredPack) -> bool {
        pack.record.as_ref().is_some_and(|record| record.tips.iter().all(|tip| self.0.contains(tip)))
    }
}

/// Those of `sought` that are commits or tags which `tips` reach.
fn behind(objects: &gix::odb::Handle, tips: &[ObjectId], mut sought: HashSet<ObjectId>) -> Vec<ObjectId> {
    let (mut buffer, mut found, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    for tip in tips {
        let (tags, commit) = peeled(objects, *tip);
        found.extend(tags.into_iter().filter(|tag| sought.remove(tag)));
        commits.extend(commit);
    }
    let time = |id: &ObjectId, buffer: &mut Vec<u8>| -> Option<i64> {
        objects.find_commit_iter(id, buffer).ok()?.committer().ok().map(|committer| committer.seconds())
    };
    // Of anything else nobody says that it is reached.
    let times: Vec<(ObjectId, i64)> = sought.iter().filter_map(|id| Some((*id, time(id, &mut buffer)?))).collect();
    sought = times.iter().map(|(id, _)| *id).collect();
    let Some(oldest) = times.iter().map(|(_, time)| *time).min() else { return found };
    let mut waiting: BinaryHeap<(i64, ObjectId)> =
        commits.into_iter().filter_map(|id| Some((time(&id, &mut buffer)?, id))).collect();
    let mut seen = gix::hashtable::HashSet::<ObjectId>::default();
    while let Some((when, id)) = waiting.pop() {
        if when < oldest.saturating_sub(SKEW) || sought.is_empty() {
            break;
        }
        if !seen.insert(id) {
            continue;
        }
        if sought.remove(&id) {
            found.push(id);
        }
        let Ok(commit) = objects.find_commit_iter(&id, &mut buffer) else { continue };
        let parents: Vec<ObjectId> = commit.parent_ids().collect();
        for parent in parents {
            waiting.extend(time(&parent, &mut buffer).map(|when| (when, parent)));
        }
    }
    found
}

/// The tags on the way from a tip to the commit that it stands for, and that commit.
fn peeled(objects: &gix::odb::Handle, mut id: ObjectId) -> (Vec<ObjectId>, Option<ObjectId>) {
    let (mut buffer, mut tags) = (Vec::new(), Vec::new());
    // Tags of tags end somewhere: they are named by their content.
    while let Ok(object) = objs::FindExt::find(objects, &id, &mut buffer) {
        match object.kind {
            objs::Kind::Commit => return (tags, Some(id)),
            objs::Kind::Tag => {
                tags.push(id);
                let Ok(target) = objs::TagRefIter::from_bytes(object.data, id.kind()).target_id() else { break };
                id = target;
            }
            objs::Kind::Tree | objs::Kind::Blob => break,
        }
    }
    (tags, None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gix::{ObjectId, hash::Kind, objs};
    use mirror_config::{
        model::{Oid, Repository},
        system::Environment,
    };

    use super::{Files, Reached, Record, Store, StoredPack};
    use crate::objects::{
        landing::land,
        pack::made::{Item, pack},
    };

    const DAY: i64 = 86_400;

    /// Objects by their names, in a store: commits (name, day, parents) on one empty tree, and tags (name, target).
    fn history(
        commits: &[(&str, i64, &[&str])],
        tags: &[(&str, &str)],
    ) -> (tempfile::TempDir, Store, BTreeMap<String, Oid>) {
        let id = |kind, data: &[u8]| objs::compute_hash(Kind::Sha1, kind, data).expect("a hash");
        let tree = id(objs::Kind::Tree, b"");
        let mut made: Vec<(objs::Kind, Vec<u8>)> = vec![(objs::Kind::Tree, Vec::new())];
        let mut ids: BTreeMap<String, ObjectId> = BTreeMap::new();
        for (name, day, parents) in commits {
            let parents: String = parents.iter().map(|parent| format!("parent {}\n", ids[*parent])).collect();
            let who = format!("A <a> {} +0000", day * DAY);
            let data = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\n{name}\n").into_bytes();
            ids.insert((*name).to_owned(), id(objs::Kind::Commit, &data));
            made.push((objs::Kind::Commit, data));
        }
        for (name, target) in tags {
            let kind = if tags.iter().any(|(tag, _)| tag == target) { "tag" } else { "commit" };
            let data = format!("object {}\ntype {kind}\ntag {name}\ntagger A <a> 1 +0000\n\nx\n", ids[*target]);
            ids.insert((*name).to_owned(), id(objs::Kind::Tag, data.as_bytes()));
            made.push((objs::Kind::Tag, data.into_bytes()));
        }
        let items: Vec<Item<'_>> = made.iter().map(|(kind, data)| Item::Whole(*kind, data)).collect();
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = home.path().to_str().expect("a plain name");
        let env = Environment::of([("HOME", cache), ("XDG_CACHE_HOME", cache)], home.path());
        let repository = Repository { upstream: "github".to_owned(), repo: "a/b".parse().expect("a name") };
        let store = Store::open(&env, &repository, "sha1").expect("a store in a folder of our own");
        let oids: BTreeMap<String, Oid> =
            ids.into_iter().map(|(name, id)| (name, id.to_string().parse().expect("an id"))).collect();
        land::land(&pack(&items)[..], &store, &oids.values().cloned().collect::<Vec<_>>()).expect("it is whole");
        (home, store, oids)
    }

    #[test]
    fn a_pack_is_reached_where_all_it_was_landed_for_lies_behind_todays_tips() {
        let commits: &[(&str, i64, &[&str])] = &[
            ("a", 1, &[]),
            ("b", 2, &["a"]),
            ("c", 3, &["b"]),
            ("side", 3, &["b"]),
            ("merge", 5, &["c", "side"]),
            ("rewritten", 6, &["b"]),
            // A clock that is half a day wrong, and one that is a year wrong.
            ("slow", 10, &["merge"]),
            ("fast", 11, &["slow"]),
            ("past", -400, &["fast"]),
        ];
        let tags: &[(&str, &str)] = &[("v1", "b"), ("v2", "c"), ("of-v2", "v2")];
        let (_home, store, oids) = history(commits, tags);
        let named = |names: &str| -> Vec<Oid> { names.split_whitespace().map(|name| oids[name].clone()).collect() };
        for (tips, along, landed_for, expected) in [
            ("c", "", "c", true),
            ("c", "", "a b", true),
            ("merge", "", "side", true),
            ("merge", "", "c side", true),
            ("fast", "", "merge a", true),
            ("rewritten", "", "b", true),
            ("rewritten", "", "c", false),
            ("rewritten", "", "rewritten c", false),
            ("c", "", "side", false),
            ("b", "", "c", false),
            ("c side", "", "c side", true),
            // Tags are reached by their names, or by tags of theirs.
            ("v2", "", "c", true),
            ("v2", "", "v1", false),
            ("of-v2", "", "v2 c", true),
            ("c", "", "v2", false),
            ("c", "v2", "v2 c", true),
            ("a", "v2", "v2 c", false),
            // What is out of order is not found, and costs a cut.
            ("past", "", "fast", false),
        ] {
            let record = Record { tips: named(landed_for).into_iter().collect(), whole: true };
            let files = Files { pack: "p.pack".into(), index: "p.idx".into() };
            let stored = [StoredPack { files: files.clone(), record: Some(record) }];
            let reached = Reached::from(&store, &named(tips), &named(along), &stored);
            assert_eq!(reached.has_all_of(&stored[0]), expected, "{landed_for} from {tips}");
            assert!(!reached.has_all_of(&StoredPack { files, record: None }), "of which nothing is known");
        }
    }
}
