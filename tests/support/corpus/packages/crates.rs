//! A registry of made crates, and the lies it can tell. Paths and lines by The Cargo Book, chapter "Registry Index".

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::made::{Made, krate, split};
use crate::{
    cargo::index_path,
    corpus::{
        case::Lie,
        lies::{self, Lies},
    },
    web::{Page, WebServer, sha256},
    wire::{Seen, lock},
};

/// A version as the registry has it.
#[derive(Debug, Clone)]
struct Entry {
    made: Made,
    /// What the index says its checksum is.
    checksum: String,
    yanked: bool,
}

/// What a registry has.
#[derive(Debug, Clone)]
pub(crate) struct Crates {
    entries: Vec<Entry>,
    files_gone: BTreeSet<String>,
    dl: Option<String>,
    pages: BTreeMap<String, (String, String)>,
    nothing: bool,
}

impl Crates {
    /// `beta 1.0.0` needs `alpha`, of which there are `1.0.0` and `1.1.0`; nobody needs `gamma 1.0.0`.
    pub(crate) fn truth() -> Self {
        let text = "the truth\n";
        let made = [
            krate("alpha 1.0.0", &[], text),
            krate("alpha 1.1.0", &[], text),
            krate("beta 1.0.0", &[("alpha", "1")], text),
            krate("gamma 1.0.0", &[], text),
        ];
        let entry = |made: Made| Entry { checksum: made.sha256(), made, yanked: false };
        let entries = made.map(entry).to_vec();
        Self { entries, files_gone: BTreeSet::new(), dl: None, pages: BTreeMap::new(), nothing: false }
    }

    /// Tells a lie from now on.
    ///
    /// # Errors
    ///
    /// For one that is not cargo's, or of a crate that is not there.
    pub(crate) fn tell(&mut self, lie: &Lie) -> Result<(), String> {
        match lie {
            Lie::SwapFile { of, text } => {
                let entry = self.entry(of)?;
                entry.made = swapped(&entry.made, text);
            }
            Lie::SwapHash { of, text } => {
                let entry = self.entry(of)?;
                entry.checksum = swapped(&entry.made, text).sha256();
            }
            Lie::SwapBoth { of, text } => {
                let entry = self.entry(of)?;
                entry.made = swapped(&entry.made, text);
                entry.checksum = entry.made.sha256();
            }
            Lie::FileOf { of, file } => {
                let other = self.entry(file)?.made.bytes.clone();
                self.entry(of)?.made.bytes = other;
            }
            Lie::Add { of, text } => {
                let made = krate(of, &[], &lies::text(of, text));
                self.entries.push(Entry { checksum: made.sha256(), made, yanked: false });
            }
            Lie::Depends { of, on } => {
                let (name, version) = split(on);
                self.entry(of)?.made.needs.push((name.to_owned(), version.to_owned()));
            }
            Lie::Yank(of) => self.entry(of)?.yanked = true,
            Lie::Unyank(of) => self.entry(of)?.yanked = false,
            Lie::Lack(of) => self.entries.retain(|entry| entry.made.title() != *of && entry.made.project != *of),
            Lie::NoFile(of) => drop(self.files_gone.insert(of.clone())),
            Lie::Dl(place) => self.dl = Some(place.clone()),
            Lie::Page { at, kind, body } => drop(self.pages.insert(at.clone(), (kind.clone(), body.clone()))),
            Lie::Nothing => self.nothing = true,
            other => return Err(format!("{other:?} is no lie about crates")),
        }
        Ok(())
    }

    fn entry(&mut self, title: &str) -> Result<&mut Entry, String> {
        let found = self.entries.iter_mut().find(|entry| entry.made.title() == title);
        found.ok_or_else(|| format!("there is no crate {title}"))
    }

    /// Starts a registry whose content may change.
    pub(crate) fn serve(shared: &Arc<Mutex<Self>>, fill: Arc<dyn Fn(&str) -> String + Send + Sync>) -> WebServer {
        let shared = Arc::clone(shared);
        WebServer::start(|url| {
            let url = url.to_owned();
            Box::new(move |seen| lock(&shared).page(&url, seen, &*fill))
        })
    }

    fn page(&self, url: &str, seen: &Seen, fill: &dyn Fn(&str) -> String) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if self.nothing {
            return Page::not_found();
        }
        if let Some((kind, body)) = self.pages.get(path.trim_start_matches('/')) {
            return Page::new(kind, fill(body).into_bytes());
        }
        if path == "/config.json" {
            let dl = self.dl.as_deref().map_or_else(|| format!("{url}/files"), fill);
            return Page::new("application/json", json!({ "dl": dl }).to_string().into_bytes());
        }
        if let Some(rest) = path.strip_prefix("/files/") {
            let title = rest.trim_end_matches("/download").replace('/', " ");
            let found = self.entries.iter().find(|entry| entry.made.title() == title);
            let found = found.filter(|_| !self.files_gone.contains(&title));
            return found
                .map_or_else(Page::not_found, |entry| Page::new("application/x-tar", entry.made.bytes.clone()));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let lines: String = self.lines(name).into_iter().map(|line| line + "\n").collect();
        match !lines.is_empty() && path == format!("/{}", index_path(name)) {
            true => Page::new("text/plain", lines.into_bytes()),
            false => Page::not_found(),
        }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.made.project == name).map(line).collect()
    }

    /// What is to be found nowhere unless it is true.
    pub(crate) fn said(&self) -> Lies {
        let mut said = Lies::default();
        for entry in &self.entries {
            said.hashes.insert(sha256(&entry.made.bytes));
            said.words.extend([entry.checksum.clone(), line(entry)]);
        }
        said
    }

    /// The checksum of a version.
    pub(crate) fn checksum(&self, title: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.made.title() == title).map(|entry| entry.checksum.as_str())
    }
}

/// Whether a word of a case stands for this request.
pub(crate) fn which(word: &str, seen: &Seen) -> bool {
    let is_file = seen.path.starts_with("/files/");
    match word {
        "files" => is_file,
        "config" => seen.path == "/config.json",
        "index" => !is_file && seen.path != "/config.json",
        other => seen.path.contains(other),
    }
}

/// The crate with other contents.
fn swapped(made: &Made, text: &str) -> Made {
    let needs: Vec<(&str, &str)> = made.needs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
    krate(&made.title(), &needs, &lies::text(&made.title(), text))
}

fn line(entry: &Entry) -> String {
    let dependency = |(name, version): &(String, String)| -> Value {
        json!({
            "name": name, "req": format!("^{version}"), "features": [], "optional": false,
            "default_features": true, "target": null, "kind": "normal",
        })
    };
    let deps: Vec<Value> = entry.made.needs.iter().map(dependency).collect();
    let Entry { made, checksum, yanked } = entry;
    json!({
        "name": made.project, "vers": made.version, "deps": deps, "cksum": checksum, "features": {}, "yanked": yanked,
    })
    .to_string()
}
