//! `cargo mirror verify`: holds what Cargo.lock pins against the authority.

use std::{collections::BTreeMap, thread};

use mirror_config::{
    cargo::{Finding, Pinned, Registry, registry, verify},
    config::{Config, LazyConfig},
    errors::{Failure, Kind},
    fetch::Blobs,
    git::{Pin, Presence, presence},
    model::{Address, Oid, Repository, Service},
    report::{Journal, Later},
    select::{Select, upstream_name},
    system::Environment,
};

use crate::{
    cargo::{
        Origin, lock_file, outward, program,
        setup::{self, Replacement},
        workspace,
    },
    cli::VerifyLock,
    report::{self, Check, DependencyRow, Progress, VerifyReport},
};

/// Poisoned packages that the error names; the table has all of them.
const NAMED: usize = 5;
/// About as large as a crate is, for the choice of a mirror.
const CRATE: u64 = 200_000;
/// About as large as a repository is.
const REPOSITORY: u64 = 4 << 20;

pub(super) fn verify(env: &Environment, config: &LazyConfig<'_>, asked: &VerifyLock) -> Result<(), Failure> {
    let cargo = program::program(env);
    let root = workspace::root(&cargo, asked.manifest_path.as_deref(), env.cwd())?;
    let config = config.get()?;
    let kept = setup::kept_for(env, config, &root)?;
    let select = Select::posing_as(config, env, &outward::of_program(env))?;
    let mut locked = lock_file::read(&root, select.config.cargo.upstream.as_ref().map(|index| &index.value))?;
    if let Some(kept) = &kept {
        report::warn(&format!(
            "{}: crates-io is replaced with {}; only that knows what its crates are, and nobody else hears of them",
            kept.found.place(),
            kept.words()
        ));
        locked.iter_mut().for_each(|package| package.origin = behind(kept, &package.origin));
    }
    let blobs = Blobs::open(env).map_err(|error| Failure::new(Kind::Io, format!("the cache: {error}")))?;
    let journal = Journal::new("cargo", "verify", "crates");
    let later = Later::of(&journal);
    // Without the lock: it is what is in question.
    let registry = Registry::new(env, select.clone(), blobs, registry::Checksums::new(), journal);
    let pins: Vec<Pinned> = locked
        .iter()
        .filter_map(|package| match &package.origin {
            Origin::Registry(pinned) => Some(pinned.clone()),
            _ => None,
        })
        .collect();
    let progress = Progress::start(env, "comparing");
    let (findings, commits) = thread::scope(|scope| {
        let commits = scope.spawn(|| commits(env, config, &locked));
        let findings = verify::verify(&select, &registry, &pins, &|done, of| progress.set("crates", done, of));
        (findings, commits.join().map_err(|_| Failure::new(Kind::Internal, "asking for commits ended before its time")))
    });
    drop(progress);
    later.warnings().iter().for_each(|warning| report::warn(warning));
    let commits = commits??;
    let served_by = select.index(Service::Crates, CRATE).first().map(|best| best.name.clone());
    let served_by = served_by.unwrap_or_else(|| upstream_name("cargo"));
    let mut found = findings.iter();
    let packages: Vec<DependencyRow> = locked
        .iter()
        .map(|package| match &package.origin {
            Origin::Registry(pinned) => {
                let finding = found.next().expect("one finding for each pinned crate");
                registry_row(package, pinned, finding, &served_by)
            }
            Origin::Git(address, commit) => {
                let asked = commit.as_ref().and_then(|commit| commits.get(&key(address, commit)));
                git_row(package, address, asked)
            }
            Origin::OtherRegistry(address) => row(package, address, "another registry"),
            Origin::Path => row(package, "path", ""),
        })
        .collect();
    let lock = root.join("Cargo.lock").display().to_string();
    let outcome = outcome(&pins, &findings);
    registry.close(env, outcome.as_ref().err().map(|failure| failure.kind));
    report::verify(&VerifyReport { lock, packages }, asked.output.json)?;
    outcome
}

/// Where a package comes from, behind a registry of one's own or sources on this disk.
fn behind(kept: &Replacement, origin: &Origin) -> Origin {
    match origin {
        Origin::Registry(_) => Origin::OtherRegistry(format!("behind `{}` in the place of crates-io", kept.source)),
        other => other.clone(),
    }
}

/// What all findings come to.
fn outcome(pins: &[Pinned], findings: &[Finding]) -> Result<(), Failure> {
    let mut poisoned = Vec::new();
    let mut unheard = None;
    for (pinned, finding) in pins.iter().zip(findings) {
        let what = format!("{} {}", pinned.name, pinned.version);
        match finding {
            Finding::Differs { locked, said, .. } => {
                poisoned.push(format!("\n  {what}: the lock says {locked}, the authority {said}"));
            }
            Finding::Unknown => poisoned.push(format!("\n  {what}: upstream knows no such version")),
            Finding::Unheard(failure) => unheard = unheard.or(Some(failure)),
            Finding::Right { .. } | Finding::NoChecksum => {}
        }
    }
    if !poisoned.is_empty() {
        let more = poisoned.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        let named: String = poisoned.into_iter().take(NAMED).collect();
        return Err(Failure::new(Kind::LockPoison, format!("Cargo.lock is not what the authority says:{named}{rest}"))
            .hint("build nothing with it; see who changed it: git log --patch -- Cargo.lock"));
    }
    unheard.map_or(Ok(()), |failure| Err(failure.clone()))
}

type Commits = BTreeMap<(String, String), (Pin, Option<String>)>;

fn key(address: &Address, commit: &Oid) -> (String, String) {
    (address.expose().to_string(), commit.to_string())
}

/// Asks for every pinned commit once, all at the same time, as git would ask; with the mirror that would serve it.
fn commits(env: &Environment, config: &Config, locked: &[lock_file::Dependency]) -> Result<Commits, Failure> {
    let mut pins: BTreeMap<(String, String), (&Address, &Oid)> = BTreeMap::new();
    for package in locked {
        if let Origin::Git(address, Some(commit)) = &package.origin {
            pins.insert(key(address, commit), (address, commit));
        }
    }
    if pins.is_empty() {
        return Ok(Commits::new());
    }
    let select = &Select::new(config, env)?;
    let ask = |address: &Address, commit: &Oid| {
        let repository = repository(select, address);
        let pin = presence::ask(select, address, repository.as_ref(), commit);
        // Before upstream has said that everybody may know it, no mirror is named for it.
        let mirror = match (&pin, &repository) {
            (Pin::Upstream(_) | Pin::Mirrors(_), Some(repository)) => {
                select.git(repository, false, REPOSITORY).first().map(|best| best.name.clone())
            }
            _ => None,
        };
        (pin, mirror)
    };
    Ok(thread::scope(|scope| {
        let asking: Vec<_> =
            pins.into_iter().map(|(key, (address, commit))| (key, scope.spawn(move || ask(address, commit)))).collect();
        let lost = || (Pin::Unasked("asking ended before its time".to_owned()), None);
        asking.into_iter().map(|(key, one)| (key, one.join().unwrap_or_else(|_| lost()))).collect()
    }))
}

/// The repository at an address, if it is one of a known upstream.
fn repository(select: &Select, address: &Address) -> Option<Repository> {
    select.config.repository_at(address.expose().as_str())
}

fn row(package: &lock_file::Dependency, source: &str, note: &str) -> DependencyRow {
    DependencyRow {
        name: package.name.clone(),
        version: package.version.clone(),
        source: source.to_owned(),
        mirror: None,
        check: Check::NotChecked,
        verdict: None,
        locked: None,
        said: None,
        note: note.to_owned(),
    }
}

fn registry_row(package: &lock_file::Dependency, pinned: &Pinned, finding: &Finding, served_by: &str) -> DependencyRow {
    let base = DependencyRow {
        mirror: Some(served_by.to_owned()),
        locked: pinned.checksum.clone(),
        ..row(package, "registry", "")
    };
    match finding {
        Finding::Right { verdict, yanked } => DependencyRow {
            check: if *yanked { Check::Yanked } else { Check::Ok },
            verdict: Some(verdict.to_string()),
            ..base
        },
        Finding::Differs { locked, said, verdict } => DependencyRow {
            check: Check::Poisoned,
            verdict: Some(verdict.to_string()),
            said: Some(said.clone()),
            note: format!("the lock says {locked}, the authority {said}"),
            ..base
        },
        Finding::Unknown => {
            DependencyRow { check: Check::Unknown, note: "upstream knows no such version".to_owned(), ..base }
        }
        Finding::NoChecksum => DependencyRow { note: "the lock has no checksum of it".to_owned(), ..base },
        Finding::Unheard(failure) => {
            let first = failure.what.lines().next().unwrap_or_default().to_owned();
            DependencyRow { check: Check::Unasked, note: first, ..base }
        }
    }
}

fn git_row(package: &lock_file::Dependency, address: &Address, asked: Option<&(Pin, Option<String>)>) -> DependencyRow {
    let base = row(package, "git", "");
    let Some((pin, mirror)) = asked else {
        return DependencyRow { note: format!("{address}: the lock names no commit"), ..base };
    };
    let (check, verdict, note) = match pin {
        Pin::Upstream(Presence::Tip(name)) => (Check::Ok, Some("upstream"), format!("is a tip: {name}")),
        Pin::Upstream(Presence::There) => (Check::Ok, Some("upstream"), "exists there".to_owned()),
        Pin::Upstream(Presence::NotFound) => (Check::Unknown, Some("upstream"), "not found there".to_owned()),
        Pin::Mirrors(operators) => {
            (Check::Ok, Some("quorum"), format!("upstream does not answer; {} have it", operators.join(" and ")))
        }
        Pin::Unasked(why) => (Check::Unasked, None, format!("could not be asked: {why}")),
    };
    let note = format!("{address}: {note}");
    DependencyRow { mirror: mirror.clone(), check, verdict: verdict.map(str::to_owned), note, ..base }
}
