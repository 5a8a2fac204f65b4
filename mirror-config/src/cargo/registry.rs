//! Crates, as cargo may have them: entries of the index on the authority's word, files from whoever carries them.
//!
//! Upstream's entry counts. When upstream does not answer, operators have to agree (`trust::entries`), or the project's
//! `Cargo.lock` has said it before. Entries are asked for once in a run.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc, OnceLock,
        mpsc::{RecvTimeoutError, channel},
    },
    time::Duration,
};

use super::{
    entry::Answer,
    entry_cache::Kept,
    entry_request,
    index::{self, Downloads},
};
use crate::{
    authority::{Findings, Heard, Inquiry, Once, Subject, Upstream, failures},
    errors::{Failure, Fault, Kind},
    fetch::{Blobs, Open, Sources, download},
    model::Service,
    report::{Event, Journal},
    select::{Select, Source},
    system::{Environment, digest},
    transport::http::{Cancel, Patience},
    trust::{Believed, Trust},
};

/// How often somebody who waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);
/// Entries that are asked for at once.
const ENTRIES: usize = 64;

/// Checksums that the project has fixed, in `Cargo.lock` or by pins, by name and version.
pub type Checksums = HashMap<(String, String), String>;

/// An entry that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    /// What cargo gets.
    pub body: Vec<u8>,
    /// What names it.
    pub etag: String,
    /// On whose word.
    pub verdict: Trust,
    /// Checksums by version.
    pub checksums: BTreeMap<String, String>,
}

/// What is known of a crate: its entry, or that there is none.
pub type FoundEntry = Result<Option<Arc<IndexEntry>>, Failure>;

/// A registry with its mirrors, for one run.
#[derive(Debug)]
pub struct Registry {
    select: Select,
    upstream: Arc<Upstream>,
    least: Trust,
    index: Sources,
    files: Sources,
    blobs: Blobs,
    kept: Option<Kept>,
    /// What the project has fixed: checksums by version, by the crate's name in lower case: indexes do not tell names apart by case.
    fixed: HashMap<String, BTreeMap<String, String>>,
    entries: Once<FoundEntry>,
    downloads: Once<Result<Downloads, Fault>>,
    findings: Findings,
}

impl Registry {
    /// The registry that the configuration means; what happens goes into the journal.
    pub fn new(env: &Environment, select: Select, blobs: Blobs, locked: Checksums, journal: Journal) -> Self {
        let upstream = select.upstream("cargo", index::authority(&select.config), Service::Crates);
        let (tool, address) = ("cargo", upstream.address.clone());
        let findings = Findings::new(Subject { tool, upstream: address, state_dir: select.state_dir.clone() }, journal);
        let mut fixed: HashMap<String, BTreeMap<String, String>> = HashMap::new();
        for ((name, version), sum) in locked {
            fixed.entry(name.to_ascii_lowercase()).or_default().insert(version, sum);
        }
        Self {
            least: select.config.cargo.trust.value,
            index: Sources::of(&select, Service::CargoIndex, 50_000, &upstream).with_slots(ENTRIES),
            files: Sources::of(&select, Service::Crates, 200_000, &upstream),
            blobs,
            kept: env.cache_dir().map(|folder| Kept::new(&folder)),
            fixed,
            entries: Once::default(),
            downloads: Once::default(),
            findings,
            upstream: Upstream::new(upstream, &select.health, Service::CargoIndex),
            select,
        }
    }

    /// The entry of a crate; none where it does not exist.
    ///
    /// # Errors
    ///
    /// [`Kind::Exhausted`] when nobody answers, [`Kind::Quorum`] when too few agree, [`Kind::Digest`] when it says another
    /// checksum of a version than the project has fixed: cargo would write that into `Cargo.lock`; and when upstream has
    /// contradicted what was believed in this run.
    pub fn entry(&self, name: &str) -> FoundEntry {
        let found = self.entries.cell(name).get_or_init(|| self.find(name)).clone();
        self.upstream.check()?;
        found
    }

    /// A crate's file, once it is known to be the right one, and its size in bytes. `checksum` is what cargo expects.
    ///
    /// # Errors
    ///
    /// As [`Registry::entry`]; [`Kind::Digest`] when the authority, or what the project has fixed, says another checksum
    /// than cargo expects; [`Kind::Unpinned`] where only what is fixed counts.
    pub fn file(&self, name: &str, version: &str, checksum: &str) -> Result<(File, u64), Failure> {
        let what = format!("{name} {version}");
        let locked = self.fixed(name).and_then(|fixed| fixed.get(version));
        match locked {
            Some(locked) if locked != checksum => {
                return Err(Failure::new(
                    Kind::Digest,
                    format!("{what}: cargo expects the checksum {checksum}, the project has fixed {locked}"),
                )
                .hint("cargo mirror verify"));
            }
            None if self.least == Trust::Pinned => {
                return Err(Failure::new(
                    Kind::Unpinned,
                    format!("{what}: `cargo.trust` is \"pinned\", and neither Cargo.lock nor mirror.lock has it"),
                )
                .hint("cargo mirror pin --crates"));
            }
            _ => {}
        }
        let said = match self.entry(&name.to_ascii_lowercase()) {
            Ok(entry) => entry.and_then(|entry| entry.checksums.get(version).cloned()),
            Err(failure) => match locked {
                Some(locked) => Some(locked.clone()),
                None => return Err(failure),
            },
        };
        match said {
            Some(said) if said == checksum => {}
            Some(said) => {
                return Err(Failure::new(
                    Kind::Digest,
                    format!("{what}: cargo expects the checksum {checksum}, the authority says {said}"),
                )
                .hint("cargo mirror verify"));
            }
            None => return Err(Failure::new(Kind::Exhausted, format!("{what}: no authority knows this version"))),
        }
        let file = download::download(&self.files, &self.blobs, checksum, &self.opener(name, version, checksum))
            .map_err(|failed| failures::no_copy(&what, "cargo", &failed))?;
        // It may have been heard meanwhile.
        self.upstream.check()?;
        Ok(file)
    }

    /// Ends the run: notes who did what, writes the report, has it remembered.
    pub fn close(&self, env: &Environment, error: Option<Kind>) {
        let journal = self.findings.journal();
        self.blobs.close();
        self.upstream.settle(&self.index);
        if self.upstream.has_spoken() {
            journal.said(&self.upstream.source.name, "entries of the index");
        }
        self.findings.tell();
        self.index.shares().into_iter().for_each(|share| journal.note(Event::Answered(share)));
        self.files.shares().into_iter().for_each(|share| journal.note(Event::Carried(share)));
        journal.write(env, error);
        journal.remember(&self.select.health);
        self.blobs.evict(self.select.config.git.store_limit.value);
    }

    fn find(&self, name: &str) -> FoundEntry {
        let Some(path) = index::path_of(name) else { return Ok(None) };
        let (select, kept, below) = (self.select.clone(), self.kept.clone(), path.clone());
        let _slot = self.index.slot();
        let patient = self.index.speaks_alone(self.least);
        let fixed = self.fixed(name);
        let inquiry = Inquiry {
            what: name,
            index: &self.index,
            upstream: &self.upstream,
            least: self.least,
            ask: Arc::new(move |source| {
                let kept = kept.as_ref().filter(|_| source.is_upstream());
                let patience = if patient && source.is_upstream() { Patience::LAST } else { Patience::REPLACEABLE };
                entry_request::entry(&select, source, &below, kept, patience)
            }),
            read: |answer| index::versions(&answer.body).unwrap_or_default(),
            private: false,
            locked: &|version| fixed.is_some_and(|fixed| fixed.get(&version.number) == Some(&version.checksum)),
            expects: fixed.is_some(),
        };
        match inquiry.run() {
            Heard::Upstream(answer) => {
                self.findings.rests_on(Trust::Upstream);
                self.hold(name, IndexEntry::new(answer, Trust::Upstream)).inspect_err(|_| self.forget(&path))
            }
            Heard::Missing => Ok(None),
            Heard::Mirrors(believed) => self.hold(name, self.believe(name, &believed)),
            Heard::Nobody(believed, failed) => {
                self.findings.heard(name, &believed);
                Err(failures::nobody(name, "cargo", &believed, &failed, false))
            }
        }
    }

    /// What the project has fixed of a crate.
    fn fixed(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.fixed.get(&name.to_ascii_lowercase())
    }

    /// Holds an entry against what the project has fixed.
    fn hold(&self, name: &str, entry: IndexEntry) -> FoundEntry {
        let other = |(version, sum): (&String, &String)| {
            let said = entry.checksums.get(version).filter(|said| *said != sum)?;
            Some(format!("{name} {version}: {said} is its checksum now, the project has fixed {sum}"))
        };
        match self.fixed(name).into_iter().flatten().find_map(other) {
            None => Ok(Some(Arc::new(entry))),
            Some(what) => Err(Failure::new(Kind::Digest, what).hint(
                "cargo mirror verify, if Cargo.lock has fixed it; cargo mirror pin --crates, if a pin is what is wrong",
            )),
        }
    }

    fn forget(&self, path: &str) {
        if let (Some(kept), Ok(address)) = (&self.kept, self.upstream.source.address.below(path)) {
            kept.forget(&address);
        }
    }

    /// The entry of what enough mirrors say.
    fn believe(&self, name: &str, believed: &Believed) -> IndexEntry {
        self.findings.rests_on_mirrors(name, believed);
        let mut body = Vec::new();
        for version in &believed.versions {
            body.extend_from_slice(version.line.as_bytes());
            body.push(b'\n');
        }
        let sums = believed.versions.iter().map(|version| (version.number.clone(), version.checksum.clone()));
        IndexEntry::new(Answer { checksums: sums.collect(), body, etag: None }, believed.verdict)
    }

    /// How a file is asked for: where it is depends on each place's own `config.json`.
    fn opener(&self, name: &str, version: &str, checksum: &str) -> Open {
        let select = self.select.clone();
        let (name, version, checksum) = (name.to_owned(), version.to_owned(), checksum.to_owned());
        let upstream = self.upstream.source.clone();
        let cells: HashMap<String, _> = self
            .files
            .order()
            .into_iter()
            .map(|(_, source)| (source.name.clone(), self.downloads.cell(&source.name)))
            .collect();
        Arc::new(move |source, part, cancel| {
            let cell = cells.get(&source.name).ok_or(Fault::Missing)?;
            let address = where_from(&select, source, cell, cancel)?.address(&name, &version, &checksum)?;
            if !source.is_upstream() {
                let upstreams = cells.get(&upstream.name).and_then(|cell| cell.get()?.clone().ok());
                if upstreams.is_some_and(|own| own.address(&name, &version, &checksum).as_ref() == Ok(&address)) {
                    // It has the index alone and points to upstream's files.
                    return Err(Fault::Missing);
                }
            }
            download::ask(&select, source, &address, part, cancel)
        })
    }
}

/// Asks a place once where its files are. Whoever needs it no more does not wait for it, while others may.
fn where_from(
    select: &Select,
    source: &Source,
    cell: &Arc<OnceLock<Result<Downloads, Fault>>>,
    cancel: &Cancel,
) -> Result<Downloads, Fault> {
    if let Some(known) = cell.get() {
        return known.clone();
    }
    let (tell, heard) = channel();
    let (select, source, cell) = (select.clone(), source.clone(), Arc::clone(cell));
    std::thread::spawn(move || {
        // Nobody may be listening any more, and that is well.
        let _ = tell.send(cell.get_or_init(|| entry_request::downloads(&select, &source)).clone());
    });
    loop {
        match heard.recv_timeout(LOOK) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) if !cancel.is_canceled() => {}
            Err(_) => return Err(Fault::Canceled),
        }
    }
}

impl IndexEntry {
    fn new(Answer { body, etag, checksums }: Answer, verdict: Trust) -> Self {
        let name =
            || digest::sha256(body.as_slice()).map_or_else(|_| String::new(), |sum| format!("\"{}\"", &sum[..32]));
        Self { etag: etag.unwrap_or_else(name), checksums, verdict, body }
    }
}
