//! What an object points to. Pure.

use gix::{
    ObjectId,
    hash::{Kind, oid},
    objs::{self, CommitRefIter, TagRefIter, TreeRefIter},
};

/// What is known of an object that something points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A commit, a tree, or whatever a tag points to.
    Other,
    /// A file. Of files with names that end alike the numbers are near each other, as git's own (`pack_name_hash`): their
    /// versions are deltas of each other, and a server that is asked for them together sends deltas.
    File(u32),
}

/// Calls `found` with all that an object of this kind points to; a submodule's commit lives in another repository.
pub(crate) fn links(kind: objs::Kind, data: &[u8], hash: Kind, mut found: impl FnMut(&oid, Wanted)) {
    match kind {
        objs::Kind::Tree => {
            for entry in TreeRefIter::from_bytes(data, hash).flatten() {
                if entry.mode.is_tree() {
                    found(entry.oid, Wanted::Other);
                } else if !entry.mode.is_commit() {
                    found(entry.oid, Wanted::File(number(entry.filename)));
                }
            }
        }
        objs::Kind::Commit => {
            let mut commit = CommitRefIter::from_bytes(data, hash);
            if let Ok(tree) = commit.tree_id() {
                found(&tree, Wanted::Other);
            }
            commit.parent_ids().for_each(|parent: ObjectId| found(&parent, Wanted::Other));
        }
        objs::Kind::Tag => {
            if let Ok(target) = TagRefIter::from_bytes(data, hash).target_id() {
                found(&target, Wanted::Other);
            }
        }
        objs::Kind::Blob => {}
    }
}

/// The last letters count most.
fn number(name: &[u8]) -> u32 {
    let letters = name.iter().filter(|byte| !byte.is_ascii_whitespace());
    letters.fold(0, |number, byte| (number >> 2).wrapping_add(u32::from(*byte) << 24))
}

#[cfg(test)]
mod tests {
    use super::{Wanted, links, number};
    use gix::{ObjectId, hash::Kind, objs};

    #[test]
    fn an_object_points_to_what_its_kind_has() {
        let id = |byte: u8| ObjectId::from([byte; 20]);
        let (a, b, c) = (id(0xaa), id(0xbb), id(0xcc));
        let entry =
            |mode: &str, name: &str, id: ObjectId| [format!("{mode} {name}\0").as_bytes(), id.as_slice()].concat();
        let tree = [entry("100644", "f.rs", a), entry("160000", "m", b), entry("40000", "t", c)].concat();
        let who = "A <a@h.example> 1 +0000";
        let commit = format!("tree {a}\nparent {b}\nparent {c}\nauthor {who}\ncommitter {who}\n\nx\n");
        let tag = format!("object {a}\ntype blob\ntag t\ntagger {who}\n\nx\n");
        for (kind, data, expected) in [
            (objs::Kind::Tree, tree.as_slice(), vec![(a, Wanted::File(number(b"f.rs"))), (c, Wanted::Other)]),
            (objs::Kind::Commit, commit.as_bytes(), vec![(a, Wanted::Other), (b, Wanted::Other), (c, Wanted::Other)]),
            (objs::Kind::Tag, tag.as_bytes(), vec![(a, Wanted::Other)]),
            (objs::Kind::Blob, tag.as_bytes(), vec![]),
        ] {
            let mut found = Vec::new();
            links(kind, data, Kind::Sha1, |id, wanted| found.push((id.to_owned(), wanted)));
            assert_eq!(found, expected, "{kind}");
        }
    }

    #[test]
    fn names_that_end_alike_are_near_each_other() {
        let near = number(b"lib.rs").abs_diff(number(b"bib.rs"));
        assert!(near < number(b"lib.rs").abs_diff(number(b"lib.md")));
    }
}
