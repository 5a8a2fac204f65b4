//! Asks git mirrors for one repository: there? how fast? how fresh? whole?
//!
//! Looks like git to the server: the requests of a clone, read only as far as a measurement needs.

use std::{
    io::Read,
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use super::freshness::{Freshness, Progress, RATE_TIME, TOTAL};
use crate::{
    errors::Fault,
    git::{Fetch, Session},
    model::{Oid, Repository, Service},
    select::{Observation, Select, catalog, upstream_name},
    transport::http::Patience,
};

/// Most bytes read for it.
const RATE_BYTES: u64 = 4 << 20;
/// Upstream's head start: what it says decides who may hear the repository's name.
const UPSTREAM_TIME: Duration = Duration::from_millis(2500);

/// What one candidate turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct GitResult {
    /// The mirror's name, or `upstream:NAME`.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// What went wrong, if anything.
    pub fault: Option<Fault>,
    /// From the start to the head of the first answer.
    pub first_byte: Option<Duration>,
    /// Bytes per second of pack data.
    pub throughput: Option<f64>,
    /// How fresh.
    pub freshness: Freshness,
    /// It has the whole history; false for a shallow copy.
    pub whole: Option<bool>,
}

/// What a copy's freshness is held against: upstream, and the commit at its HEAD.
type Yardstick = Option<(Session, Oid)>;

/// How a session is got.
type Open = Box<dyn FnOnce() -> Result<Session, Fault> + Send>;

/// Probes upstream and every candidate for one repository, and remembers what was measured. Takes at most five seconds.
pub fn probe(select: &Select, repository: &Repository, heard: Progress<'_>) -> Vec<GitResult> {
    let started = Instant::now();
    let address =
        catalog::upstream(&select.config, repository).and_then(|upstream| upstream.url.fill(&repository.repo));
    let upstream = address.map_or(Err(Fault::Missing), |address| {
        let source = select.upstream(&repository.upstream, address, Service::Git);
        let http = select.http.clone();
        within(UPSTREAM_TIME, move || Session::open(&http, &source, patience(UPSTREAM_TIME)))
    });
    let private = matches!(upstream, Err(Fault::Missing | Fault::Status(401 | 403)));
    let mut results = Vec::new();
    let mut late: Vec<(String, String)> = Vec::new();
    let (sender, receiver) = channel();
    let name = upstream_name(&repository.upstream);
    let mut launch = |name: &str, operator: &str, yardstick: Yardstick, open: Open| {
        late.push((name.to_owned(), operator.to_owned()));
        let (sender, name, operator) = (sender.clone(), name.to_owned(), operator.to_owned());
        // Whoever is late is not waited for, and finds nobody listening.
        thread::spawn(move || drop(sender.send(measure(&name, &operator, open(), yardstick))));
    };
    let yardstick: Yardstick = match upstream {
        Err(fault) => {
            results.push(failed(&name, "upstream", fault));
            None
        }
        Ok(session) => {
            let head = head(&session).ok().flatten();
            let own = session.clone();
            launch(&name, "upstream", None, Box::new(move || Ok(own)));
            head.map(|head| (session, head))
        }
    };
    for source in select.git(repository, private, RATE_BYTES) {
        let (http, name, operator) = (select.http.clone(), source.name.clone(), source.operator.clone());
        let open = Box::new(move || Session::open(&http, &source, patience(TOTAL)));
        launch(&name, &operator, yardstick.clone(), open);
    }
    let all = late.len();
    heard(0, all);
    while !late.is_empty() {
        let Ok(result) = receiver.recv_timeout(TOTAL.saturating_sub(started.elapsed())) else { break };
        late.retain(|(name, _)| *name != result.name);
        results.push(result);
        heard(all - late.len(), all);
    }
    results.extend(late.iter().map(|(name, operator)| failed(name, operator, Fault::Timeout)));
    let seen: Vec<Observation> = results.iter().map(observation).collect();
    select.health.remember(Service::Git, &seen);
    results
}

fn patience(head: Duration) -> Patience {
    Patience { head, first_byte: RATE_TIME, silence: RATE_TIME, floor: 0 }
}

/// Runs something for no longer than this; what is late goes on unheard.
fn within<T: Send + 'static>(
    time: Duration,
    run: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = channel();
    thread::spawn(move || drop(sender.send(run())));
    receiver.recv_timeout(time).unwrap_or(Err(Fault::Timeout))
}

fn head(session: &Session) -> Result<Option<Oid>, Fault> {
    let refs = session.refs(&[b"HEAD"], patience(TOTAL))?;
    Ok(refs.into_iter().find(|found| found.name == "HEAD").and_then(|found| found.oid))
}

/// Asks one candidate for its head, and for as much of its history as the time allows.
fn measure(name: &str, operator: &str, opened: Result<Session, Fault>, yardstick: Yardstick) -> GitResult {
    let session = match opened {
        Ok(session) => session,
        Err(fault) => return failed(name, operator, fault),
    };
    let mut result =
        GitResult { fault: None, first_byte: Some(session.first_byte), ..failed(name, operator, Fault::Missing) };
    let head = match head(&session) {
        Ok(head) => head,
        Err(fault) => return GitResult { fault: Some(fault), ..result },
    };
    if let Some(oid) = &head {
        match rate(&session, oid) {
            Ok(throughput) => (result.throughput, result.whole) = (Some(throughput), Some(true)),
            Err(Fault::Shallow) => result.whole = Some(false),
            Err(fault) => result.fault = Some(fault),
        }
    }
    let freshness = match &yardstick {
        Some((upstream, newest)) => freshness(upstream, newest, head.as_ref()),
        None => Freshness::Unknown,
    };
    GitResult { freshness, ..result }
}

/// Bytes per second of a pack, from its first byte on.
fn rate(session: &Session, head: &Oid) -> Result<f64, Fault> {
    let fetch = Fetch { wants: std::slice::from_ref(head), ..Fetch::default() };
    let mut pack = session.fetch(&fetch, patience(RATE_TIME))?;
    let mut buffer = [0; 16 * 1024];
    let mut bytes = pack.read(&mut buffer).map_err(|error| Fault::from_io(&error))? as u64;
    let started = Instant::now();
    while started.elapsed() < RATE_TIME && bytes < RATE_BYTES {
        match pack.read(&mut buffer).map_err(|error| Fault::from_io(&error))? {
            0 => break,
            count => bytes += count as u64,
        }
    }
    Ok(bytes as f64 / started.elapsed().as_secs_f64().max(0.001))
}

/// Holds a mirror's head against upstream's, which alone can tell how far apart they are.
fn freshness(upstream: &Session, head: &Oid, theirs: Option<&Oid>) -> Freshness {
    let Some(theirs) = theirs else { return Freshness::Unknown };
    if head == theirs {
        return Freshness::Same;
    }
    let (wants, haves) = (std::slice::from_ref(head), std::slice::from_ref(theirs));
    let can = |feature| upstream.advertisement.has_feature("fetch", feature);
    if can("wait-for-done") && upstream.common(wants, haves, patience(RATE_TIME)).is_ok_and(|common| common.is_empty())
    {
        return Freshness::Unrelated;
    }
    // Without trees and blobs a pack is the commits between the two, and its header counts them.
    let counted = can("filter").then(|| {
        let fetch = Fetch { wants, haves, filter: Some("tree:0"), ..Fetch::default() };
        let mut header = [0; 12];
        upstream.fetch(&fetch, patience(RATE_TIME)).ok()?.read_exact(&mut header).ok()?;
        Some(u32::from_be_bytes([header[8], header[9], header[10], header[11]]))
    });
    Freshness::Behind(counted.flatten())
}

fn failed(name: &str, operator: &str, fault: Fault) -> GitResult {
    GitResult {
        name: name.to_owned(),
        operator: operator.to_owned(),
        fault: Some(fault),
        first_byte: None,
        throughput: None,
        freshness: Freshness::Unknown,
        whole: None,
    }
}

fn observation(result: &GitResult) -> Observation {
    Observation {
        mirror: result.name.clone(),
        first_byte: result.first_byte,
        carried: result.throughput.map(|rate| ((rate * RATE_TIME.as_secs_f64()) as u64, RATE_TIME)),
        fault: result.fault.clone(),
    }
}
