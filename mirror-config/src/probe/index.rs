//! What the probes of cargo and pip have in common: who is asked, until when, and what the answers come to.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{
    compare::{Facts, compare},
    freshness::{Freshness, Progress, RATE_TIME, TOTAL},
};
use crate::{
    errors::Fault,
    model::{Address, Service, check_address},
    select::{Observation, Select, Source},
    system::hex,
    transport::http::{Patience, Request, Response, limits},
};

const SAMPLES: &str = include_str!("../../data/samples.txt");
/// Bytes of a file that are read to measure a rate.
const RANGE: u64 = 1 << 20;
/// A candidate's own limit: what it has found out by then still counts.
const WORK: Duration = Duration::from_millis(4600);
/// The part of it in which the index has to answer.
const INDEX: Duration = Duration::from_millis(3100);

/// Whether the files that an index names are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// It serves them.
    Own,
    /// It has the index only, and names files of somebody else: this host.
    Elsewhere(String),
    /// It has the index only: it names a place of its own, which has not got them.
    Missing,
    /// They should be there, and something went wrong.
    Failed(Fault),
    /// Not found out.
    Unknown,
}

/// What one candidate turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexResult {
    /// The mirror's name, or that of upstream.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// What is wrong with its index, if anything.
    pub fault: Option<Fault>,
    /// From the start to the head of the first answer.
    pub first_byte: Option<Duration>,
    /// Bytes per second of a file.
    pub throughput: Option<f64>,
    /// How fresh.
    pub freshness: Freshness,
    /// Whether it serves files.
    pub files: Files,
    /// Whether its pages give hashes of files; cargo's indexes always do.
    pub hashes: Option<bool>,
}

/// Where a file should be, and where it came from with which rate.
type Located = (Address, Result<(Address, f64), Fault>);

/// What is found out about one candidate, before it is held against upstream.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) fault: Option<Fault>,
    pub(super) first_byte: Option<Duration>,
    pub(super) facts: Facts,
    pub(super) hashes: Option<bool>,
    /// The file that was measured.
    pub(super) file: Option<Located>,
}

/// The questions to one source, and since when they are being asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) source: Source,
    started: Instant,
}

/// A file to measure with.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    pub(super) address: Address,
    /// SHA-256 as the same index says it.
    pub(super) sha256: Option<String>,
    /// How such a file begins.
    pub(super) magic: &'static [u8],
}

/// The sample packages of a tool.
pub(super) fn samples(tool: &str) -> Vec<&'static str> {
    let lines = SAMPLES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).filter(|(of, _)| *of == tool).map(|(_, name)| name).collect()
}

impl Asked {
    /// Asks for a path of the index. The limit is the index's part of the time.
    pub(super) fn get(&self, select: &Select, path: &str, headers: &[(&'static str, &str)]) -> Result<Response, Fault> {
        let request = self.source.get(path, self.patience(INDEX))?;
        select.http.send(&headers.iter().fold(request, |request, (name, value)| request.header(name, *value)))
    }

    /// The whole body of an answer.
    pub(super) fn body(response: Response) -> Result<Vec<u8>, Fault> {
        response.body.read_all(limits::SAMPLE)
    }

    /// Reads the beginning of a file: where it came from in the end, and bytes per second.
    pub(super) fn measure(&self, select: &Select, file: &Measure) -> Result<(Address, f64), Fault> {
        check_address(file.address.expose().as_str(), self.source.is_insecure())
            .map_err(|failure| Fault::Transport(failure.what))?;
        let route = select.proxies.route(file.address.expose(), self.source.mirror.as_ref());
        let request = Request::get(file.address.clone(), &route, self.patience(WORK))
            .header("range", format!("bytes=0-{}", RANGE - 1))
            .header("accept-encoding", "identity");
        let mut response = select.http.send(&request)?;
        let started = Instant::now();
        let (mut buffer, mut hasher) = ([0; 16 * 1024], Sha256::new());
        let mut begin = Vec::new();
        let mut bytes = 0;
        let mut ended = false;
        while bytes < RANGE && started.elapsed() < RATE_TIME && self.started.elapsed() < WORK {
            let count = match response.body.read(&mut buffer) {
                Ok(count) => count,
                // What came says how fast it is, unless nothing did.
                Err(error) if bytes == 0 => return Err(Fault::from_io(&error)),
                Err(_) => break,
            };
            if count == 0 {
                ended = true;
                break;
            }
            hasher.update(&buffer[..count]);
            bytes += count as u64;
            let missing = file.magic.len().saturating_sub(begin.len());
            begin.extend_from_slice(&buffer[..missing.min(count)]);
        }
        if begin != file.magic {
            return Err(Fault::NotAMirror("something else instead of a file".to_owned()));
        }
        // Shorter than what was asked for: that was all of it.
        let whole = ended && bytes < RANGE;
        if let Some(sum) = file.sha256.as_ref().filter(|_| whole)
            && hex(&hasher.finalize()) != *sum
        {
            return Err(Fault::Corrupt("a file of another hash than its index says".to_owned()));
        }
        Ok((response.address, bytes as f64 / started.elapsed().as_secs_f64().max(0.001)))
    }

    /// What is left of this time.
    fn patience(&self, until: Duration) -> Patience {
        let left = until.saturating_sub(self.started.elapsed());
        Patience { head: left, first_byte: left, silence: left, floor: 0 }
    }
}

/// Asks upstream, if it is known, and all mirrors of a service, each in its own way, for five seconds in all.
pub(super) fn ask(
    select: &Select,
    upstream: Option<(&str, Address)>,
    services: (Service, Service),
    find: fn(&Select, &Asked) -> Found,
    heard: Progress<'_>,
) -> Vec<(Asked, Found)> {
    let started = Instant::now();
    let upstream = upstream.map(|(name, index)| select.upstream(name, index, services.0));
    let sources = upstream.into_iter().chain(select.index(services.0, RANGE));
    let asked: Vec<Asked> = sources.map(|source| Asked { source, started }).collect();
    let (sender, receiver) = channel();
    for (number, one) in asked.iter().cloned().enumerate() {
        let (sender, select) = (sender.clone(), select.clone());
        // Whoever is late is not waited for, and finds nobody listening.
        thread::spawn(move || drop(sender.send((number, find(&select, &one)))));
    }
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    heard(0, asked.len());
    while found.len() < asked.len() {
        let Ok((number, one)) = receiver.recv_timeout(TOTAL.saturating_sub(started.elapsed())) else { break };
        found.insert(number, one);
        heard(found.len(), asked.len());
    }
    let late = || Found { fault: Some(Fault::Timeout), ..Found::default() };
    asked.into_iter().enumerate().map(|(number, one)| (one, found.remove(&number).unwrap_or_else(late))).collect()
}

/// Holds what was found against upstream, and remembers it. `kin` tells whether a host is upstream's by its name alone.
pub(super) fn judge(
    select: &Select,
    services: (Service, Service),
    found: Vec<(Asked, Found)>,
    kin: &dyn Fn(&Address) -> bool,
) -> Vec<IndexResult> {
    let upstream = found.iter().find(|(asked, _)| asked.source.is_upstream());
    let yardstick: Facts = upstream.map(|(_, found)| found.facts.clone()).unwrap_or_default();
    let file = upstream.and_then(|(_, found)| found.file.as_ref());
    let mut places: Vec<(String, Address)> =
        found.iter().map(|(asked, _)| (asked.source.operator.clone(), asked.source.address.clone())).collect();
    for address in file.into_iter().flat_map(|(named, got)| [Some(named), got.as_ref().ok().map(|(from, _)| from)]) {
        places.extend(address.map(|address| ("upstream".to_owned(), address.clone())));
    }
    let result = |(Asked { source, .. }, found): (Asked, Found)| {
        let (freshness, deceit) = match source.is_upstream() {
            false => compare(&yardstick, &found.facts),
            true => (Freshness::Unknown, None),
        };
        let strangers: Vec<&Address> =
            places.iter().filter(|(operator, _)| *operator != source.operator).map(|(_, place)| place).collect();
        let foreign = |address: &Address| {
            !source.is_upstream() && (kin(address) || strangers.iter().any(|place| same_host(place, address)))
        };
        IndexResult {
            freshness,
            fault: deceit.or(found.fault),
            first_byte: found.first_byte,
            throughput: found.file.as_ref().and_then(|(_, got)| got.as_ref().ok().map(|(_, rate)| *rate)),
            files: files(&source.address, found.file.as_ref(), &foreign),
            hashes: found.hashes,
            name: source.name,
            operator: source.operator,
        }
    };
    let results: Vec<IndexResult> = found.into_iter().map(result).collect();
    remember(select, services, &results);
    results
}

/// Whether the files are served where an index is. `foreign` tells whether an address is somebody else's.
fn files(index: &Address, file: Option<&Located>, foreign: &dyn Fn(&Address) -> bool) -> Files {
    let Some((named, got)) = file else { return Files::Unknown };
    let place = got.as_ref().map_or(named, |(from, _)| from);
    if !same_host(place, index) && foreign(place) {
        return Files::Elsewhere(place.expose().host_str().unwrap_or_default().to_owned());
    }
    match got {
        Ok(_) => Files::Own,
        Err(Fault::Missing) => Files::Missing,
        Err(fault) => Files::Failed(fault.clone()),
    }
}

fn same_host(one: &Address, other: &Address) -> bool {
    let place = |address: &Address| {
        let url = address.expose();
        (url.host_str().map(str::to_owned), url.port_or_known_default())
    };
    place(one) == place(other)
}

fn remember(select: &Select, services: (Service, Service), results: &[IndexResult]) {
    let index = |result: &IndexResult| Observation {
        mirror: result.name.clone(),
        first_byte: result.first_byte,
        carried: None,
        fault: result.fault.clone(),
    };
    let files = |result: &IndexResult| {
        let fault = match &result.files {
            Files::Own => None,
            Files::Elsewhere(_) | Files::Missing => Some(Fault::NotAMirror("it has the index only".to_owned())),
            Files::Failed(fault) => Some(fault.clone()),
            Files::Unknown => return None,
        };
        // What came from somebody else says nothing of this one.
        let rate = result.throughput.filter(|_| fault.is_none());
        let carried = rate.map(|rate| ((rate * RATE_TIME.as_secs_f64()) as u64, RATE_TIME));
        Some(Observation { mirror: result.name.clone(), first_byte: result.first_byte, carried, fault })
    };
    select.health.remember(services.0, &results.iter().map(index).collect::<Vec<_>>());
    select.health.remember(services.1, &results.iter().filter_map(files).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::{Files, files, samples};
    use crate::{errors::Fault, model::Address};

    #[test]
    fn an_index_that_points_to_somebody_else_or_to_nothing_serves_no_files() {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let index = address("https://mirror.example/index/");
        let foreign = |place: &Address| place.expose().host_str() == Some("up.example");
        let got = |from: &str| Ok((address(from), 1.0));
        for (named, result, expected) in [
            ("https://mirror.example/f", got("https://mirror.example/f"), Files::Own),
            ("https://files.example/f", got("https://files.example/f"), Files::Own),
            ("https://mirror.example/f", got("https://up.example/f"), Files::Elsewhere("up.example".to_owned())),
            ("https://up.example/f", Err(Fault::Timeout), Files::Elsewhere("up.example".to_owned())),
            ("https://mirror.example/f", Err(Fault::Missing), Files::Missing),
            ("https://mirror.example/f", Err(Fault::Timeout), Files::Failed(Fault::Timeout)),
        ] {
            assert_eq!(files(&index, Some(&(address(named), result)), &foreign), expected, "{named}");
        }
        assert_eq!(files(&index, None, &foreign), Files::Unknown);
    }

    #[test]
    fn each_tool_has_samples() {
        for tool in ["cargo", "pip"] {
            assert!(samples(tool).len() >= 3, "{tool}");
        }
    }
}
