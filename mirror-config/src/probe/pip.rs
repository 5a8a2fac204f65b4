//! Asks mirrors of Python packages: pages of the index, their versions and hashes, and whether the files are there.

use std::thread;

use super::{
    compare::Sample,
    freshness::{Freshness, Progress},
    index::{self, Asked, Found, IndexResult, Measure, samples},
};
use crate::{
    errors::Fault,
    model::{Address, Service},
    pip::simple::{self, File},
    select::Select,
};

/// How a wheel begins: zip (PKWARE's APPNOTE, 4.3.7).
const MAGIC: &[u8] = b"PK\x03\x04";
/// What is measured: the index, and the files.
const SERVICES: (Service, Service) = (Service::PypiIndex, Service::Wheels);

/// Probes upstream, if anybody knows where it is, and every mirror, and remembers what was measured. Takes at most five
/// seconds.
pub fn probe(select: &Select, upstream: Option<Address>, heard: Progress<'_>) -> Vec<IndexResult> {
    let found = index::ask(select, upstream.map(|index| ("pip", index)), SERVICES, find, heard);
    let mut results = index::judge(select, SERVICES, found, &|_| false);
    for result in &mut results {
        // What its owner deletes upstream, mirrors may still have, and no harm is done.
        if result.freshness == Freshness::Unrelated && result.fault.is_none() {
            result.freshness = Freshness::Same;
        }
    }
    results
}

fn find(select: &Select, asked: &Asked) -> Found {
    let mut found = Found::default();
    let names = samples("pip");
    let pages: Vec<_> = thread::scope(|scope| {
        let asking: Vec<_> = names.iter().map(|name| scope.spawn(|| page(select, asked, name))).collect();
        asking.into_iter().map(|one| one.join().unwrap_or((None, Err(Fault::Canceled)))).collect()
    });
    let mut wheel: Option<File> = None;
    let mut missing = 0;
    for (name, (first_byte, page)) in names.iter().zip(pages) {
        found.first_byte = found.first_byte.into_iter().chain(first_byte).min();
        let files = match page {
            Ok(files) => files,
            Err(Fault::Missing) => {
                missing += 1;
                Vec::new()
            }
            Err(fault) => {
                found.fault = Some(fault);
                continue;
            }
        };
        if wheel.is_none() {
            wheel = files.iter().rev().find(|file| file.is_wheel() && !file.yanked).cloned();
        }
        if !files.is_empty() {
            let all = files.iter().all(|file| file.sha256.is_some());
            found.hashes = Some(found.hashes.unwrap_or(true) && all);
        }
        let sample = Sample {
            versions: simple::versions(&files).into_iter().map(str::to_owned).collect(),
            sums: files.into_iter().filter_map(|file| Some((file.name, file.sha256?))).collect(),
        };
        found.facts.insert((*name).to_owned(), sample);
    }
    if missing == names.len() {
        found.fault = Some(Fault::Missing);
    }
    if let Some(File { address, sha256, .. }) = wheel {
        let measure = Measure { address: address.clone(), sha256, magic: MAGIC };
        found.file = Some((address, asked.measure(select, &measure)));
    }
    found
}

/// The files of a project, and the time to the head of the answer.
fn page(select: &Select, asked: &Asked, name: &str) -> (Option<std::time::Duration>, Result<Vec<File>, Fault>) {
    let path = format!("{}/", simple::normalized(name));
    match asked.get(select, &path, &[("accept", simple::ACCEPT)]) {
        Ok(response) => {
            let (first_byte, kind, base) =
                (response.first_byte, response.content_type.clone(), response.address.clone());
            (Some(first_byte), Asked::body(response).and_then(|body| simple::files(&kind, &body, &base)))
        }
        Err(fault) => (None, Err(fault)),
    }
}
