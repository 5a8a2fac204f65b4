//! Whether one commit reaches another, proven by the commits themselves: a chain of hashes cannot be invented.
//!
//! Looked up in the store; else a mirror is asked for the commits between the two, and only for those.

use std::{collections::HashMap, io::Read};

use gix_pack::data::input;
use mirror_config::{
    environment::Environment,
    fault::Fault,
    http::Patience,
    refs::Oid,
    upload_pack::{Fetch, Session},
    upstream::Repository,
};

use super::{
    index,
    store::{Store, hash_of, object_id, reaches},
};

/// Most bytes read for one proof: about 300,000 commits without their trees.
const PROOF_LIMIT: u64 = 64 << 20;
/// Mirrors asked for one proof.
const MOST_ASKED: usize = 3;

/// Answers from the store and from mirrors, each asked once.
#[derive(Debug)]
pub struct Proofs<'a> {
    store: Option<Store>,
    sessions: Vec<&'a Session>,
    known: HashMap<(Oid, Oid), bool>,
}

impl<'a> Proofs<'a> {
    /// Proofs about one repository, from these mirrors.
    pub fn new(env: &Environment, repository: &Repository, sessions: Vec<&'a Session>) -> Self {
        let format = sessions.first().map_or("sha1", |session| session.advertisement.object_format());
        Self { store: Store::open(env, repository, format), sessions, known: HashMap::new() }
    }

    /// Whether `new` is proven to reach `old`.
    pub fn descends(&mut self, new: &Oid, old: &Oid) -> bool {
        if new == old {
            return true;
        }
        let key = (new.clone(), old.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let stored = self.store.as_ref().is_some_and(|store| store.descends(new, old));
        let proven =
            stored || self.sessions.iter().take(MOST_ASKED).any(|session| asked(session, new, old).unwrap_or(false));
        self.known.insert(key, proven);
        proven
    }
}

/// Fetches what is in `new` and not in `old`, and follows the commits.
fn asked(session: &Session, new: &Oid, old: &Oid) -> Result<bool, Fault> {
    let filter = session.advertisement.has_feature("fetch", "filter").then_some("tree:0");
    let fetch =
        Fetch { wants: std::slice::from_ref(new), haves: std::slice::from_ref(old), filter, ..Fetch::default() };
    let stream = session.fetch(&fetch, Patience::REPLACEABLE)?;
    let hash = hash_of(session.advertisement.object_format());
    let folder = tempfile::tempdir().map_err(|error| Fault::Local(error.to_string()))?;
    let packs = folder.path().join("pack");
    std::fs::create_dir(&packs).map_err(|error| Fault::Local(error.to_string()))?;
    index::index(stream.take(PROOF_LIMIT), &packs, hash, input::Mode::Verify, None)?;
    let objects = gix::odb::at(folder.path(), hash).map_err(|error| Fault::Local(error.to_string()))?;
    let (Some(new), Some(old)) = (object_id(new), object_id(old)) else { return Ok(false) };
    Ok(reaches(&objects, new, old))
}
