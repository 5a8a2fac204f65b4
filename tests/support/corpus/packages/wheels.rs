//! A simple index of made wheels, and the lies it can tell. PEP 503 (HTML), 691 (JSON), 592 (yanked), 658 (metadata).

use serde_json::{Value, json};

use super::{
    made::{Made, metadata, split, wheel},
    stock::{Entry, Packages, Stock},
};
use crate::{
    corpus::{case::Lie, flaws::Which, lies::Lies},
    web::{Page, sha256},
    wire::Seen,
};

/// The type of PEP 691's JSON.
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// What the index says of a wheel, beside its hash.
#[derive(Debug, Clone)]
struct Said {
    /// The project on whose page it is.
    shown_at: String,
    /// What it says it needs, beside the wheel.
    needs: Vec<(String, String)>,
    python: Option<String>,
    /// Where the page says it is, if not here.
    url: Option<String>,
}

type Wheel = Entry<Said>;

/// What an index has.
#[derive(Debug, Clone)]
pub(crate) struct Wheels {
    stock: Stock<Said>,
    html_only: bool,
}

impl Packages for Wheels {
    const WHICH: Which = which;

    /// `demo` needs `lib`; there are `demo 1.0` and `1.1`, `lib 1.0`, and `other 1.0`, which nobody needs.
    fn truth() -> Self {
        let lib: &[(&str, &str)] = &[("lib", "")];
        let packages = [("demo 1.0", lib), ("demo 1.1", lib), ("lib 1.0", &[]), ("other 1.0", &[])];
        let entry = |made: Made| {
            let (shown_at, needs) = (made.project.clone(), made.needs.clone());
            Entry::of(made, Said { shown_at, needs, python: None, url: None })
        };
        Self { stock: Stock::new(wheel, entry, &packages), html_only: false }
    }

    fn tell(&mut self, lie: &Lie) -> Result<(), String> {
        if self.stock.tell(lie)? {
            return Ok(());
        }
        match lie {
            Lie::Depends { of, on } => self.stock.entry(of)?.more.needs.push((on.clone(), String::new())),
            Lie::RequiresPython { of, python } => self.stock.entry(of)?.more.python = Some(python.clone()),
            Lie::Url { of, to } => self.stock.entry(of)?.more.url = Some(to.clone()),
            Lie::NoHash(of) => self.stock.entry(of)?.hash = None,
            Lie::Foreign { at, of } => {
                let mut entry = self.stock.entry(of)?.clone();
                entry.more.shown_at.clone_from(at);
                self.stock.entries.push(entry);
            }
            Lie::HtmlOnly => self.html_only = true,
            other => return Err(format!("{other:?} is no lie about wheels")),
        }
        Ok(())
    }

    fn page(&self, _: &str, seen: &Seen, fill: &dyn Fn(&str) -> String) -> Page {
        let path = seen.path.split('?').next().unwrap_or_default();
        if let Some(page) = self.stock.instead(path, fill) {
            return page;
        }
        if path.starts_with("/files/") {
            return self.file(path);
        }
        let Some(project) = path.strip_prefix("/simple/").map(|rest| rest.trim_end_matches('/')) else {
            return Page::not_found();
        };
        let shown: Vec<&Wheel> = self.stock.entries.iter().filter(|entry| entry.more.shown_at == project).collect();
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

    fn said(&self) -> Lies {
        let mut said = Lies::default();
        for entry in &self.stock.entries {
            said.hashes.extend([sha256(&entry.made.bytes), sha256(entry.metadata().as_bytes())]);
            said.words.extend(entry.hash.clone());
        }
        said
    }
}

impl Wheels {
    fn file(&self, path: &str) -> Page {
        let wanted = path.strip_suffix(".metadata").unwrap_or(path);
        match self.stock.with_file(|entry| entry.place() == wanted) {
            None => Page::not_found(),
            Some(entry) if wanted != path => Page::new("text/plain", entry.metadata().into_bytes()),
            Some(entry) => Page::new("application/octet-stream", entry.made.bytes.clone()),
        }
    }

    /// The name and hash of a version's wheel.
    pub(crate) fn wheel(&self, title: &str) -> Option<(String, String)> {
        self.stock.find(title).map(|entry| (entry.name(), entry.made.sha256()))
    }
}

/// Whether a word of a case stands for this request.
fn which(word: &str, seen: &Seen) -> bool {
    let (is_file, is_metadata) = (seen.path.starts_with("/files/"), seen.path.ends_with(".metadata"));
    match word {
        "files" => is_file && !is_metadata,
        "metadata" => is_metadata,
        "index" => !is_file,
        other => seen.path.contains(other),
    }
}

impl Wheel {
    fn name(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.made.project, self.made.version)
    }

    fn place(&self) -> String {
        format!("/files/{}", self.name())
    }

    fn metadata(&self) -> String {
        let needs: Vec<(&str, &str)> =
            self.more.needs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        metadata(&self.made.title(), &needs)
    }

    fn url(&self, fill: &dyn Fn(&str) -> String) -> String {
        self.more.url.as_deref().map_or_else(|| self.place(), fill)
    }

    fn json(&self, fill: &dyn Fn(&str) -> String) -> Value {
        let mut value = json!({
            "filename": self.name(),
            "url": self.url(fill),
            "hashes": self.hash.as_ref().map_or_else(|| json!({}), |hash| json!({ "sha256": hash })),
            "core-metadata": { "sha256": sha256(self.metadata().as_bytes()) },
        });
        if let Some(python) = &self.more.python {
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
        if let Some(python) = &self.more.python {
            tag += &format!(" data-requires-python=\"{}\"", python.replace('>', "&gt;").replace('<', "&lt;"));
        }
        if self.yanked {
            tag += " data-yanked=\"it is broken\"";
        }
        format!("{tag}>{}</a><br>\n", self.name())
    }
}

/// The project of a title.
pub(crate) fn project(title: &str) -> &str {
    split(title).0
}
