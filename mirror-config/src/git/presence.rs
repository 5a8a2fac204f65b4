//! Whether the commit that a lock pins is where it is said to be: upstream's word, or that of mirrors that agree.
//!
//! A server of protocol v2 gives any object that it has, reachable or not: "it is there" is no more than that.

use super::upload_pack::{Fetch, Session};
use crate::{
    errors::Fault,
    model::{Address, Oid, Repository, Service},
    select::{Select, Source, catalog},
    transport::http::Patience,
    trust::quorum,
};

/// What is known of a commit in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// A branch, a tag or `HEAD` is at it: the ref's name.
    Tip(String),
    /// The place has it.
    There,
    /// The place says that it has not got it.
    NotFound,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// Upstream has spoken.
    Upstream(Presence),
    /// Upstream does not answer, and these operators have the commit.
    Mirrors(Vec<String>),
    /// Nobody whose word is enough could be asked; the text says why.
    Unasked(String),
}

/// Asks for a commit: upstream first, then mirrors of the same repository if it is one of a known upstream.
///
/// Without credentials. Where upstream wants some, or hides the repository, no mirror hears its name.
pub fn ask(select: &Select, address: &Address, repository: Option<&Repository>, commit: &Oid) -> Pin {
    if !matches!(address.expose().scheme(), "https" | "http") {
        return Pin::Unasked(format!("`{}` addresses are git's own business", address.expose().scheme()));
    }
    let upstream = repository.map_or("git", |repository| &repository.upstream);
    let fault = match presence(select, &select.upstream(upstream, address.clone(), Service::Git), commit) {
        Ok(presence) => return Pin::Upstream(presence),
        Err(fault) => fault,
    };
    let private = matches!(fault, Fault::Missing | Fault::Status(401 | 403));
    let Some(repository) = repository.filter(|_| !private) else { return Pin::Unasked(fault.to_string()) };
    let mut operators: Vec<String> = Vec::new();
    for source in catalog::git(&select.config, &select.proxies, repository, false) {
        // A relay reads through to upstream, which does not answer.
        if source.is_relay() || operators.contains(&source.operator) {
            continue;
        }
        let has_it = matches!(presence(select, &source, commit), Ok(Presence::Tip(_) | Presence::There));
        if has_it {
            operators.push(source.operator.clone());
        }
        // A copy that has not got it lags behind and does not object, so none speaks against those that have it.
        if (has_it && source.is_trusted()) || quorum::possible(operators.len()) {
            return Pin::Mirrors(operators);
        }
    }
    Pin::Unasked(match operators.first() {
        Some(only) => format!("upstream: {fault}; only {only} has it"),
        None => format!("upstream: {fault}; no mirror has it"),
    })
}

/// Looks for a commit in one place: among the tips of its refs, then by asking for it.
fn presence(select: &Select, source: &Source, commit: &Oid) -> Result<Presence, Fault> {
    let session = Session::open(&select.http, source, Patience::REPLACEABLE)?;
    let refs = session.refs(&[], Patience::REPLACEABLE)?;
    let at = |found: &&crate::model::Ref| found.oid.as_ref() == Some(commit) || found.peeled.as_ref() == Some(commit);
    // `HEAD` tells less than the branch that it stands for.
    if let Some(tip) = refs.iter().filter(at).max_by_key(|found| found.name != "HEAD") {
        return Ok(Presence::Tip(tip.name.clone()));
    }
    // One commit without its files is all that has to travel.
    let (wants, filter) = (std::slice::from_ref(commit), Some("tree:0"));
    let fetch = Fetch { wants, depth: Some(1), filter, ..Fetch::default() };
    match session.fetch(&fetch, Patience::REPLACEABLE) {
        Ok(_) => Ok(Presence::There),
        Err(Fault::Missing) => Ok(Presence::NotFound),
        Err(fault) => Err(fault),
    }
}
