//! Evidence of a contradiction, checked again: what do they say now, and who is right?
//!
//! Asks without credentials; whoever is asked was named in the evidence, and has heard the name already.

use serde_json::{Map, Value};

use crate::{
    cargo::index,
    errors::Fault,
    git::{Pin, Presence, Session, presence},
    model::{check_address, unspelled},
    pip::simple::{self, Page},
    select::{Select, Source},
    transport::http::{Patience, limits},
    trust::{Claim, Evidence},
};

/// What upstream makes of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Upstream says the same, or has that commit.
    Right,
    /// Upstream says otherwise, or has no such commit.
    Wrong(String),
    /// Upstream could not be asked.
    Unknown(String),
}

/// A claim with what is found out about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What was said.
    pub claim: Claim,
    /// What the same mirror says now; nothing when it says nothing of it.
    pub now: Result<Option<String>, Fault>,
    /// Who is right.
    pub check: Check,
}

/// Checks every claim.
pub fn audit(select: &Select, evidence: &Evidence) -> Vec<Audited> {
    let audited = |claim: &Claim| {
        let mirror = select.config.mirrors.iter().find(|mirror| mirror.name == claim.mirror);
        let insecure = mirror.is_some_and(|mirror| mirror.insecure);
        let now = check_address(&claim.address, insecure).map_err(|why| Fault::Transport(why.what));
        let now = now.and_then(|address| {
            let source = match mirror {
                Some(mirror) => Source::mirror(mirror, address, &select.proxies),
                // The configuration has forgotten it; it is asked as a stranger is.
                None => Source::upstream(&claim.mirror, address, &select.proxies),
            };
            says(select, evidence, &claim.about, &source)
        });
        Audited { now, check: check(select, evidence, claim), claim: claim.clone() }
    };
    evidence.claims.iter().map(audited).collect()
}

/// What upstream makes of a claim.
fn check(select: &Select, evidence: &Evidence, claim: &Claim) -> Check {
    let Ok(upstream) = check_address(&evidence.upstream, false) else {
        return Check::Unknown("the evidence names no upstream that may be asked".to_owned());
    };
    if evidence.tool == "git" {
        let Ok(commit) = claim.said.parse() else { return Check::Wrong("it is no object id".to_owned()) };
        // Mirrors are what is in question, so none is asked.
        return match presence::ask(select, &upstream, None, &commit) {
            Pin::Upstream(Presence::Tip(_) | Presence::There) => Check::Right,
            Pin::Upstream(Presence::NotFound) => Check::Wrong("upstream has no such commit".to_owned()),
            Pin::Mirrors(_) => Check::Unknown("upstream does not answer".to_owned()),
            Pin::Unasked(why) => Check::Unknown(why),
        };
    }
    match says(select, evidence, &claim.about, &Source::upstream(&evidence.tool, upstream, &select.proxies)) {
        Ok(Some(truth)) if truth == claim.said => Check::Right,
        Ok(Some(truth)) => Check::Wrong(format!("upstream says {truth}")),
        Ok(None) | Err(Fault::Missing) => Check::Wrong("upstream has no such thing".to_owned()),
        Err(fault) => Check::Unknown(format!("upstream {fault}")),
    }
}

/// What a place says now of a ref, a version or a file.
fn says(select: &Select, evidence: &Evidence, about: &str, source: &Source) -> Result<Option<String>, Fault> {
    let get = |path: &str, accept: &str| select.http.send(&source.get(path, Patience::LAST)?.header("accept", accept));
    match evidence.tool.as_str() {
        "git" => {
            let session = Session::open(&select.http, source, Patience::LAST)?;
            let refs = session.refs(&[&unspelled(about)], Patience::LAST)?;
            let found = refs.into_iter().find(|found| found.name == about).and_then(|found| found.oid);
            Ok(found.map(|oid| oid.to_string()))
        }
        "cargo" => {
            let path = index::path_of(&evidence.subject).ok_or(Fault::Missing)?;
            Ok(index::checksums(&get(&path, "text/plain")?.body.read_all(limits::ENTRY)?)?.remove(about))
        }
        _ => {
            let response = get(&format!("{}/", simple::normalized(&evidence.subject)), simple::ACCEPT)?;
            let (kind, base) = (response.content_type.clone(), response.address.clone());
            let page = Page::parse(&kind, &response.body.read_all(limits::PAGE)?, &base)?;
            let named = |file: &&Map<String, Value>| file.get("filename").and_then(Value::as_str) == Some(about);
            Ok(page.files.iter().find(named).and_then(simple::sha256))
        }
    }
}
