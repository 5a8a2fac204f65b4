//! A simple index of made wheels, and the lies it can tell. PEP 503 (HTML), 691 (JSON), 592 (yanked), 658 (metadata).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::made::{Made, metadata, split, wheel};
use crate::{
    corpus::{
        case::Lie,
        lies::{self, Lies},
    },
    web::{Page, WebServer, sha256},
    wire::{Seen, lock},
};

/// The type of PEP 691's JSON.
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// A file as the index has it.
#[derive(Debug, Clone)]
struct Entry {
    made: Made,
    /// The project on whose page it is.
    shown_at: String,
    /// Which hash the page has, if it has one.
    hash: Option<String>,
    /// What it says it needs, beside the wheel.
    needs: Vec<(String, String)>,
    python: Option<String>,
    yanked: bool,
    /// Where the page says it is, if not here.
    url: Option<String>,
}

/// What an index has.
#[derive(Debug, Clone)]
pub(crate) struct Wheels {
    entries: Vec<Entry>,
    files_gone: BTreeSet<String>,
    pages: BTreeMap<String, (String, String)>,
    html_only: bool,
    nothing: bool,
}

impl Wheels {
    /// `demo` needs `lib`; there are `demo 1.0` and `1.1`, `lib 1.0`, and `other 1.0`, which nobody needs.
    pub(crate) fn truth() -> Self {
        let text = "the truth\n";
        let made = [
            wheel("demo 1.0", &[("lib", "")], text),
            wheel("demo 1.1", &[("lib", "")], text),
            wheel("lib 1.0", &[], text),
            wheel("other 1.0", &[], text),
        ];
        let entries = made.map(Entry::of).to_vec();
        Self { entries, files_gone: BTreeSet::new(), pages: BTreeMap::new(), html_only: false, nothing: false }
    }

    /// Tells a lie from now on.
    ///
    /// # Errors
    ///
    /// For one that is not pip's, or of a file that is not there.
    pub(crate) fn tell(&mut self, lie: &Lie) -> Result<(), String> {
        match lie {
            Lie::SwapFile { of, text } => {
                let entry = self.entry(of)?;
                entry.made = swapped(&entry.made, text);
            }
            Lie::SwapHash { of, text } => {
                let entry = self.entry(of)?;
                entry.hash = Some(swapped(&entry.made, text).sha256());
            }
            Lie::SwapBoth { of, text } => {
                let entry = self.entry(of)?;
                entry.made = swapped(&entry.made, text);
                entry.hash = Some(entry.made.sha256());
            }
            Lie::FileOf { of, file } => {
                let other = self.entry(file)?.made.bytes.clone();
                self.entry(of)?.made.bytes = other;
            }
            Lie::Add { of, text } => self.entries.push(Entry::of(wheel(of, &[], &lies::text(of, text)))),
            Lie::Depends { of, on } => self.entry(of)?.needs.push((on.clone(), String::new())),
            Lie::Yank(of) => self.entry(of)?.yanked = true,
            Lie::Unyank(of) => self.entry(of)?.yanked = false,
            Lie::Lack(of) => self.entries.retain(|entry| entry.made.title() != *of && entry.made.project != *of),
            Lie::NoFile(of) => drop(self.files_gone.insert(of.clone())),
            Lie::Page { at, kind, body } => drop(self.pages.insert(at.clone(), (kind.clone(), body.clone()))),
            Lie::Nothing => self.nothing = true,
            Lie::RequiresPython { of, python } => self.entry(of)?.python = Some(python.clone()),
            Lie::Url { of, to } => self.entry(of)?.url = Some(to.clone()),
            Lie::NoHash(of) => self.entry(of)?.hash = None,
            Lie::Foreign { at, of } => {
                let mut entry = self.entry(of)?.clone();
                entry.shown_at.clone_from(at);
                self.entries.push(entry);
            }
            Lie::HtmlOnly => self.html_only = true,
            other => return Err(format!("{other:?} is no lie about wheels")),
        }
        Ok(())
    }

    fn entry(&mut self, title: &str) -> Result<&mut Entry, String> {
        let found = self.entries.iter_mut().find(|entry| entry.made.title() == title);
        found.ok_or_else(|| format!("there is no wheel of {title}"))
    }

    /// Starts an index whose content may change.
    pub(crate) fn serve(shared: &Arc<Mutex<Self>>, fill: Arc<dyn Fn(&str) -> String + Send + Sync>) -> WebServer {
        let shared = Arc::clone(shared);
        WebServer::start(|_| Box::new(move |seen| lock(&shared).page(seen, &*fill)))
    }

    fn page(&self, seen: &Seen, fill: &dyn Fn(&str) -> String) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if self.nothing {
            return Page::not_found();
        }
        if let Some((kind, body)) = self.pages.get(path.trim_start_matches('/')) {
            return Page::new(kind, fill(body).into_bytes());
        }
        if path.starts_with("/files/") {
            return self.file(path);
        }
        let Some(project) = path.strip_prefix("/simple/").map(|rest| rest.trim_end_matches('/')) else {
            return Page::not_found();
        };
        let shown: Vec<&Entry> = self.entries.iter().filter(|entry| entry.shown_at == project).collect();
        if shown.is_empty() {
            return Page::not_found();
        }
        if !self.html_only && seen.header("Accept").is_some_and(|kinds| kinds.contains(JSON)) {
            let files: Vec<Value> = shown.into_iter().map(|entry| entry.json(fill)).collect();
            let page = json!({ "meta": { "api-version": "1.0" }, "name": project, "files": files });
            return Page::new(JSON, page.to_string().into_bytes());
        }
        let anchors: String = shown.into_iter().map(|entry| entry.anchor(fill)).collect();
        Page::new(
            "text/html; charset=utf-8",
            format!("<!DOCTYPE html><html><body>\n{anchors}</body></html>\n").into_bytes(),
        )
    }

    fn file(&self, path: &str) -> Page {
        let wanted = path.strip_suffix(".metadata").unwrap_or(path);
        let found = self.entries.iter().find(|entry| entry.place() == wanted);
        match found.filter(|entry| !self.files_gone.contains(&entry.made.title())) {
            None => Page::not_found(),
            Some(entry) if wanted != path => Page::new("text/plain", entry.metadata().into_bytes()),
            Some(entry) => Page::new("application/octet-stream", entry.made.bytes.clone()),
        }
    }

    /// What is to be found nowhere unless it is true.
    pub(crate) fn said(&self) -> Lies {
        let mut said = Lies::default();
        for entry in &self.entries {
            said.hashes.extend([sha256(&entry.made.bytes), sha256(entry.metadata().as_bytes())]);
            said.words.extend(entry.hash.clone());
        }
        said
    }

    /// The name and hash of a version's wheel.
    pub(crate) fn wheel(&self, title: &str) -> Option<(String, String)> {
        let entry = self.entries.iter().find(|entry| entry.made.title() == title)?;
        Some((entry.name(), entry.made.sha256()))
    }
}

/// Whether a word of a case stands for this request.
pub(crate) fn which(word: &str, seen: &Seen) -> bool {
    let (is_file, is_metadata) = (seen.path.starts_with("/files/"), seen.path.ends_with(".metadata"));
    match word {
        "files" => is_file && !is_metadata,
        "metadata" => is_metadata,
        "index" => !is_file,
        other => seen.path.contains(other),
    }
}

impl Entry {
    fn of(made: Made) -> Self {
        let (shown_at, hash, needs) = (made.project.clone(), Some(made.sha256()), made.needs.clone());
        Self { made, shown_at, hash, needs, python: None, yanked: false, url: None }
    }

    fn name(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.made.project, self.made.version)
    }

    fn place(&self) -> String {
        format!("/files/{}", self.name())
    }

    fn metadata(&self) -> String {
        let needs: Vec<(&str, &str)> =
            self.needs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        metadata(&self.made.title(), &needs)
    }

    fn url(&self, fill: &dyn Fn(&str) -> String) -> String {
        self.url.as_deref().map_or_else(|| self.place(), fill)
    }

    fn json(&self, fill: &dyn Fn(&str) -> String) -> Value {
        let mut value = json!({
            "filename": self.name(),
            "url": self.url(fill),
            "hashes": self.hash.as_ref().map_or_else(|| json!({}), |hash| json!({ "sha256": hash })),
            "core-metadata": { "sha256": sha256(self.metadata().as_bytes()) },
        });
        if let Some(python) = &self.python {
            value["requires-python"] = json!(python);
        }
        if self.yanked {
            value["yanked"] = json!("it is broken");
        }
        value
    }

    fn anchor(&self, fill: &dyn Fn(&str) -> String) -> String {
        let hash = self.hash.as_ref().map(|hash| format!("#sha256={hash}")).unwrap_or_default();
        let mut tag = format!("<a href=\"{}{hash}\"", self.url(fill));
        tag += &format!(" data-core-metadata=\"sha256={}\"", sha256(self.metadata().as_bytes()));
        if let Some(python) = &self.python {
            tag += &format!(" data-requires-python=\"{}\"", python.replace('>', "&gt;").replace('<', "&lt;"));
        }
        if self.yanked {
            tag += " data-yanked=\"it is broken\"";
        }
        format!("{tag}>{}</a><br>\n", self.name())
    }
}

/// The wheel with other contents.
fn swapped(made: &Made, text: &str) -> Made {
    let needs: Vec<(&str, &str)> = made.needs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
    wheel(&made.title(), &needs, &lies::text(&made.title(), text))
}

/// The project of a title.
pub(crate) fn project(title: &str) -> &str {
    split(title).0
}
