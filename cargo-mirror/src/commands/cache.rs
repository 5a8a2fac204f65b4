//! `cargo mirror cache`: shows, prunes and verifies what is kept between clones.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mirror_config::{
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    fetch::Blobs,
    git::store::{StoreFacts, Stores},
    model::Repository,
    system::{Environment, state},
};

use super::named::repository;
use crate::{
    change::file,
    cli::{Action, Cache, Output, Prune, Verify},
    git::check,
    report::{self, CacheReport, StoreRow, amount},
};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn cache(env: &Environment, config: &LazyConfig<'_>, asked: &Cache) -> Result<(), Failure> {
    let config = config.get()?;
    let stores = Stores::of(env).ok_or_else(|| {
        Failure::new(Kind::Config, "there is no cache folder, so nothing is kept").hint("set HOME or XDG_CACHE_HOME")
    })?;
    match &asked.action {
        None => show(&stores, Blobs::open(env).ok().as_ref(), config, asked.output),
        Some(Action::Prune(asked)) => {
            prune_files(env, config, asked)?;
            prune(&stores, config, asked)
        }
        Some(Action::Verify(asked)) => verify(&stores, config, asked),
    }
}

fn show(stores: &Stores, blobs: Option<&Blobs>, config: &Config, output: Output) -> Result<(), Failure> {
    let (files, file_bytes) = blobs.map(Blobs::size).unwrap_or_default();
    let rows: Vec<StoreRow> = list(stores)?.into_iter().map(row).collect();
    let report = CacheReport {
        path: stores.path().display().to_string(),
        limit: config.git.store_limit.value,
        files,
        file_bytes,
        total: rows.iter().map(|row| row.bytes).sum(),
        stores: rows,
    };
    report::cache(&report, state::now(), output.json)
}

fn row(entry: StoreFacts) -> StoreRow {
    StoreRow {
        path: entry.path.display().to_string(),
        bytes: entry.bytes,
        packs: entry.packs,
        last_used: entry.last_used.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        in_use: entry.in_use,
        repository: entry.repository.map(|repository| repository.to_string()),
    }
}

/// Files of crates and packages: all, or the least recently used beyond the limit.
fn prune_files(env: &Environment, config: &Config, asked: &Prune) -> Result<(), Failure> {
    let limit = match asked.all {
        true => 0,
        false if *asked == Prune::default() => config.git.store_limit.value,
        false => return Ok(()),
    };
    match Blobs::open(env).map_or(0, |blobs| blobs.evict(limit)) {
        0 => Ok(()),
        bytes => report::line(&format!("removed files of crates and packages, {}", amount(bytes))),
    }
}

fn prune(stores: &Stores, config: &Config, asked: &Prune) -> Result<(), Failure> {
    let named: Vec<Repository> =
        asked.repository.iter().map(|text| repository(text, config)).collect::<Result<_, _>>()?;
    let failed = |error: io::Error| failed(stores, &error);
    let now = SystemTime::now();
    let unwanted = |entry: &StoreFacts| {
        let unused = now.duration_since(entry.last_used).unwrap_or_default();
        asked.all
            || asked.unused_for.is_some_and(|days| unused >= DAY * days)
            || named.iter().any(|named| is(entry, named))
    };
    let swept = stores.sweep().map_err(failed)?;
    let mut removed = stores.remove(unwanted).map_err(failed)?;
    let limit = match asked.to {
        // Without a word about what has to go, the limit decides.
        None if *asked == Prune::default() => Some(config.git.store_limit.value),
        told => told,
    };
    if let Some(limit) = limit {
        removed.extend(stores.evict(limit).map_err(failed)?);
    }
    for entry in &removed {
        report::line(&format!("removed {}, {}", name(entry), amount(entry.bytes)))?;
    }
    let bytes = removed.iter().map(|entry| entry.bytes).sum::<u64>() + swept;
    if swept > 0 {
        report::line(&format!("removed what killed clones left or was damaged, {}", amount(swept)))?;
    }
    let left = list(stores)?;
    let total = left.iter().map(|entry| entry.bytes).sum();
    let kept = amount(total);
    report::line(&match bytes {
        0 if removed.is_empty() => format!("nothing to remove; {kept} are kept"),
        bytes => format!("{} ({bytes} bytes) removed; {kept} are kept", amount(bytes)),
    })?;
    let in_use = |entry: &&StoreFacts| entry.in_use && (unwanted(entry) || limit.is_some_and(|limit| total > limit));
    let in_use: Vec<String> = left.iter().filter(in_use).map(name).collect();
    match (in_use.is_empty(), asked.repository.is_empty()) {
        (true, _) => Ok(()),
        (false, true) => report::line(&format!("in use, and so kept: {}", in_use.join(", "))),
        (false, false) => Err(Failure::new(Kind::Busy, format!("in use, and so kept: {}", in_use.join(", ")))
            .hint("try again when no clone of it runs")),
    }
}

fn verify(stores: &Stores, config: &Config, asked: &Verify) -> Result<(), Failure> {
    let named = asked.repository.as_ref().map(|text| repository(text, config)).transpose()?;
    let meant = |entry: &StoreFacts| named.as_ref().is_none_or(|named| is(entry, named));
    let mut damaged: Vec<(StoreFacts, String)> = Vec::new();
    let mut checked = 0;
    for entry in list(stores)?.into_iter().filter(meant) {
        // What goes while others are checked is nobody's loss.
        let Some(held) = entry.hold().map_err(|error| failed(stores, &error))? else { continue };
        checked += 1;
        match check::damage(&entry.path, &held)? {
            None => report::line(&format!("{}: whole, {}", name(&entry), amount(entry.bytes)))?,
            Some(said) => {
                report::line(&format!("{}: damaged: {said}", name(&entry)))?;
                damaged.push((entry, said));
            }
        }
    }
    if checked == 0 {
        let of = named.map(|named| format!(" of {named}")).unwrap_or_default();
        return report::line(&format!("nothing to check: nothing is kept{of}"));
    }
    let Some((first, said)) = damaged.first() else { return Ok(()) };
    let what = match damaged.len() {
        1 => format!("what is kept of {} is damaged: {said}", name(first)),
        several => {
            let names: Vec<String> = damaged.iter().map(|(entry, _)| name(entry)).collect();
            format!("what is kept of {several} repositories is damaged: {}", names.join(", "))
        }
    };
    Err(Failure::new(Kind::Digest, what).hint(cure(&damaged)))
}

/// The command that removes what is damaged; the next clone downloads it anew.
fn cure(damaged: &[(StoreFacts, String)]) -> String {
    let named = damaged.iter().map(|(entry, _)| Some(entry.repository.as_ref()?.to_string()));
    let named: Option<Vec<String>> = named.collect();
    match named {
        Some(names) => format!("cargo mirror cache prune --repository {}", names.join(" --repository ")),
        None => "cargo mirror cache prune --all".to_owned(),
    }
}

/// Whether a store is of this repository, however it is spelled: what goes costs no more than time.
fn is(entry: &StoreFacts, named: &Repository) -> bool {
    entry.repository.as_ref().is_some_and(|found| found.to_string().eq_ignore_ascii_case(&named.to_string()))
}

/// What people know a store by.
fn name(entry: &StoreFacts) -> String {
    entry.repository.as_ref().map_or_else(|| entry.path.display().to_string(), ToString::to_string)
}

fn list(stores: &Stores) -> Result<Vec<StoreFacts>, Failure> {
    stores.list().map_err(|error| failed(stores, &error))
}

fn failed(stores: &Stores, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::WouldBlock => {
            Failure::new(Kind::Busy, format!("{}: others are removing", stores.path().display())).hint("try again")
        }
        _ => file::failed(stores.path(), error),
    }
}
