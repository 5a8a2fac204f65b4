//! The edge of a first shallow clone, held against the depth that was asked for.
//!
//! Where a shallow history ends is the server's word, which git writes down unseen. But for `--depth N` it follows from
//! the commits: those N steps from a wanted tip that have parents. A mirror that says anything else is caught here.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    io::{Read, Seek},
};

use gix::{ObjectId, objs, prelude::FindExt};
use mirror_config::{
    errors::Fault,
    git::{PackStream, Packets},
    model::Oid,
};

use crate::objects::{
    pack::index,
    store::{hash_of, object_id},
};

/// Checks the `shallow` lines of an answer against its own commits.
///
/// # Errors
///
/// [`Fault::Corrupt`] when they differ, or when a commit before the edge is missing.
pub fn check(
    answer: &mut (impl Read + Seek + Send),
    wants: &[Oid],
    depth: usize,
    object_format: &str,
) -> Result<(), Fault> {
    let local = |error: std::io::Error| Fault::Local(error.to_string());
    answer.rewind().map_err(local)?;
    let said = shallow_lines(answer)?;
    answer.rewind().map_err(local)?;
    let hash = hash_of(object_format);
    let folder = tempfile::tempdir().map_err(local)?;
    let packs = folder.path().join("pack");
    std::fs::create_dir(&packs).map_err(local)?;
    index(PackStream::open(answer, true)?, &packs, hash)?;
    let objects = gix::odb::at(folder.path(), hash).map_err(local)?;
    let wants: Vec<ObjectId> = wants.iter().filter_map(object_id).collect();
    if edge(&objects, &wants, depth)? == said {
        Ok(())
    } else {
        Err(Fault::Corrupt(format!("its history does not end {depth} commits deep")))
    }
}

fn shallow_lines(answer: &mut impl Read) -> Result<BTreeSet<ObjectId>, Fault> {
    let mut packets = Packets::new(answer);
    let mut found = BTreeSet::new();
    while let Some(packet) = packets.next_packet().map_err(|error| Fault::from_io(&error))? {
        match packet.text() {
            Some(text) if text == "packfile" => break,
            Some(text) => found.extend(text.strip_prefix("shallow ").and_then(|oid| object_id(&oid.parse().ok()?))),
            None => {}
        }
    }
    Ok(found)
}

/// The commits with parents that are exactly `depth` steps from the nearest wanted tip; a tip itself is one step.
fn edge(objects: &gix::odb::Handle, wants: &[ObjectId], depth: usize) -> Result<BTreeSet<ObjectId>, Fault> {
    let mut buffer = Vec::new();
    let mut steps: HashMap<ObjectId, usize> = HashMap::new();
    let mut waiting: VecDeque<(ObjectId, usize)> = VecDeque::new();
    for want in wants {
        waiting.extend(peeled(objects, *want)?.map(|commit| (commit, 1)));
    }
    let mut edge = BTreeSet::new();
    // Breadth first, so that the first visit is the shortest way.
    while let Some((id, step)) = waiting.pop_front() {
        if steps.contains_key(&id) {
            continue;
        }
        steps.insert(id, step);
        let commit = objects
            .find_commit_iter(&id, &mut buffer)
            .map_err(|_| Fault::Corrupt(format!("commit {id} is missing")))?;
        let parents: Vec<ObjectId> = commit.parent_ids().collect();
        if step < depth {
            waiting.extend(parents.into_iter().map(|parent| (parent, step + 1)));
        } else if !parents.is_empty() {
            edge.insert(id);
        }
    }
    Ok(edge)
}

/// The commit behind a tag, or nothing for a tag of something else.
fn peeled(objects: &gix::odb::Handle, mut id: ObjectId) -> Result<Option<ObjectId>, Fault> {
    let mut buffer = Vec::new();
    loop {
        let found = objects
            .find(&id, &mut buffer)
            .map_err(|_| Fault::Corrupt(format!("{id}, which was asked for, is not in it")))?;
        match found.kind {
            objs::Kind::Commit => return Ok(Some(id)),
            objs::Kind::Tag => {
                id = objs::TagRefIter::from_bytes(found.data, id.kind())
                    .target_id()
                    .map_err(|error| Fault::Corrupt(error.to_string()))?;
            }
            objs::Kind::Tree | objs::Kind::Blob => return Ok(None),
        }
    }
}
