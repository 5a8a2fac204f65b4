//! A sparse registry on loopback with real crates: whole, or lacking and lying as told.
//!
//! What goes wrong on the way is its `web` server's matter. Paths by The Cargo Book, chapter "Registry Index".

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{
    index_cache::{IndexLine, index_path},
    stock::{CrateStock, StockCrate},
};
use crate::{
    web::{Page, Tamper, WebServer, sha256},
    wire::{Seen, lock},
};

/// Where a gzip file names the system it was made on: of no meaning to anyone who unpacks it (RFC 1952, section 2.3).
const GZIP_OS: usize = 9;

/// How `dl` in `config.json` leads to a crate's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Without markers: cargo appends name, version and `download`.
    Plain,
    /// With `{crate}` and `{version}`.
    Names,
    /// With `{sha256-checksum}`.
    Checksum,
}

/// What a registry has, and how it lies.
#[derive(Debug)]
struct Shelf {
    stock: CrateStock,
    template: Template,
    index_only: bool,
    missing: BTreeSet<String>,
    stale: BTreeSet<String>,
    tampered: BTreeMap<String, Tamper>,
}

/// A sparse registry. It has of each crate the versions that are in stock, and stops when it is dropped.
#[derive(Debug)]
pub struct CrateServer {
    /// What serves it: its log, its rates, and what goes wrong on the way.
    pub web: WebServer,
    shelf: Arc<Mutex<Shelf>>,
}

impl CrateServer {
    /// A registry with all that is in stock, without faults, latency or limits.
    ///
    /// # Panics
    ///
    /// When loopback does not work.
    pub fn start(stock: &CrateStock) -> Self {
        let shelf = Arc::new(Mutex::new(Shelf {
            stock: stock.clone(),
            template: Template::Plain,
            index_only: false,
            missing: BTreeSet::new(),
            stale: BTreeSet::new(),
            tampered: BTreeMap::new(),
        }));
        let for_site = Arc::clone(&shelf);
        let web = WebServer::start(|url| {
            let url = url.to_owned();
            Box::new(move |seen| lock(&for_site).page(&url, seen))
        });
        Self { web, shelf }
    }

    /// Its index as cargo wants it: `sparse+http://127.0.0.1:PORT/`.
    pub fn index(&self) -> String {
        format!("sparse+{}/", self.web.url())
    }

    /// Leads to files in another way from now on.
    pub fn template(&self, template: Template) {
        lock(&self.shelf).template = template;
    }

    /// Has the index, and answers 404 to who wants a file.
    pub fn index_only(&self) {
        lock(&self.shelf).index_only = true;
    }

    /// Answers 404 to who wants a file of this crate.
    pub fn missing(&self, name: &str) {
        lock(&self.shelf).missing.insert(name.to_owned());
    }

    /// Has of this crate only versions that came before the newest in stock: true lines, but files only of those in stock.
    pub fn stale(&self, name: &str) {
        lock(&self.shelf).stale.insert(name.to_owned());
    }

    /// Lies about a crate, in its newest version.
    pub fn tamper(&self, name: &str, how: Tamper) {
        lock(&self.shelf).tampered.insert(name.to_owned(), how);
    }

    /// Has everything again and tells the truth. What goes wrong on the way is healed by `web`.
    pub fn restore(&self) {
        let mut shelf = lock(&self.shelf);
        shelf.index_only = false;
        shelf.missing.clear();
        shelf.stale.clear();
        shelf.tampered.clear();
    }

    /// The path of a crate's file here, in its newest version.
    pub fn file_path(&self, name: &str) -> String {
        let shelf = lock(&self.shelf);
        shelf.file_path(shelf.stock.newest(name))
    }

    /// The path of a crate's file in the index.
    pub fn index_path(name: &str) -> String {
        format!("/{}", index_path(name))
    }

    /// Whether a request wants a crate's file.
    pub fn is_file(seen: &Seen) -> bool {
        seen.path.starts_with("/files/")
    }

    /// Whether a request wants something of the index; `config.json` is part of it.
    pub fn is_index(seen: &Seen) -> bool {
        !Self::is_file(seen)
    }

    /// The SHA-256, in hexadecimal, of the bytes that a tampered file of this crate has, in its newest version.
    pub fn tampered_checksum(&self, name: &str) -> String {
        sha256(&tampered(lock(&self.shelf).stock.newest(name)))
    }
}

impl Shelf {
    fn page(&self, url: &str, seen: &Seen) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if path == "/config.json" {
            return Page::new("application/json", self.config(url).to_string().into_bytes());
        }
        if CrateServer::is_file(seen) {
            return self.file(path);
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let known = self.stock.crates().iter().find(|one| one.name.eq_ignore_ascii_case(name));
        match known.filter(|one| path == CrateServer::index_path(&one.name)) {
            Some(one) => Page::new("text/plain", self.index(&one.name).into_bytes()),
            None => Page::not_found(),
        }
    }

    fn config(&self, url: &str) -> Value {
        let dl = match self.template {
            Template::Plain => format!("{url}/files"),
            Template::Names => format!("{url}/files/{{crate}}/{{version}}/{{crate}}.crate"),
            Template::Checksum => format!("{url}/files/{{sha256-checksum}}.crate"),
        };
        json!({ "dl": dl })
    }

    fn file(&self, path: &str) -> Page {
        let wanted = self.stock.crates().iter().find(|one| self.file_path(one) == path);
        match wanted.filter(|one| !self.index_only && !self.missing.contains(&one.name)) {
            Some(one) => {
                let lies = matches!(self.lie(&one.name, &one.version), Some(Tamper::Both | Tamper::File));
                let bytes = if lies { tampered(one) } else { one.bytes() };
                Page::new("application/x-tar", bytes)
            }
            None => Page::not_found(),
        }
    }

    fn file_path(&self, one: &StockCrate) -> String {
        let (name, version) = (&one.name, &one.version);
        match self.template {
            Template::Plain => format!("/files/{name}/{version}/download"),
            Template::Names => format!("/files/{name}/{version}/{name}.crate"),
            // By the checksum that the index has, be it true or not.
            Template::Checksum if self.lie(name, version) == Some(Tamper::Both) => {
                format!("/files/{}.crate", sha256(&tampered(one)))
            }
            Template::Checksum => format!("/files/{}.crate", one.checksum),
        }
    }

    fn index(&self, name: &str) -> String {
        let lines = self.stock.lines(name);
        let newest = &self.stock.newest(name).version;
        let place = lines.iter().position(|line| line.version == *newest).unwrap_or(lines.len());
        let in_stock = |version: &str| self.stock.crates().iter().any(|one| one.name == name && one.version == version);
        let shown: Vec<&IndexLine> = if self.stale.contains(name) {
            lines[..place].iter().collect()
        } else {
            lines.iter().filter(|line| in_stock(&line.version)).collect()
        };
        shown.into_iter().map(|line| self.line(name, line) + "\n").collect()
    }

    fn line(&self, name: &str, line: &IndexLine) -> String {
        let Some(lie) = self.lie(name, &line.version) else { return line.json.clone() };
        let mut value: Value = serde_json::from_str(&line.json).expect("an index line is JSON");
        match lie {
            Tamper::File => return line.json.clone(),
            Tamper::Both => value["cksum"] = sha256(&tampered(self.stock.newest(name))).into(),
            Tamper::Index => {
                let dependency = json!({
                    "name": "itoa", "req": "*", "features": [], "optional": false,
                    "default_features": true, "target": null, "kind": "normal",
                });
                value["deps"].as_array_mut().expect("an index line lists dependencies").push(dependency);
            }
        }
        value.to_string()
    }

    fn lie(&self, name: &str, version: &str) -> Option<Tamper> {
        self.tampered.get(name).copied().filter(|_| self.stock.newest(name).version == version)
    }
}

/// The file of a crate with another byte where it does not matter: of the same size, and it unpacks to the same.
fn tampered(one: &StockCrate) -> Vec<u8> {
    let mut bytes = one.bytes();
    bytes[GZIP_OS] ^= 0x01;
    bytes
}
