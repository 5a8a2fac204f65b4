//! Whether one commit reaches another, proven by the commits themselves: a chain of hashes cannot be invented.
//!
//! Looked up in the store; else a mirror is asked for the commits between the two, and only for those.

use std::{collections::HashMap, io::Read};

use mirror_config::{
    errors::Fault,
    git::{Fetch, Session},
    model::{Oid, Repository},
    system::Environment,
    transport::http::Patience,
};

use crate::objects::{
    pack::index,
    store::{Store, hash_of, look, newest, object_id, reaches},
};

/// Most bytes read for one proof: about 300,000 commits without their trees.
const PROOF_LIMIT: u64 = 64 << 20;
/// Mirrors that answer for one proof; those that have not got the newer commit do not count.
const MOST_ASKED: usize = 3;
/// Proofs that are asked for in one run: a mirror may have half a million refs of its own.
const MOST_PROOFS: usize = 200;

/// Answers from the store and from mirrors, each asked once.
#[derive(Debug)]
pub struct Proofs<'a> {
    store: Option<Store>,
    sessions: Vec<&'a Session>,
    known: HashMap<(Oid, Oid), bool>,
    left: usize,
}

impl<'a> Proofs<'a> {
    /// Proofs about one repository, from these mirrors.
    pub fn new(env: &Environment, repository: &Repository, sessions: Vec<&'a Session>) -> Self {
        let format = sessions.first().map_or("sha1", |session| session.advertisement.object_format());
        let store = Store::open(env, repository, format).filter(look::is_sound);
        Self { store, sessions, known: HashMap::new(), left: MOST_PROOFS }
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
        let proven = stored
            || (self.left > 0 && self.ask(|session| asked(session, new, old).map(|yes| yes.then_some(()))).is_some());
        self.known.insert(key, proven);
        proven
    }

    /// When a commit was made, in seconds since 1970.
    pub fn committed(&mut self, oid: &Oid) -> Option<u64> {
        let stored = self.store.as_ref().and_then(|store| store.newest_commit(std::slice::from_ref(oid)));
        stored.or_else(|| self.ask(|session| made(session, oid).map(Some)))
    }

    /// The first mirror's answer that says something.
    fn ask<T>(&mut self, ask: impl Fn(&Session) -> Result<Option<T>, Fault>) -> Option<T> {
        self.left = self.left.saturating_sub(1);
        let mut answered = 0;
        for session in &self.sessions {
            match ask(session) {
                Ok(Some(said)) => return Some(said),
                Err(Fault::Missing) => {}
                Ok(None) | Err(_) => answered += 1,
            }
            if answered == MOST_ASKED {
                break;
            }
        }
        None
    }
}

/// Fetches what is in `new` and not in `old`, and follows the commits.
fn asked(session: &Session, new: &Oid, old: &Oid) -> Result<bool, Fault> {
    let fetch = Fetch { wants: std::slice::from_ref(new), haves: std::slice::from_ref(old), ..Fetch::default() };
    let (_folder, objects) = commits(session, fetch)?;
    let (Some(new), Some(old)) = (object_id(new), object_id(old)) else { return Ok(false) };
    Ok(reaches(&objects, new, old))
}

/// Fetches one commit, and looks when it was made.
fn made(session: &Session, oid: &Oid) -> Result<u64, Fault> {
    if !["filter", "shallow"].iter().all(|feature| session.advertisement.has_feature("fetch", feature)) {
        return Err(Fault::Transport("it would send all files with it".to_owned()));
    }
    let (_folder, objects) =
        commits(session, Fetch { wants: std::slice::from_ref(oid), depth: Some(1), ..Fetch::default() })?;
    newest(&objects, std::slice::from_ref(oid)).ok_or(Fault::Missing)
}

/// Fetches commits into a folder of their own, without files where the mirror can do that.
fn commits(session: &Session, fetch: Fetch<'_>) -> Result<(tempfile::TempDir, gix::odb::Handle), Fault> {
    let local = |error: std::io::Error| Fault::Local(error.to_string());
    let stream = session.fetch(&Fetch { filter: Some("tree:0"), ..fetch }, Patience::REPLACEABLE)?;
    let hash = hash_of(session.advertisement.object_format());
    let folder = tempfile::tempdir().map_err(local)?;
    let packs = folder.path().join("pack");
    std::fs::create_dir(&packs).map_err(local)?;
    index(stream.take(PROOF_LIMIT), &packs, hash)?;
    let objects = gix::odb::at(folder.path(), hash).map_err(local)?;
    Ok((folder, objects))
}
