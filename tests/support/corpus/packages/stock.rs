//! What a registry and an index of made packages have in common: versions, and the lies about them that are told alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use super::made::Made;
use crate::{
    corpus::{
        case::{Fill, Lie},
        flaws::Which,
        lies::{self, Lies},
    },
    web::{Page, WebServer},
    wire::{Seen, lock},
};

/// A registry or an index, and all lies that it can tell.
pub(crate) trait Packages: Clone + Send + 'static {
    /// Whether a word of a case stands for a request.
    const WHICH: Which;

    /// All that there is, and true.
    fn truth() -> Self;

    /// Tells a lie from now on.
    ///
    /// # Errors
    ///
    /// For one that is none about these packages, or about one that is not there.
    fn tell(&mut self, lie: &Lie) -> Result<(), String>;

    /// What stands at an address; `url` is the server's own.
    fn page(&self, url: &str, seen: &Seen, fill: &dyn Fn(&str) -> String) -> Page;

    /// All that it says and has: what is to be found nowhere unless it is true.
    fn said(&self) -> Lies;

    /// Starts a server for it; the content may change.
    fn serve(shared: &Arc<Mutex<Self>>, fill: Fill) -> WebServer {
        let shared = Arc::clone(shared);
        WebServer::start(|url| {
            let url = url.to_owned();
            Box::new(move |seen| lock(&shared).page(&url, seen, &*fill))
        })
    }
}

/// Makes a package of a title, what it needs, and a text.
type Make = fn(&str, &[(&str, &str)], &str) -> Made;

/// A version as it is listed; `more` is what only one of the tools knows.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) made: Made,
    /// Which hash is said, if one is said.
    pub(super) hash: Option<String>,
    pub(super) yanked: bool,
    pub(super) more: T,
}

impl<T> Entry<T> {
    /// The true one.
    pub(super) fn of(made: Made, more: T) -> Self {
        Self { hash: Some(made.sha256()), made, yanked: false, more }
    }
}

/// All versions, and what is there in place of something else.
#[derive(Debug, Clone)]
pub(super) struct Stock<T> {
    pub(super) entries: Vec<Entry<T>>,
    make: Make,
    entry: fn(Made) -> Entry<T>,
    files_gone: BTreeSet<String>,
    pages: BTreeMap<String, (String, String)>,
    nothing: bool,
}

impl<T> Stock<T> {
    /// These packages, each with what it needs.
    pub(super) fn new(make: Make, entry: fn(Made) -> Entry<T>, packages: &[(&str, &[(&str, &str)])]) -> Self {
        let entries = packages.iter().map(|(title, needs)| entry(make(title, needs, "the truth\n"))).collect();
        Self { entries, make, entry, files_gone: BTreeSet::new(), pages: BTreeMap::new(), nothing: false }
    }

    /// Tells a lie from now on, if it is one that both tools know.
    ///
    /// # Errors
    ///
    /// For a lie about a version that is not there.
    pub(super) fn tell(&mut self, lie: &Lie) -> Result<bool, String> {
        match lie {
            Lie::SwapFile { of, text } => {
                let made = self.swapped(of, text)?;
                self.entry(of)?.made = made;
            }
            Lie::SwapHash { of, text } => {
                let made = self.swapped(of, text)?;
                self.entry(of)?.hash = Some(made.sha256());
            }
            Lie::SwapBoth { of, text } => {
                let made = self.swapped(of, text)?;
                let entry = self.entry(of)?;
                (entry.hash, entry.made) = (Some(made.sha256()), made);
            }
            Lie::FileOf { of, file } => {
                let other = self.entry(file)?.made.bytes.clone();
                self.entry(of)?.made.bytes = other;
            }
            Lie::Add { of, text } => {
                let made = (self.make)(of, &[], &lies::text(of, text));
                self.entries.push((self.entry)(made));
            }
            Lie::Yank(of) => self.entry(of)?.yanked = true,
            Lie::Unyank(of) => self.entry(of)?.yanked = false,
            Lie::Lack(of) => self.entries.retain(|entry| entry.made.title() != *of && entry.made.project != *of),
            Lie::NoFile(of) => drop(self.files_gone.insert(of.clone())),
            Lie::Page { at, kind, body } => drop(self.pages.insert(at.clone(), (kind.clone(), body.clone()))),
            Lie::Nothing => self.nothing = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A version, to lie about.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub(super) fn entry(&mut self, title: &str) -> Result<&mut Entry<T>, String> {
        let found = self.entries.iter_mut().find(|entry| entry.made.title() == title);
        found.ok_or_else(|| format!("there is no {title}"))
    }

    /// A version.
    pub(super) fn find(&self, title: &str) -> Option<&Entry<T>> {
        self.entries.iter().find(|entry| entry.made.title() == title)
    }

    /// What is there in place of everything, or of this path.
    pub(super) fn instead(&self, path: &str, fill: &dyn Fn(&str) -> String) -> Option<Page> {
        if self.nothing {
            return Some(Page::not_found());
        }
        let (kind, body) = self.pages.get(path.trim_start_matches('/'))?;
        Some(Page::new(kind, fill(body).into_bytes()))
    }

    /// The first version of these whose file is there.
    pub(super) fn with_file(&self, which: impl Fn(&Entry<T>) -> bool) -> Option<&Entry<T>> {
        let found = self.entries.iter().find(|entry| which(entry));
        found.filter(|entry| !self.files_gone.contains(&entry.made.title()))
    }

    /// The version with other contents.
    fn swapped(&mut self, title: &str, text: &str) -> Result<Made, String> {
        let make = self.make;
        let made = &self.entry(title)?.made;
        let needs: Vec<(&str, &str)> =
            made.needs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        Ok(make(title, &needs, &lies::text(title, text)))
    }
}
