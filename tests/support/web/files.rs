//! Files at the root of a web server, put there and taken away while it runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{page::Page, server::WebServer};
use crate::wire::lock;

/// A server of files; it stops when it is dropped.
#[derive(Debug)]
pub struct FileServer {
    /// What serves them: its log, and what goes wrong on the way.
    pub web: WebServer,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl FileServer {
    /// A server without files.
    pub fn start() -> Self {
        let files: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let for_site = Arc::clone(&files);
        let web = WebServer::start(|_| {
            Box::new(move |seen| match lock(&for_site).get(seen.path.trim_start_matches('/')) {
                Some(bytes) => Page::new("text/plain", bytes.clone()),
                None => Page::not_found(),
            })
        });
        Self { web, files }
    }

    /// Puts a file there, or another in its place.
    pub fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        lock(&self.files).insert(name.to_owned(), bytes.into());
    }

    /// Takes a file away.
    pub fn take(&self, name: &str) {
        lock(&self.files).remove(name);
    }

    /// The address of a file.
    pub fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.web.url())
    }
}

impl Default for FileServer {
    fn default() -> Self {
        Self::start()
    }
}
