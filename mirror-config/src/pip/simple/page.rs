//! A project's page as a whole: read in either format, changed, and written in either.
//!
//! Everything that pip can know of a file is passed on: yanked (PEP 592), requires-python (PEP 503), metadata (PEP 658
//! and 714), provenance (PEP 740), and what a project tracks (PEP 708). Fields that are not known here stay as they are.

use html5gum::{Token, Tokenizer};
use serde_json::{Map, Value, json};
use url::Url;

use super::index::{is_file, name_in};
use crate::{errors::Fault, model::Address};

/// Fields of a file that an anchor has as attributes, with their names in JSON.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("data-requires-python", "requires-python"),
    ("data-yanked", "yanked"),
    ("data-core-metadata", "core-metadata"),
    ("data-dist-info-metadata", "core-metadata"),
    ("data-gpg-sig", "gpg-sig"),
    ("data-provenance", "provenance"),
];

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// All but the files, as PEP 691 has it.
    rest: Map<String, Value>,
    /// The files, in order, as PEP 691 has them; addresses are absolute.
    pub files: Vec<Map<String, Value>>,
}

impl Page {
    /// Reads a page that came from `base` in the end.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] for what is no such page.
    pub fn parse(content_type: &str, body: &[u8], base: &Address) -> Result<Self, Fault> {
        if content_type.ends_with("json") {
            return Self::of_json(body, base);
        }
        let page = Self::of_html(body, base);
        let known = super::index::files(content_type, body, base)?;
        if page.files.len() < known.len() {
            return Err(Fault::NotAMirror("a page that cannot be read".to_owned()));
        }
        Ok(page)
    }

    /// A page with these files and nothing else to say.
    pub fn of_files(name: &str, files: Vec<Map<String, Value>>) -> Self {
        let rest =
            Map::from_iter([("meta".to_owned(), json!({ "api-version": "1.0" })), ("name".to_owned(), json!(name))]);
        Self { rest, files }
    }

    fn of_json(body: &[u8], base: &Address) -> Result<Self, Fault> {
        let strange = |why: &str| Fault::NotAMirror(format!("no page of a simple index: {why}"));
        let value: Value = serde_json::from_slice(body).map_err(|error| strange(&error.to_string()))?;
        let Value::Object(mut rest) = value else { return Err(strange("no object")) };
        let Some(Value::Array(files)) = rest.remove("files") else { return Err(strange("no files")) };
        let absolute = |file: Value| {
            let Value::Object(mut file) = file else { return None };
            let url = base.expose().join(file.get("url")?.as_str()?).ok()?;
            file.insert("url".to_owned(), json!(url.as_str()));
            file.get("filename")?.as_str()?;
            Some(file)
        };
        Ok(Self { rest, files: files.into_iter().filter_map(absolute).collect() })
    }

    fn of_html(body: &[u8], base: &Address) -> Self {
        let mut base = base.expose().clone();
        let mut page = Self { rest: Map::new(), files: Vec::new() };
        let mut meta = Map::from_iter([("api-version".to_owned(), json!("1.0"))]);
        for token in Tokenizer::new(body) {
            let Ok(Token::StartTag(tag)) = token else { continue };
            let attribute = |name: &str| {
                let found = tag.attributes.iter().find(|(key, _)| key.as_slice() == name.as_bytes());
                found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            };
            match tag.name.as_slice() {
                b"base" => {
                    if let Some(address) = attribute("href").and_then(|link| base.join(link.trim()).ok()) {
                        base = address;
                    }
                }
                b"meta" => {
                    let content = attribute("content").unwrap_or_default();
                    match attribute("name").as_deref() {
                        Some("pypi:repository-version") => drop(meta.insert("api-version".to_owned(), json!(content))),
                        Some("pypi:tracks") => meta
                            .entry("tracks")
                            .or_insert_with(|| json!([]))
                            .as_array_mut()
                            .map_or((), |tracks| tracks.push(json!(content))),
                        Some("pypi:alternate-locations") => page
                            .rest
                            .entry("alternate-locations")
                            .or_insert_with(|| json!([]))
                            .as_array_mut()
                            .map_or((), |places| places.push(json!(content))),
                        _ => {}
                    }
                }
                b"a" => page.files.extend(
                    attribute("href").and_then(|link| base.join(link.trim()).ok()).and_then(|u| anchor(u, attribute)),
                ),
                _ => {}
            }
        }
        page.rest.insert("meta".to_owned(), Value::Object(meta));
        page
    }

    /// The page as PEP 691 has it.
    pub fn to_json(&self, name: &str) -> Vec<u8> {
        let mut value = self.rest.clone();
        value.insert("name".to_owned(), json!(name));
        value.insert("files".to_owned(), json!(self.files));
        Value::Object(value).to_string().into_bytes()
    }

    /// The page as PEP 503 has it, for pip before 22.2.
    pub fn to_html(&self) -> Vec<u8> {
        let mut text = "<!DOCTYPE html><html><head>".to_owned();
        let meta = |name: &str, content: &str| format!("<meta name=\"{name}\" content=\"{}\">", escaped(content));
        let listed = |value: Option<&Value>| -> Vec<String> {
            let all = value.and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let told = self.rest.get("meta");
        let version = told.and_then(|meta| meta.get("api-version")).and_then(Value::as_str).unwrap_or("1.0");
        text += &meta("pypi:repository-version", version);
        for track in listed(told.and_then(|meta| meta.get("tracks"))) {
            text += &meta("pypi:tracks", &track);
        }
        for place in listed(self.rest.get("alternate-locations")) {
            text += &meta("pypi:alternate-locations", &place);
        }
        text += "</head><body>\n";
        for file in &self.files {
            let word = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default();
            let hash = sha256(file).map(|sum| format!("#sha256={sum}")).unwrap_or_default();
            text += &format!("<a href=\"{}{hash}\"", escaped(word("url")));
            for (attribute, key) in ATTRIBUTES {
                if let Some(value) = file.get(*key).and_then(as_attribute) {
                    text += &format!(" {attribute}=\"{}\"", escaped(&value));
                }
            }
            text += &format!(">{}</a><br>\n", escaped(word("filename")));
        }
        (text + "</body></html>\n").into_bytes()
    }
}

/// A file's SHA-256 in lower-case hex, where the page has it.
pub fn sha256(file: &Map<String, Value>) -> Option<String> {
    file.get("hashes")?.get("sha256")?.as_str().map(str::to_ascii_lowercase)
}

/// The SHA-256 of a file's metadata, where the page has it.
pub fn metadata_sha256(file: &Map<String, Value>) -> Option<String> {
    let told = file.get("core-metadata").or_else(|| file.get("dist-info-metadata"))?;
    told.get("sha256")?.as_str().map(str::to_ascii_lowercase)
}

fn anchor(mut address: Url, attribute: impl Fn(&str) -> Option<String>) -> Option<Map<String, Value>> {
    let hash = address.fragment().and_then(|hash| hash.strip_prefix("sha256=")).map(str::to_ascii_lowercase);
    address.set_fragment(None);
    let name = name_in(&address);
    let mut file = Map::new();
    file.insert("filename".to_owned(), json!(name));
    file.insert("url".to_owned(), json!(address.as_str()));
    file.insert("hashes".to_owned(), hash.map_or_else(|| json!({}), |hash| json!({ "sha256": hash })));
    for (from, key) in ATTRIBUTES {
        if let Some(value) = attribute(from) {
            let value = match (*key, value.split_once('=')) {
                ("core-metadata", Some((kind, sum))) => json!({ kind: sum }),
                ("core-metadata" | "gpg-sig", None) => json!(value == "true"),
                ("yanked", _) if value.is_empty() => json!(true),
                _ => json!(value),
            };
            file.insert((*key).to_owned(), value);
        }
    }
    // Links that are none of a file: help, sign in.
    is_file(&name).then_some(file)
}

fn as_attribute(value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some("true".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Object(hashes) => Some(format!("sha256={}", hashes.get("sha256")?.as_str()?)),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Page, metadata_sha256, sha256};

    const JSON: &str = "{\"meta\":{\"api-version\":\"1.1\",\"tracks\":[\"https://other.example/x/\"]},\"name\":\"demo\",\
        \"alternate-locations\":[\"https://alt.example/demo/\"],\"files\":[\
        {\"filename\":\"demo-1.0-py3-none-any.whl\",\"url\":\"../../f/demo-1.0-py3-none-any.whl\",\"hashes\":{\"sha256\":\"AA\"},\
         \"requires-python\":\">=3.8\",\"yanked\":\"bad <news>\",\"core-metadata\":{\"sha256\":\"bb\"},\"size\":5,\
         \"provenance\":\"https://p.example/x\"}]}";

    #[test]
    fn what_one_format_says_survives_the_other() {
        let base = "https://pypi.example/simple/demo/".parse().expect("an address");
        let page = Page::parse("application/vnd.pypi.simple.v1+json", JSON.as_bytes(), &base).expect("a page");
        let html = page.to_html();
        let again = Page::parse("text/html", &html, &base).expect("our own");
        let (one, other) = (&page.files[0], &again.files[0]);
        for key in ["filename", "url", "requires-python", "yanked", "core-metadata", "provenance"] {
            assert_eq!(one.get(key), other.get(key), "{key}");
        }
        assert_eq!(one["url"], "https://pypi.example/f/demo-1.0-py3-none-any.whl");
        assert_eq!((sha256(one), sha256(other)), (Some("aa".to_owned()), Some("aa".to_owned())));
        assert_eq!(metadata_sha256(other).as_deref(), Some("bb"));
        assert_eq!(again.rest["meta"]["tracks"], page.rest["meta"]["tracks"]);
        assert_eq!(again.rest["alternate-locations"], page.rest["alternate-locations"]);
        let json = Page::parse("application/json", &page.to_json("demo"), &base).expect("our own");
        assert_eq!(json, page);
    }

    #[test]
    fn a_sign_in_page_is_no_page() {
        let base = "https://pypi.example/simple/demo/".parse().expect("an address");
        for (kind, body) in [("text/html", "<a href=/login>Sign in</a>"), ("application/json", "{}"), ("image/png", "")]
        {
            assert!(Page::parse(kind, body.as_bytes(), &base).is_err(), "{kind} {body}");
        }
    }
}
