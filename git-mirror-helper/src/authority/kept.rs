//! The store in everybody's place: nobody is there to ask, and all of what upstream or a quorum has said is here.
//!
//! What is asked for is what was seen, or nothing: a part of it would be taken for all there is, and what is missing
//! pruned.

use std::collections::HashSet;

use mirror_config::{
    errors::{Failure, Fault},
    git::{Advertisement, Packet},
    model::{Oid, Ref},
    trust::Trust,
};

use tempfile::TempDir;

use super::word::Word;
use crate::{
    git::{Request, UploadPack},
    objects::store::{self, Store},
    run::Run,
};

/// A store that answers.
#[derive(Debug)]
pub struct Kept {
    store: Store,
    /// All that was seen, or is pinned, and is here.
    refs: Vec<Ref>,
    /// What it can do, as git is to hear it.
    pub advertisement: Advertisement,
    /// git itself, for what is not simply linked into the repository, and what it looks at; started when it is needed.
    child: Option<(UploadPack, TempDir)>,
}

impl Kept {
    /// The store, where it may speak and has anything of what was seen, or all of what is pinned.
    pub fn open(run: &Run) -> Option<Self> {
        let mut refs = match &run.pinned {
            Some(pinned) => pinned.pin.refs.clone(),
            None if run.select.config.git.trust.value > Trust::Quorum => return None,
            None if !run.ledger.page().listed => return None,
            None => run.ledger.page().recalled(|_| true),
        };
        let oids = oids(&refs);
        let format = if oids.first()?.as_str().len() == 64 { "sha256" } else { "sha1" };
        let store = Store::open(&run.env, &run.repository, format)?;
        let here: HashSet<Oid> = store.having(&oids).into_iter().collect();
        let speaks = if run.pinned.is_some() { oids.iter().all(|oid| here.contains(oid)) } else { !here.is_empty() };
        refs.retain(|found| found.oid.as_ref().is_some_and(|oid| here.contains(oid)));
        speaks.then(|| Self { store, refs, advertisement: Advertisement::of_store(format), child: None })
    }

    /// What was seen of the refs that git asks for, where all of it is here.
    ///
    /// # Errors
    ///
    /// [`mirror_config::errors::Kind::Exhausted`] where it is not, [`mirror_config::errors::Kind::Expired`] where it is too
    /// old.
    pub fn refs(&self, run: &Run, request: &Request) -> Result<(Vec<Ref>, Word), Failure> {
        let page = run.ledger.page();
        let refs = page.recalled(|name| request.asks_for(name));
        let when = page.seen_at(refs.iter().map(|found| found.name.as_str()));
        // Of others than branches and tags nothing is remembered.
        let is_all = !request.asks_beyond_branches_and_tags() && self.store.has_all(&oids(&refs));
        let Some(when) = when.filter(|_| is_all) else { return Err(run.exhausted()) };
        let tip = refs.iter().find(|found| found.name == "HEAD").or_else(|| refs.first());
        let committed = tip.and_then(|tip| self.store.newest_commit(tip.oid.as_slice()));
        let word = Word::of_store(when, committed);
        word.check_age(run)?;
        word.note(run, &refs);
        Ok((refs, word))
    }

    /// Has git answer a request from it, and hands each packet to `sink`.
    ///
    /// # Errors
    ///
    /// As [`UploadPack::file`] and [`UploadPack::command`].
    pub fn command(&mut self, body: &[u8], sink: &mut dyn FnMut(Packet<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let child = match &mut self.child {
            Some((child, _)) => child,
            none => {
                let view = store::view(&self.store, &self.refs).map_err(|error| Fault::Local(error.to_string()))?;
                &mut none.insert((UploadPack::store(view.path())?, view)).0
            }
        };
        child.command(body, sink)
    }
}

fn oids(refs: &[Ref]) -> Vec<Oid> {
    refs.iter().filter_map(|found| found.oid.clone()).collect()
}
