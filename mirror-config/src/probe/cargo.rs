//! Asks mirrors of crates: the index, its newest versions, and whether its `dl` serves files.

use std::thread;

use super::{
    compare::Sample,
    freshness::Progress,
    index::{self, Asked, Found, IndexResult, Measure, samples},
};
use crate::{
    cargo::{CONFIG, Downloads, official, path_of, versions},
    errors::Fault,
    model::{Address, Service},
    select::Select,
    trust::entries,
};

/// How a file of a crate begins: gzip (RFC 1952).
const MAGIC: &[u8] = &[0x1f, 0x8b];
/// What is measured: the index, and the files.
const SERVICES: (Service, Service) = (Service::CargoIndex, Service::Crates);

/// Probes upstream and every mirror, and remembers what was measured. Takes at most five seconds.
pub fn probe(select: &Select, heard: Progress<'_>) -> Vec<IndexResult> {
    let configured = select.config.cargo.upstream.as_ref().map(|index| index.value.clone());
    let default = configured.is_none().then(official);
    let index = configured.unwrap_or_else(official);
    let found = index::ask(select, Some(("cargo", index)), SERVICES, find, heard);
    // Index, files and site of the official registry are hosts of one domain.
    let kin = |address: &Address| default.as_ref().is_some_and(|official| domain(official) == domain(address));
    index::judge(select, SERVICES, found, &kin)
}

/// The last two labels of a host's name.
fn domain(address: &Address) -> Option<String> {
    let url::Host::Domain(host) = address.expose().host()? else { return None };
    let mut labels = host.rsplit('.');
    Some(format!("{1}.{0}", labels.next()?, labels.next()?))
}

fn find(select: &Select, asked: &Asked) -> Found {
    let mut found = Found::default();
    let config = asked.get(select, CONFIG, &[]).and_then(|response| {
        found.first_byte = Some(response.first_byte);
        Downloads::parse(&Asked::body(response)?)
    });
    let downloads = match config {
        Ok(downloads) => downloads,
        Err(fault) => return Found { fault: Some(fault), ..found },
    };
    let names = samples("cargo");
    let entries: Vec<Result<Vec<entries::Version>, Fault>> = thread::scope(|scope| {
        let asking: Vec<_> = names.iter().map(|name| scope.spawn(|| entry(select, asked, name))).collect();
        asking.into_iter().map(|one| one.join().unwrap_or(Err(Fault::Canceled))).collect()
    });
    let mut file = None;
    for (name, entry) in names.iter().zip(entries) {
        let versions = match entry {
            Ok(versions) => versions,
            Err(Fault::Missing) => Vec::new(),
            Err(fault) => {
                found.fault = Some(fault);
                continue;
            }
        };
        if let Some(newest) = versions.iter().rev().find(|version| !version.yanked) {
            file.get_or_insert_with(|| (*name, newest.number.clone(), newest.checksum.clone()));
        }
        let sample = Sample {
            versions: versions.iter().map(|version| version.number.clone()).collect(),
            sums: versions.into_iter().map(|version| (version.number, version.checksum)).collect(),
        };
        found.facts.insert((*name).to_owned(), sample);
    }
    let Some((name, version, checksum)) = file else { return found };
    match downloads.address(name, &version, &checksum) {
        Ok(address) => {
            let measure = Measure { address: address.clone(), sha256: Some(checksum), magic: MAGIC };
            found.file = Some((address, asked.measure(select, &measure)));
        }
        Err(fault) => found.fault = Some(fault),
    }
    found
}

fn entry(select: &Select, asked: &Asked, name: &str) -> Result<Vec<entries::Version>, Fault> {
    let path = path_of(name).ok_or(Fault::Missing)?;
    let headers = [("accept", "text/plain"), ("cargo-protocol", "version=1")];
    versions(&Asked::body(asked.get(select, &path, &headers)?)?)
}
