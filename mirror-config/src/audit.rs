//! Evidence of a contradiction, checked again: what do they say now, and who is right?
//!
//! Asks without credentials; whoever is asked was named in the evidence, and has heard the name already.

use crate::{
    blobs::Blobs,
    config::Trust,
    crates,
    environment::Environment,
    fault::Fault,
    git_pin::{self, Pin, Presence},
    http::{Cancel, Patience, Request},
    packages::Packages,
    redact::Address,
    registry::{Locked, Registry},
    select::Select,
    simple::{self, Page},
    trust::{Claim, evidence::Evidence},
    upload_pack::Session,
    upstream::{Repository, check_address},
};

/// Largest page or entry that is read, in bytes.
const LARGEST: u64 = 64 << 20;

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
    /// What the same mirror says now.
    pub now: Result<Option<String>, Fault>,
    /// Who is right.
    pub check: Check,
}

/// Checks every claim.
pub fn audit(env: &Environment, select: &Select, evidence: &Evidence, blobs: Blobs) -> Vec<Audited> {
    let says = |claim: &Claim| says(select, evidence, claim);
    let truth: Box<dyn Fn(&Claim) -> Check> = match evidence.tool.as_str() {
        "git" => Box::new(|claim| commit(select, evidence, claim)),
        "cargo" => {
            let registry = Registry::new(env, select.clone(), blobs, Locked::new());
            Box::new(move |claim| match registry.entry(&evidence.subject) {
                Ok(Some(entry)) if entry.verdict == Trust::Upstream => {
                    compared(&claim.said, entry.checksums.get(&claim.about))
                }
                Ok(_) => Check::Unknown("upstream does not answer".to_owned()),
                Err(failure) => Check::Unknown(failure.what),
            })
        }
        _ => {
            let Ok(upstream) = check_address(&evidence.upstream, false) else { return Vec::new() };
            let packages = Packages::new(select.clone(), upstream, blobs);
            Box::new(move |claim| match packages.page(&evidence.subject) {
                Ok(Some(page)) if packages.rests_on() == Some(Trust::Upstream) => {
                    compared(&claim.said, hash(&page, &claim.about).as_ref())
                }
                Ok(_) => Check::Unknown("upstream does not answer".to_owned()),
                Err(failure) => Check::Unknown(failure.what),
            })
        }
    };
    let audited = |claim: &Claim| Audited { now: says(claim), check: truth(claim), claim: claim.clone() };
    evidence.claims.iter().map(audited).collect()
}

fn compared(said: &str, truth: Option<&String>) -> Check {
    match truth {
        Some(truth) if truth == said => Check::Right,
        Some(truth) => Check::Wrong(format!("upstream says {truth}")),
        None => Check::Wrong("upstream has no such thing".to_owned()),
    }
}

/// Whether upstream has the commit, and where.
fn commit(select: &Select, evidence: &Evidence, claim: &Claim) -> Check {
    let (Ok(address), Ok(commit)) = (check_address(&evidence.upstream, false), claim.said.parse()) else {
        return Check::Unknown("the evidence names no address that may be asked".to_owned());
    };
    // Mirrors are what is in question.
    let repository: Option<&Repository> = None;
    match git_pin::ask(select, &address, repository, &commit) {
        Pin::Upstream(Presence::Tip(_) | Presence::There) => Check::Right,
        Pin::Upstream(Presence::NotFound) => Check::Wrong("upstream has no such commit".to_owned()),
        Pin::Mirrors(_) => Check::Unknown("upstream does not answer".to_owned()),
        Pin::Unasked(why) => Check::Unknown(why),
    }
}

/// What the mirror of a claim says now.
fn says(select: &Select, evidence: &Evidence, claim: &Claim) -> Result<Option<String>, Fault> {
    let mirror = select.config.mirrors.iter().find(|mirror| mirror.name == claim.mirror);
    let insecure = mirror.is_some_and(|mirror| mirror.insecure);
    let address = check_address(&claim.address, insecure).map_err(|why| Fault::Transport(why.what))?;
    let route = select.proxies.route(address.expose(), mirror);
    if evidence.tool == "git" {
        let session = Session::open(&select.http, &address, &route, Patience::REPLACEABLE)?;
        let refs = session.refs(&[&claim.about], Patience::REPLACEABLE)?;
        let found = refs.into_iter().find(|found| found.name == claim.about).and_then(|found| found.oid);
        return Ok(found.map(|oid| oid.to_string()));
    }
    let get = |path: &str, accept: &str| {
        select.http.send(&Request {
            address: address.below(path).map_err(|error| Fault::NotAMirror(error.to_string()))?,
            route: route.clone(),
            headers: vec![("accept", accept.to_owned())],
            body: None,
            patience: Patience::REPLACEABLE,
            cancel: Cancel::new(),
        })
    };
    if evidence.tool == "cargo" {
        let path = crates::path_of(&evidence.subject).ok_or(Fault::Missing)?;
        let body = get(&path, "text/plain")?.body.read_all(LARGEST)?;
        return Ok(crates::checksums(&body)?.remove(&claim.about));
    }
    let response = get(&format!("{}/", simple::normalized(&evidence.subject)), simple::ACCEPT)?;
    let (kind, base): (String, Address) = (response.content_type.clone(), response.address.clone());
    Ok(hash(&Page::parse(&kind, &response.body.read_all(LARGEST)?, &base)?, &claim.about))
}

fn hash(page: &Page, name: &str) -> Option<String> {
    let named = |file: &&serde_json::Map<String, serde_json::Value>| {
        file.get("filename").and_then(serde_json::Value::as_str) == Some(name)
    };
    page.files.iter().find(named).and_then(simple::sha256)
}
