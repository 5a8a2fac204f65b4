//! Python packages, as pip may have them: pages on the authority's word, files from whoever carries them.
//!
//! A file is to a project what a version is to a crate, and the same rules hold (`authority::ask`, `trust::entries`).
//! Files keep their place below an index on most mirrors, so a mirror's own page is read only where that guess fails.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::simple;
use crate::{
    authority::{Findings, Heard, Inquiry, Once, Subject, Upstream, failures},
    errors::{Failure, Fault, Kind},
    fetch::{Blobs, Open, Part, Sources, download},
    model::{Address, Service},
    pip::simple::Page,
    report::{Event, Journal},
    select::{Select, Source},
    system::Environment,
    transport::http::{Cancel, Patience, Response, limits},
    trust::{Believed, Trust, Version},
};

/// Marks a file of whose address only a mirror has spoken; the relay does not show it.
const AGREED: &str = "_agreed";
/// Pages that are asked for at once.
const PAGES: usize = 32;

/// What is known of a project: its page, or that there is none.
pub type FoundPage = Result<Option<Arc<Page>>, Failure>;

/// SHA-256 in lower-case hex that the user's requirements name, by normalized project. They are those of its files,
/// without saying which file each belongs to.
pub type Hashes = HashMap<String, HashSet<String>>;

/// An index with its mirrors, for one run.
#[derive(Debug)]
pub struct Packages {
    select: Select,
    upstream: Arc<Upstream>,
    index: Sources,
    files: Sources,
    blobs: Blobs,
    hashes: Hashes,
    pins: BTreeMap<String, String>,
    pages: Once<FoundPage>,
    mirrored: Once<Result<Arc<Page>, Fault>>,
    findings: Findings,
}

impl Packages {
    /// The index at `upstream`, with the mirrors of the configuration. `hashes` are evidence where upstream is silent.
    pub fn new(select: Select, upstream: Address, blobs: Blobs, hashes: Hashes, journal: Journal) -> Self {
        let (tool, state_dir) = ("pip", select.state_dir.clone());
        let findings = Findings::new(Subject { tool, upstream: upstream.clone(), state_dir }, journal);
        let source = select.upstream("pip", upstream, Service::Wheels);
        Self {
            index: Sources::of(&select, Service::PypiIndex, 100_000, &source).with_slots(PAGES),
            files: Sources::of(&select, Service::Wheels, 2_000_000, &source),
            upstream: Upstream::new(source, &select.health, Service::PypiIndex),
            blobs,
            hashes,
            pins: BTreeMap::new(),
            pages: Once::default(),
            mirrored: Once::default(),
            findings,
            select,
        }
    }

    /// The same, with files that come as these SHA-256 say, by file name, or not at all.
    pub fn pinned(self, pins: BTreeMap<String, String>) -> Self {
        Self { pins, ..self }
    }

    /// The page of a project; none where it does not exist.
    ///
    /// # Errors
    ///
    /// [`Kind::Exhausted`] when nobody answers, [`Kind::Quorum`] when too few agree.
    pub fn page(&self, project: &str) -> FoundPage {
        let project = simple::normalized(project);
        let found = self.pages.cell(&project).get_or_init(|| self.find(&project)).clone();
        self.check()?;
        found
    }

    /// A file of a project, or its metadata, once it is known to be the right one, and its size in bytes.
    ///
    /// # Errors
    ///
    /// As [`Packages::page`]; [`Kind::Exhausted`] when nobody has a right copy, [`Kind::Digest`] and [`Kind::Unpinned`]
    /// where the project has fixed something else, or must have fixed something.
    pub fn file(&self, project: &str, name: &str, metadata: bool) -> Result<(File, u64), Failure> {
        let unknown = || Failure::new(Kind::Exhausted, format!("{name}: no authority knows this file"));
        let page = self.page(project)?.ok_or_else(unknown)?;
        let file = named(&page, name).ok_or_else(unknown)?;
        let hash = if metadata { simple::metadata_sha256(file) } else { simple::sha256(file) };
        let hash = hash.ok_or_else(unknown)?;
        if !metadata {
            self.check_fixed(&simple::normalized(project), name, &hash)
                .inspect_err(|why| self.findings.journal().denied(why.clone()))?;
        }
        let open = self.opener(&simple::normalized(project), file, metadata);
        let file = download::download(&self.files, &self.blobs, &hash, &open).map_err(|failed| {
            let failure = failures::no_copy(name, "pip", &failed);
            self.findings.journal().denied(failure.clone());
            failure
        })?;
        // Upstream may have been heard meanwhile.
        self.check()?;
        Ok(file)
    }

    /// Whether upstream has contradicted what was believed in this run.
    fn check(&self) -> Result<(), Failure> {
        self.upstream.check().inspect_err(|why| self.findings.journal().denied(why.clone()))
    }

    /// Holds a file against what the project has fixed.
    fn check_fixed(&self, project: &str, name: &str, hash: &str) -> Result<(), Failure> {
        match self.pins.get(name) {
            Some(pin) if pin != hash => {
                Err(Failure::new(Kind::Digest, format!("{name} is {hash}, and mirror.lock says {pin}"))
                    .hint("cargo mirror pin --wheels DIR, if the pin is what is wrong"))
            }
            Some(_) => Ok(()),
            None if self.select.config.pip.trust.value < Trust::Pinned || self.has_hash(project, hash) => Ok(()),
            None => Err(Failure::new(
                Kind::Unpinned,
                format!("{name}: `pip.trust` is \"pinned\", and neither mirror.lock nor a `--hash` has it"),
            )
            .hint("MIRROR_PIP__TRUST=quorum pip download -d wheels …, and cargo mirror pin --wheels wheels")),
        }
    }

    fn has_hash(&self, project: &str, hash: &str) -> bool {
        self.hashes.get(project).is_some_and(|sums| sums.contains(hash))
    }

    /// Ends the run: notes who did what, writes the report, has it remembered.
    pub fn close(&self, env: &Environment, error: Option<Kind>) {
        let journal = self.findings.journal();
        self.blobs.close();
        self.upstream.settle(&self.index);
        if self.upstream.has_spoken() {
            journal.said(&self.upstream.source.name, "pages of the index");
        }
        self.findings.tell();
        self.index.shares().into_iter().for_each(|share| journal.note(Event::Answered(share)));
        self.files.shares().into_iter().for_each(|share| journal.note(Event::Carried(share)));
        journal.write(env, error);
        journal.remember(&self.select.health);
        self.blobs.evict(self.select.config.git.store_limit.value);
    }

    fn find(&self, project: &str) -> FoundPage {
        let (select, path) = (self.select.clone(), format!("{project}/"));
        let _slot = self.index.slot();
        let least = self.select.config.pip.trust.value;
        let patient = !self.hashes.contains_key(project) && self.index.speaks_alone(least);
        let private = self.is_private(project);
        let inquiry = Inquiry {
            what: project,
            index: &self.index,
            upstream: &self.upstream,
            least,
            ask: Arc::new(move |source| {
                let waits = patient && source.is_upstream();
                ask(&select, source, &path, if waits { Patience::LAST } else { Patience::REPLACEABLE })
            }),
            read: versions,
            private,
            locked: &|file| {
                self.pins.get(&file.number) == Some(&file.checksum) || self.has_hash(project, &file.checksum)
            },
            expects: self.hashes.contains_key(project) || self.pins.keys().any(|file| simple::may_be_of(file, project)),
        };
        match inquiry.run() {
            Heard::Upstream(page) => {
                self.findings.rests_on(Trust::Upstream);
                Ok(Some(Arc::new(page)))
            }
            Heard::Missing => {
                if !self.upstream.has_spoken() {
                    let text = format!("upstream does not answer; mirrors say that there is no {project}");
                    self.findings.journal().warn(text);
                }
                Ok(None)
            }
            Heard::Mirrors(believed) => Ok(Some(Arc::new(self.believe(project, &believed)))),
            Heard::Nobody(believed, failed) => {
                self.findings.heard(project, &believed);
                let failure = failures::nobody(project, "pip", &believed, &failed, private);
                self.findings.journal().denied(failure.clone());
                Err(failure)
            }
        }
    }

    /// The page of what enough mirrors say.
    fn believe(&self, project: &str, believed: &Believed) -> Page {
        self.findings.rests_on_mirrors(project, believed);
        let files = believed.versions.iter().filter_map(|version| {
            // What they agreed on, and no more: pip believes metadata as it believes a file.
            let file: Map<String, Value> = serde_json::from_str(&version.line).ok()?;
            let kept =
                |(key, _): &(String, Value)| matches!(key.as_str(), "filename" | "url" | "requires-python" | "yanked");
            let mut agreed: Map<String, Value> = file.into_iter().filter(kept).collect();
            agreed.insert("hashes".to_owned(), json!({ "sha256": version.checksum }));
            agreed.insert(AGREED.to_owned(), json!(true));
            Some(agreed)
        });
        Page::of_files(project, files.collect())
    }

    /// Whether a mirror that is not trusted may not hear this name: it is called so, or the index shows it to those only whom
    /// it knows.
    fn is_private(&self, project: &str) -> bool {
        let index = self.upstream.source.address.expose();
        let knows = !index.username().is_empty() || index.password().is_some();
        knows || self.select.config.pip.private.value.iter().any(|pattern| simple::fits(pattern, project))
    }

    /// How a file is asked for: below upstream where upstream has it, below a mirror at the same place, or where the
    /// mirror's own page says.
    fn opener(&self, project: &str, file: &Map<String, Value>, metadata: bool) -> Open {
        let select = self.select.clone();
        let word = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, url, project) = (word("filename"), word("url"), project.to_owned());
        let (private, agreed) = (self.is_private(&project), file.contains_key(AGREED));
        let cells: HashMap<String, _> = self
            .files
            .order()
            .into_iter()
            .map(|(_, source)| (source.name.clone(), self.mirrored.cell(&format!("{} {project}", source.name))))
            .collect();
        let end = if metadata { ".metadata" } else { "" };
        Arc::new(move |source, part, cancel| {
            let Some(mirror) = &source.mirror else {
                if agreed {
                    // It is a mirror's word where upstream has it.
                    return Err(Fault::Missing);
                }
                return open(&select, source, &format!("{url}{end}"), part, cancel);
            };
            if private && !mirror.trusted {
                return Err(Fault::Missing);
            }
            let cell = cells.get(&source.name).ok_or(Fault::Missing)?;
            if cell.get().is_none()
                && let Some(guess) = same_place(&source.address, &url)
            {
                match open(&select, source, &format!("{guess}{end}"), part, cancel) {
                    // It may be elsewhere.
                    Err(Fault::Missing | Fault::Status(400..=499) | Fault::NotAMirror(_) | Fault::Redirect(_)) => {}
                    known => return known,
                }
            }
            let page =
                cell.get_or_init(|| ask(&select, source, &format!("{project}/"), Patience::REPLACEABLE).map(Arc::new));
            let page = page.as_ref().map_err(Clone::clone)?;
            let told = named(page, &name).and_then(|file| file.get("url")?.as_str());
            open(&select, source, &format!("{}{end}", told.ok_or(Fault::Missing)?), part, cancel)
        })
    }
}

fn named<'a>(page: &'a Page, name: &str) -> Option<&'a Map<String, Value>> {
    page.files.iter().find(|file| file.get("filename").and_then(Value::as_str) == Some(name))
}

/// A set of version specifiers, in one order (PEP 440: commas are "and", blanks nothing).
fn specifiers(text: &str) -> Vec<String> {
    let bare = |part: &str| part.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let mut all: Vec<String> = text.split(',').map(bare).filter(|part| !part.is_empty()).collect();
    all.sort();
    all.dedup();
    all
}

/// The files of a page, as `trust` weighs them: what honest mirrors cannot differ in is name and hash, and the Python versions
/// where they have them.
fn versions(page: &Page) -> Vec<Version> {
    let version = |file: &Map<String, Value>| {
        let (name, checksum) = (file.get("filename")?.as_str()?, simple::sha256(file)?);
        let python = file.get("requires-python").and_then(Value::as_str).map(specifiers).filter(|all| !all.is_empty());
        Some(Version {
            number: name.to_owned(),
            meaning: json!([name, checksum]),
            extras: python.map(|python| ("requires-python", json!(python))).into_iter().collect(),
            checksum,
            yanked: file.get("yanked").is_some_and(|told| *told != json!(false)),
            line: Value::Object(file.clone()).to_string(),
        })
    };
    page.files.iter().filter_map(version).collect()
}

/// Asks a place for a project's page.
fn ask(select: &Select, source: &Source, path: &str, patience: Patience) -> Result<Page, Fault> {
    let response = select.http.send(&source.get(path, patience)?.header("accept", simple::ACCEPT))?;
    let (kind, base) = (response.content_type.clone(), response.address.clone());
    Page::parse(&kind, &response.body.read_all(limits::PAGE)?, &base)
}

/// Asks for a file, or a part of it.
fn open(select: &Select, source: &Source, url: &str, part: Part, cancel: &Cancel) -> Result<Response, Fault> {
    let address: Address = url.parse().map_err(|error| Fault::NotAMirror(format!("{error}")))?;
    let response = download::ask(select, source, &address, part, cancel)?;
    match response.content_type.as_str() {
        // No file is one, but a page that says "not here", or "sign in", is.
        "text/html" => Err(Fault::NotAMirror("a page in place of a file".to_owned())),
        _ => Ok(response),
    }
}

/// Where a mirror would have a file that upstream has at this address: at the same path, beside `simple/`.
fn same_place(index: &Address, url: &str) -> Option<String> {
    let path = url.parse::<Address>().ok()?.expose().path().trim_start_matches('/').to_owned();
    let beside = index.below("../").ok()?;
    Some(beside.expose().join(&path).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::same_place;

    #[test]
    fn a_file_is_looked_for_beside_the_index() {
        let url = "https://files.example/packages/ab/cd/x-1.whl";
        for (index, expected) in [
            ("https://m.example/simple/", "https://m.example/packages/ab/cd/x-1.whl"),
            ("https://m.example/simple", "https://m.example/packages/ab/cd/x-1.whl"),
            ("https://m.example/pypi/simple/", "https://m.example/pypi/packages/ab/cd/x-1.whl"),
        ] {
            let index = index.parse().expect("an address");
            assert_eq!(same_place(&index, url).as_deref(), Some(expected));
        }
    }
}
