//! A simple index of Python projects on loopback with real files: whole, or lacking and lying as told.
//!
//! What goes wrong on the way is its `web` server's matter. PEP 503 (HTML), 691 (JSON), 592 (yanked), 658 and 714 (metadata).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::stock::{StockFile, WheelStock, normalized};
use crate::{
    web::{Page, Tamper, WebServer, sha256},
    wire::{Seen, lock},
};

/// The type of PEP 691's JSON.
const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// A byte of the time of the first entry: in a wheel (a zip file, whose directory at the end has the time that counts), and
/// where a gzip file names the system it was made on (RFC 1952, section 2.3).
const ZIP_TIME: usize = 10;
const GZIP_OS: usize = 9;

/// What a project tracks, where else it is, and where the provenance of files is, where an index tells all.
const TRACKED: &str = "https://tracked.example/simple/";
const ALTERNATE: &str = "https://alternate.example/simple/";
const PROVENANCE: &str = "https://provenance.example/";

/// What an index has, and how it lies.
#[derive(Debug)]
struct Shelf {
    stock: WheelStock,
    html_only: bool,
    without_metadata: bool,
    index_only: bool,
    missing: BTreeSet<String>,
    stale: BTreeSet<String>,
    yanked: BTreeMap<String, String>,
    tampered: BTreeMap<String, Tamper>,
    pythons: BTreeMap<String, String>,
    tells_all: bool,
}

/// A simple index with its files; it stops when it is dropped.
#[derive(Debug)]
pub struct IndexServer {
    /// What serves it: its log, its rates, and what goes wrong on the way.
    pub web: WebServer,
    shelf: Arc<Mutex<Shelf>>,
}

impl IndexServer {
    /// An index with all that is in stock, without faults, latency or limits.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub fn start(stock: &WheelStock) -> Self {
        let shelf = Arc::new(Mutex::new(Shelf {
            stock: stock.clone(),
            html_only: false,
            without_metadata: false,
            index_only: false,
            missing: BTreeSet::new(),
            stale: BTreeSet::new(),
            yanked: BTreeMap::new(),
            tampered: BTreeMap::new(),
            pythons: BTreeMap::new(),
            tells_all: false,
        }));
        let for_site = Arc::clone(&shelf);
        let web = WebServer::start(|_| Box::new(move |seen| lock(&for_site).page(seen)));
        Self { web, shelf }
    }

    /// The index as pip wants it: `http://127.0.0.1:PORT/simple/`.
    pub fn index(&self) -> String {
        format!("{}/simple/", self.web.url())
    }

    /// Speaks HTML only, whatever the client accepts.
    pub fn html_only(&self) {
        lock(&self.shelf).html_only = true;
    }

    /// Has no metadata beside its wheels.
    pub fn without_metadata(&self) {
        lock(&self.shelf).without_metadata = true;
    }

    /// Has the pages, and answers 404 to who wants a file.
    pub fn index_only(&self) {
        lock(&self.shelf).index_only = true;
    }

    /// Answers 404 to who wants a file of this project.
    pub fn missing(&self, project: &str) {
        lock(&self.shelf).missing.insert(project.to_owned());
    }

    /// Does not list the files of this project, as if they were not out yet; the page is there.
    pub fn stale(&self, project: &str) {
        lock(&self.shelf).stale.insert(project.to_owned());
    }

    /// Says that the files of this project are yanked, and why.
    pub fn yank(&self, project: &str, reason: &str) {
        lock(&self.shelf).yanked.insert(project.to_owned(), reason.to_owned());
    }

    /// Says that the files of this project are for these versions of Python, as `>=3.8`.
    pub fn requires_python(&self, project: &str, versions: &str) {
        lock(&self.shelf).pythons.insert(project.to_owned(), versions.to_owned());
    }

    /// Says of each project what it tracks and where else it is (PEP 708), and of each file where its provenance is (PEP 740).
    pub fn tells_all(&self) {
        lock(&self.shelf).tells_all = true;
    }

    /// Lies about the files of a project; [`Tamper::Index`] has the metadata name another dependency, with its true hash.
    pub fn tamper(&self, project: &str, how: Tamper) {
        lock(&self.shelf).tampered.insert(project.to_owned(), how);
    }

    /// Has everything again and tells the truth. What goes wrong on the way is healed by `web`.
    pub fn restore(&self) {
        let mut shelf = lock(&self.shelf);
        shelf.index_only = false;
        shelf.missing.clear();
        shelf.stale.clear();
        shelf.yanked.clear();
        shelf.tampered.clear();
        shelf.pythons.clear();
    }

    /// Whether a request wants a file; its metadata is none.
    pub fn is_file(seen: &Seen) -> bool {
        seen.path.starts_with("/files/") && !Self::is_metadata(seen)
    }

    /// Whether a request wants the metadata of a file.
    pub fn is_metadata(seen: &Seen) -> bool {
        seen.path.ends_with(".metadata")
    }

    /// Whether a request wants a page of the index.
    pub fn is_page(seen: &Seen) -> bool {
        seen.path.starts_with("/simple/")
    }
}

impl Shelf {
    fn page(&self, seen: &Seen) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if path.starts_with("/files/") {
            return self.file(path);
        }
        let json = !self.html_only && seen.header("Accept").is_some_and(|kinds| kinds.contains(JSON));
        let Some(rest) = path.strip_prefix("/simple/") else { return Page::not_found() };
        if rest.is_empty() {
            return self.projects(json);
        }
        let project = rest.trim_end_matches('/');
        let files: Vec<&StockFile> = self.stock.files().iter().filter(|file| file.project == project).collect();
        if files.is_empty() || normalized(project) != project {
            return Page::not_found();
        }
        let shown: Vec<&StockFile> = files.into_iter().filter(|_| !self.stale.contains(project)).collect();
        if json {
            let files: Vec<Value> = shown.into_iter().map(|file| self.json(file)).collect();
            let mut page = json!({ "meta": { "api-version": "1.0" }, "name": project, "files": files });
            if self.tells_all {
                page["meta"]["tracks"] = json!([TRACKED]);
                page["alternate-locations"] = json!([ALTERNATE]);
            }
            return Page::new(JSON, page.to_string().into_bytes());
        }
        let anchors: String = shown.into_iter().map(|file| self.anchor(file)).collect();
        let told = match self.tells_all {
            true => format!(
                "<meta name=\"pypi:tracks\" content=\"{TRACKED}\"><meta name=\"pypi:alternate-locations\" content=\"{ALTERNATE}\">"
            ),
            false => String::new(),
        };
        html(&format!("{told}{anchors}"))
    }

    fn projects(&self, json: bool) -> Page {
        let names: BTreeSet<&str> = self.stock.files().iter().map(|file| file.project.as_str()).collect();
        if json {
            let names: Vec<Value> = names.into_iter().map(|name| json!({ "name": name })).collect();
            let page = json!({ "meta": { "api-version": "1.0" }, "projects": names });
            return Page::new(JSON, page.to_string().into_bytes());
        }
        html(&names.into_iter().map(|name| format!("<a href=\"/simple/{name}/\">{name}</a><br>\n")).collect::<String>())
    }

    fn json(&self, file: &StockFile) -> Value {
        let mut value = json!({
            "filename": file.name,
            "url": place(file),
            "hashes": { "sha256": self.checksum(file) },
            "size": file.bytes().len(),
        });
        if let Some(python) = self.python(file) {
            value["requires-python"] = json!(python);
        }
        if self.tells_all {
            value["provenance"] = json!(format!("{PROVENANCE}{}", file.name));
        }
        if let Some(metadata) = self.metadata(file) {
            value["core-metadata"] = json!({ "sha256": sha256(metadata.as_bytes()) });
        }
        if let Some(reason) = self.yanked.get(&file.project) {
            value["yanked"] = json!(reason);
        }
        value
    }

    fn anchor(&self, file: &StockFile) -> String {
        let mut tag = format!("<a href=\"{}#sha256={}\"", place(file), self.checksum(file));
        if self.tells_all {
            tag += &format!(" data-provenance=\"{PROVENANCE}{}\"", file.name);
        }
        if let Some(python) = self.python(file) {
            tag += &format!(" data-requires-python=\"{}\"", escaped(python));
        }
        if let Some(metadata) = self.metadata(file) {
            tag += &format!(" data-core-metadata=\"sha256={}\"", sha256(metadata.as_bytes()));
        }
        if let Some(reason) = self.yanked.get(&file.project) {
            tag += &format!(" data-yanked=\"{}\"", escaped(reason));
        }
        format!("{tag}>{}</a><br>\n", file.name)
    }

    fn file(&self, path: &str) -> Page {
        let wanted = path.strip_suffix(".metadata").unwrap_or(path);
        let Some(file) = self.stock.files().iter().find(|file| place(file) == wanted) else {
            return Page::not_found();
        };
        if self.index_only || self.missing.contains(&file.project) {
            return Page::not_found();
        }
        if wanted != path {
            return self.metadata(file).map_or_else(Page::not_found, |text| Page::new("text/plain", text.into_bytes()));
        }
        Page::new("application/octet-stream", self.bytes(file))
    }

    fn python<'a>(&'a self, file: &'a StockFile) -> Option<&'a String> {
        self.pythons.get(&file.project).or(file.requires_python.as_ref())
    }

    /// What the index says of a file's hash.
    fn checksum(&self, file: &StockFile) -> String {
        match self.tampered.get(&file.project) {
            Some(Tamper::Both) => sha256(&self.bytes(file)),
            _ => file.checksum.clone(),
        }
    }

    fn bytes(&self, file: &StockFile) -> Vec<u8> {
        let mut bytes = file.bytes();
        if let Some(Tamper::Both | Tamper::File) = self.tampered.get(&file.project) {
            bytes[if file.is_wheel() { ZIP_TIME } else { GZIP_OS }] ^= 0x01;
        }
        bytes
    }

    fn metadata(&self, file: &StockFile) -> Option<String> {
        if self.without_metadata || !file.is_wheel() {
            return None;
        }
        Some(match self.tampered.get(&file.project) {
            Some(Tamper::Index) => file.metadata.replacen("\nVersion: ", "\nRequires-Dist: numpy\nVersion: ", 1),
            _ => file.metadata.clone(),
        })
    }
}

/// Below the true hash, as on an index whose files never change.
fn place(file: &StockFile) -> String {
    format!("/files/{}/{}", file.checksum, file.name)
}

fn html(body: &str) -> Page {
    let head = "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"></head><body>\n";
    Page::new("text/html; charset=utf-8", format!("{head}{body}</body></html>\n").into_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
