//! One fetch of git's, answered: bulk through the store, passed to a mirror, or left to the authority.

use std::io::Write;

use mirror_config::{
    errors::{Failure, Fault},
    git::Packet,
    model::{Oid, Ref},
};

use super::{
    pass::{self, Passed},
    plan::{self, Facts, Plan},
    upstream::{self, git_is_gone},
};
use crate::{
    authority::{Authority, identity, signers::verify},
    git::Request,
    objects::{
        landing::land,
        store::{self, Store},
    },
    run::{Context, exhausted, upstream_name},
    transfer::{Bulk, Field},
};

/// Answers one `fetch` request; the closing `0002` is the session's. Returns the store that holds all of it, where one
/// does.
///
/// # Errors
///
/// What kept everybody from serving.
pub fn answer(
    context: &mut Context,
    authority: &mut Authority,
    field: &mut Field,
    refs: &[Ref],
    request: &Request,
    out: &mut dyn Write,
) -> Result<Option<Store>, Failure> {
    context.diary.report.operation = if request.is_clone() { "clone" } else { "fetch" }.to_owned();
    let signers = context.signers().cloned();
    let without_tags;
    let request = match &signers {
        None => request,
        Some(signers) => {
            verify::verify(context, authority, refs, request, signers)?;
            // What is not asked for was not looked at.
            without_tags = request.without_tags();
            &without_tags
        }
    };
    let store = if request.is_clone() {
        Store::open(&context.env, &context.repository, authority.advertisement().object_format())
    } else {
        None
    };
    let facts = Facts {
        mirrors: field.has_more(),
        upstream: authority.is_upstream(),
        public: authority.session().is_some(),
        store: store.is_some(),
        checks_objects: context.settings.checks_objects,
    };
    let way = plan::plan(request, facts);
    tracing::debug!(?way, ?facts, "plan");
    match (way, store) {
        (Plan::Bulk, Some(store)) => stored(context, authority, field, &Bulk { store: &store, request, refs }, out),
        (Plan::Authority, _) => upstream::from_upstream(context, authority, &request.to_bytes(), out).map(|()| None),
        // Only in the store can it be held against the pin; but a transfer brings tags along, which nobody has looked at.
        (Plan::Pass, _) if context.pinned.is_some() && signers.is_none() && request.is_update() => {
            update(context, authority, field, refs, request, out)
        }
        _ => {
            // A transfer of its own brings tags along.
            let may_be_large = signers.is_none()
                && request.is_update()
                && !context.settings.checks_objects
                && context.env.cache_dir().is_some();
            match pass::pass(context, field, authority, request, &request.to_bytes(), may_be_large, out)? {
                Passed::Answered => Ok(None),
                Passed::Large => update(context, authority, field, refs, request, out),
            }
        }
    }
}

/// A large update. It goes on from what the store has, if that is no older than what git has; else from what git has.
fn update(
    context: &mut Context,
    authority: &mut Authority,
    field: &mut Field,
    refs: &[Ref],
    request: &Request,
    out: &mut dyn Write,
) -> Result<Option<Store>, Failure> {
    let format = authority.advertisement().object_format().to_owned();
    let haves = request.haves();
    let newest = &haves[..haves.len().min(1)];
    let store = Store::open(&context.env, &context.repository, &format).filter(|store| store.has_all(newest));
    if let Some(store) = store {
        return stored(context, authority, field, &Bulk { store: &store, request, refs }, out);
    }
    match Store::beside(&context.env, &context.repository, &format, &haves) {
        // Its packs are linked into the repository by then, and rest on what is there.
        Some(store) => {
            bulk(context, authority, field, &Bulk { store: &store, request, refs }, out).map(|_| store.discard())?;
        }
        None => {
            pass::pass(context, field, authority, request, &request.to_bytes(), false, out)?;
        }
    }
    Ok(None)
}

/// A bulk by way of the store that stays.
fn stored(
    context: &mut Context,
    authority: &mut Authority,
    field: &mut Field,
    wanted: &Bulk<'_>,
    out: &mut dyn Write,
) -> Result<Option<Store>, Failure> {
    let whole = bulk(context, authority, field, wanted, out)?;
    wanted.store.make_room(context.select.config.git.store_limit.value);
    Ok(whole.then(|| wanted.store.clone()))
}

/// Lands what mirrors have, links it into the repository, and has the authority add what is missing. Whether nothing was.
fn bulk(
    context: &mut Context,
    authority: &mut Authority,
    field: &mut Field,
    bulk: &Bulk<'_>,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let held = match bulk.carry(context, field, authority) {
        Ok(held) => held,
        Err(failure) => {
            // The store is there for speed; without one a mirror can still answer.
            crate::terminal::warn(&failure.what);
            let body = bulk.request.to_bytes();
            return pass::pass(context, field, authority, bulk.request, &body, false, out).map(|_| false);
        }
    };
    let wants = bulk.request.wants();
    let whole = bulk.store.has_all(&wants);
    if whole {
        // Whoever landed them may have been killed before it wrote that down.
        bulk.store.add_tips(&wants);
        identity::check(context, authority, bulk.store, bulk.refs)?;
    }
    if !whole && context.pinned.is_some() {
        return Err(exhausted::exhausted(context));
    }
    if !whole && authority.session().is_some() && !too_large_for_the_store(context) {
        // Upstream was asked as well, like a mirror, and could not give it either.
        return Err(exhausted::exhausted(context));
    }
    let tips = bulk.store.tips();
    let linked = if tips.is_empty() { Vec::new() } else { bulk.store.link_into(&store::objects_of_repository()?)? };
    // Others wait while what was linked might be taken back, lest they rest on it.
    let _held = (!linked.is_empty()).then_some(held);
    if whole {
        // Nothing is missing, and git proves it: it walks from the refs through all it has now.
        return nothing_missing(bulk, out).map(|()| true).map_err(|error| git_is_gone(&error));
    }
    // The authority ignores what it does not know, so a tip can be declared whoever it came from.
    let tips: Vec<Oid> = tips.into_iter().filter(|tip| !wants.contains(tip)).collect();
    let body = bulk.request.with_haves(&tips);
    let answered = if authority.is_upstream() {
        upstream::from_upstream(context, authority, &body, out)
    } else {
        pass::pass(context, field, authority, bulk.request, &body, false, out).map(|_| ())
    };
    if answered.is_err() {
        // git has not got all of the answer, so it cannot have used them, and a fetch that fails leaves no trace. The
        // index first, as git looks for it.
        linked.iter().rev().for_each(|file| drop(std::fs::remove_file(file)));
    }
    answered.map(|()| false)
}

/// Whether upstream could give it, but the store could not hold it.
fn too_large_for_the_store(context: &Context) -> bool {
    let name = upstream_name(&context.repository);
    let sources = &context.diary.report.sources;
    sources.iter().any(|source| source.name == name && source.why == Some(Fault::TooLarge))
}

/// A pack of no objects, as the whole answer to a fetch.
fn nothing_missing(bulk: &Bulk<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    if !bulk.request.is_done() {
        // git asked what is common, and would go on asking: it is told that this is enough.
        Packet::Data(b"acknowledgments\n").write(&mut *out)?;
        for have in bulk.request.haves() {
            Packet::Data(format!("ACK {have}\n").as_bytes()).write(&mut *out)?;
        }
        Packet::Data(b"ready\n").write(&mut *out)?;
        Packet::Delimiter.write(&mut *out)?;
    }
    let pack = [&[1], land::empty_pack(bulk.store).as_slice()].concat();
    Packet::Data(b"packfile\n").write(&mut *out)?;
    Packet::Data(&pack).write(&mut *out)?;
    Packet::Flush.write(out)
}
