//! What a commit is whatever it is called: the root commits of its history, and one hash over all its files.

use std::collections::{BTreeSet, HashSet};

use gix::{ObjectId, objs::tree::EntryKind, prelude::FindExt};
use mirror_config::{
    model::Oid,
    trust::pins::{Leaf, tree},
};

/// The commits without parents that `tip` reaches; `None` where a commit is missing.
pub(crate) fn roots(objects: &gix::odb::Handle, tip: ObjectId) -> Option<BTreeSet<Oid>> {
    let mut buffer = Vec::new();
    let (mut seen, mut waiting, mut roots) = (HashSet::new(), vec![tip], BTreeSet::new());
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let before = waiting.len();
            waiting.extend(objects.find_commit_iter(&id, &mut buffer).ok()?.parent_ids());
            if waiting.len() == before {
                roots.insert(id.to_string().parse().ok()?);
            }
        }
    }
    Some(roots)
}

/// The hash over all files of a commit; `None` where something is missing.
pub(crate) fn sha256tree(objects: &gix::odb::Handle, commit: ObjectId) -> Option<String> {
    let mut buffer = Vec::new();
    let root = objects.find_commit_iter(&commit, &mut buffer).ok()?.tree_id().ok()?;
    let mut leaves = Vec::new();
    let mut waiting = vec![(Vec::new(), root)];
    while let Some((folder, id)) = waiting.pop() {
        let entries = objects.find_tree(&id, &mut buffer).ok()?;
        let entries = entries.entries.iter().map(|entry| (entry.mode, entry.filename.to_vec(), entry.oid.to_owned()));
        for (mode, name, id) in entries.collect::<Vec<_>>() {
            let path = if folder.is_empty() { name } else { [folder.as_slice(), b"/", &name].concat() };
            match mode.kind() {
                EntryKind::Tree => waiting.push((path, id)),
                EntryKind::Commit => leaves.push(Leaf::submodule(path, &id.to_string())),
                kind => {
                    let content = objects.find_blob(&id, &mut buffer).ok()?;
                    leaves.push(Leaf::new(path, std::str::from_utf8(kind.as_octal_str()).ok()?, content.data));
                }
            }
        }
    }
    Some(tree::sha256tree(leaves))
}
