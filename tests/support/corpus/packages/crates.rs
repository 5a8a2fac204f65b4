//! A registry of made crates, and the lies it can tell. Paths and lines by The Cargo Book, chapter "Registry Index".

use serde_json::{Value, json};

use super::{
    made::{krate, split},
    stock::{Entry, Packages, Stock},
};
use crate::{
    cargo::index_path,
    corpus::{case::Lie, flaws::Which, lies::Lies},
    web::{Page, sha256},
    wire::Seen,
};

/// What a registry has.
#[derive(Debug, Clone)]
pub(crate) struct Crates {
    stock: Stock<()>,
    dl: Option<String>,
}

impl Packages for Crates {
    const WHICH: Which = which;

    /// `beta 1.0.0` needs `alpha`, of which there are `1.0.0` and `1.1.0`; nobody needs `gamma 1.0.0`.
    fn truth() -> Self {
        let packages: &[(&str, &[(&str, &str)])] =
            &[("alpha 1.0.0", &[]), ("alpha 1.1.0", &[]), ("beta 1.0.0", &[("alpha", "1")]), ("gamma 1.0.0", &[])];
        Self { stock: Stock::new(krate, |made| Entry::of(made, ()), packages), dl: None }
    }

    fn tell(&mut self, lie: &Lie) -> Result<(), String> {
        if self.stock.tell(lie)? {
            return Ok(());
        }
        match lie {
            Lie::Depends { of, on } => {
                let (name, version) = split(on);
                self.stock.entry(of)?.made.needs.push((name.to_owned(), version.to_owned()));
            }
            Lie::Dl(place) => self.dl = Some(place.clone()),
            other => return Err(format!("{other:?} is no lie about crates")),
        }
        Ok(())
    }

    fn page(&self, url: &str, seen: &Seen, fill: &dyn Fn(&str) -> String) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if let Some(page) = self.stock.instead(path, fill) {
            return page;
        }
        if path == "/config.json" {
            let dl = self.dl.as_deref().map_or_else(|| format!("{url}/files"), fill);
            return Page::new("application/json", json!({ "dl": dl }).to_string().into_bytes());
        }
        if let Some(rest) = path.strip_prefix("/files/") {
            let title = rest.trim_end_matches("/download").replace('/', " ");
            let found = self.stock.with_file(|entry| entry.made.title() == title);
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

    fn said(&self) -> Lies {
        let mut said = Lies::default();
        for entry in &self.stock.entries {
            said.hashes.insert(sha256(&entry.made.bytes));
            said.words.extend(entry.hash.clone().into_iter().chain([line(entry)]));
        }
        said
    }
}

impl Crates {
    fn lines(&self, name: &str) -> Vec<String> {
        self.stock.entries.iter().filter(|entry| entry.made.project == name).map(line).collect()
    }

    /// The checksum of a version.
    pub(crate) fn checksum(&self, title: &str) -> Option<&str> {
        self.stock.find(title)?.hash.as_deref()
    }
}

/// Whether a word of a case stands for this request.
fn which(word: &str, seen: &Seen) -> bool {
    let is_file = seen.path.starts_with("/files/");
    match word {
        "files" => is_file,
        "config" => seen.path == "/config.json",
        "index" => !is_file && seen.path != "/config.json",
        other => seen.path.contains(other),
    }
}

fn line(entry: &Entry<()>) -> String {
    let dependency = |(name, version): &(String, String)| -> Value {
        json!({
            "name": name, "req": format!("^{version}"), "features": [], "optional": false,
            "default_features": true, "target": null, "kind": "normal",
        })
    };
    let deps: Vec<Value> = entry.made.needs.iter().map(dependency).collect();
    let Entry { made, hash, yanked, .. } = entry;
    json!({
        "name": made.project, "vers": made.version, "deps": deps, "cksum": hash, "features": {}, "yanked": yanked,
    })
    .to_string()
}
