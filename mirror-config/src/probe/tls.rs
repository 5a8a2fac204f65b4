//! Looks at the certificates of all mirrors' hosts: who issued them, for which names, for how long.
//!
//! One request to each host's front page, so that no name of a repository or package is told to anybody.

use std::{collections::BTreeMap, sync::mpsc::channel, thread};

use super::freshness::{Progress, TOTAL};
use crate::{
    model::{Address, Mirror, Repo, Repository},
    select::Select,
    transport::{
        Route,
        http::{Looked, Patience, Request},
    },
};

/// One host, and what it showed.
#[derive(Debug, Clone)]
pub struct CertificateResult {
    /// The host, with its port where that is not the usual one.
    pub host: String,
    /// The mirrors that have something there.
    pub mirrors: Vec<String>,
    /// What it showed; nothing for an address without TLS.
    pub looked: Option<Looked>,
}

/// A host as one route leads to it.
struct Place {
    address: Address,
    route: Route,
    mirrors: Vec<String>,
}

/// Asks every host of every mirror, all at once. Takes at most five seconds.
pub fn probe(select: &Select, heard: Progress<'_>) -> Vec<CertificateResult> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for mirror in &select.config.mirrors {
        for address in addresses(mirror) {
            let mut url = address.expose().clone();
            if !matches!(url.scheme(), "https" | "http") {
                continue;
            }
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = format!("{}{port}", url.host_str().unwrap_or_default());
            url.set_path("/");
            url.set_query(None);
            // Never refused for an address with a host.
            let _ = url.set_username("").and_then(|()| url.set_password(None));
            let route = select.proxies.route(&url, Some(mirror));
            let place = places.entry(format!("{host} {}", url.scheme()));
            let place = place.or_insert_with(|| Place { address: url.into(), route, mirrors: Vec::new() });
            if place.mirrors.last() != Some(&mirror.name) {
                place.mirrors.push(mirror.name.clone());
            }
        }
    }
    let (tell, told) = channel();
    let count = places.len();
    let mut results = Vec::new();
    for (number, (name, place)) in places.into_iter().enumerate() {
        let host = name.split(' ').next().unwrap_or_default().to_owned();
        let is_tls = place.address.expose().scheme() == "https";
        results.push(CertificateResult { host, mirrors: place.mirrors, looked: None });
        if !is_tls {
            continue;
        }
        let (http, tell) = (select.http.clone(), tell.clone());
        // Not waited for: a request has its own end, and the process may have ended before.
        thread::spawn(move || {
            let patience = Patience { head: TOTAL, ..Patience::REPLACEABLE };
            let request = Request::get(place.address, &place.route, patience);
            // Nobody listens any more when the time is over.
            let _ = tell.send((number, http.certificate(&request)));
        });
    }
    drop(tell);
    for (done, (number, looked)) in told.into_iter().enumerate() {
        results[number].looked = Some(looked);
        heard(done + 1, count);
    }
    results
}

/// Every address of a mirror; of a template, that of any repository.
fn addresses(mirror: &Mirror) -> Vec<Address> {
    let sample: Option<Repo> = "owner/name".parse().ok();
    let git = mirror
        .git
        .keys()
        .filter_map(|upstream| mirror.git_address(&Repository { upstream: upstream.clone(), repo: sample.clone()? }));
    let others = [&mirror.cargo, &mirror.pypi, &mirror.rustup].into_iter().flatten().cloned();
    git.chain(others).collect()
}
