//! What a simple index of Python packages says: which files a project has, where they are, and their hashes. Pure.
//!
//! JSON (PEP 691) and HTML (PEP 503). The only door to `html5gum`.

use std::collections::{BTreeMap, BTreeSet};

use html5gum::{Token, Tokenizer};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::{errors::Fault, model::Address};

/// What pip sends as `Accept` (PEP 691, "Version + Format Selection").
pub const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";

/// How names of source archives end (pip's own list: `pip._internal.utils.filetypes.ARCHIVE_EXTENSIONS`).
const ARCHIVES: &[&str] =
    &[".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"];

/// What is in front of the ending of a source archive's name; nothing for a name of something else.
fn stem(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    ARCHIVES.iter().find(|end| lower.ends_with(*end)).and_then(|end| name.get(..name.len() - end.len()))
}

/// Whether pip may take a link for a file, by its name: wheels, archives, and eggs, which old pips take.
pub fn is_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    stem(name).is_some() || lower.ends_with(".whl") || lower.ends_with(".egg")
}

/// The name of a file in its address: the last part, decoded once.
pub fn name_in(address: &url::Url) -> String {
    let last = address.path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

/// One file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Where it is, without the hash.
    pub address: Address,
    /// SHA-256 in lower-case hex, where the index gives it.
    pub sha256: Option<String>,
    /// Taken back by its author (PEP 592).
    pub yanked: bool,
}

impl File {
    /// Whether it is a wheel rather than a source archive.
    pub fn is_wheel(&self) -> bool {
        self.name.ends_with(".whl")
    }

    /// The version in its name: the second part of a wheel's (PEP 427), the last of a source archive's (PEP 625).
    pub fn version(&self) -> Option<&str> {
        match self.name.strip_suffix(".whl") {
            Some(stem) => stem.split('-').nth(1),
            None => {
                let stem = stem(&self.name)?;
                // An old archive may have a `-` in the project's name; a version begins with a digit.
                stem.rsplit_once('-')
                    .map(|(_, version)| version)
                    .filter(|v| v.starts_with(|c: char| c.is_ascii_digit()))
            }
        }
    }
}

/// Whether a file's name allows for its being of a project, whose name is normalized: a wheel's begins with it (PEP 427), and
/// in that of a source archive a version comes next.
pub fn may_be_of(file: &str, project: &str) -> bool {
    match file.strip_suffix(".whl") {
        Some(stem) => stem.split('-').next().is_some_and(|name| normalized(name) == project),
        None => normalized(file)
            .strip_prefix(project)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())),
    }
}

/// The name of a project as it stands in addresses (PEP 503, "Normalized Names").
pub fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Whether a pattern, in which each `*` stands for anything, names a project by its normalized name.
pub fn fits(pattern: &str, project: &str) -> bool {
    let mut dashed = String::new();
    for letter in pattern.to_ascii_lowercase().chars() {
        let letter = if matches!(letter, '_' | '.') { '-' } else { letter };
        if letter != '-' || !dashed.ends_with('-') {
            dashed.push(letter);
        }
    }
    let mut pieces = dashed.split('*');
    let Some(mut rest) = pieces.next().and_then(|head| project.strip_prefix(head)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(tail) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(tail)
}

/// The versions of these files.
pub fn versions(files: &[File]) -> BTreeSet<&str> {
    files.iter().filter_map(File::version).collect()
}

/// The files on a project's page, in its order. `base` is where the page came from in the end.
///
/// # Errors
///
/// [`Fault::NotAMirror`] for what is no such page, such as a sign-in page: HTML without a single file.
pub fn files(content_type: &str, body: &[u8], base: &Address) -> Result<Vec<File>, Fault> {
    match content_type {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json(body, base),
        "application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml" => match html(body, base) {
            none if none.is_empty() => Err(Fault::NotAMirror("a page without files".to_owned())),
            found => Ok(found),
        },
        other => Err(Fault::NotAMirror(format!("its page is `{}`", crate::message::controls(other)))),
    }
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    /// `false`, `true`, or the reason.
    #[serde(default)]
    yanked: serde_json::Value,
}

fn json(body: &[u8], base: &Address) -> Result<Vec<File>, Fault> {
    let page: Listing = serde_json::from_slice(body)
        .map_err(|error| Fault::NotAMirror(format!("no page of a simple index: {error}")))?;
    let file = |entry: Entry| {
        Some(File {
            address: base.expose().join(&entry.url).ok()?.into(),
            sha256: entry.hashes.get("sha256").map(|sum| sum.to_ascii_lowercase()),
            yanked: entry.yanked.as_bool().unwrap_or(entry.yanked.is_string()),
            name: entry.filename,
        })
    };
    Ok(page.files.into_iter().filter_map(file).collect())
}

fn html(body: &[u8], base: &Address) -> Vec<File> {
    let mut base = base.expose().clone();
    let mut files = Vec::new();
    for token in Tokenizer::new(body) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        let attribute = |name: &[u8]| {
            let found = tag.attributes.iter().find(|(key, _)| key.as_slice() == name);
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        let Some(link) = attribute(b"href") else { continue };
        let Ok(mut address) = base.join(link.trim()) else { continue };
        match tag.name.as_slice() {
            b"base" => base = address,
            b"a" => {
                let sha256 =
                    address.fragment().and_then(|hash| hash.strip_prefix("sha256=")).map(str::to_ascii_lowercase);
                address.set_fragment(None);
                let name = name_in(&address);
                let file = File { name, sha256, yanked: attribute(b"data-yanked").is_some(), address: address.into() };
                if file.version().is_some() {
                    files.push(file);
                }
            }
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{files, may_be_of, normalized, versions};
    use crate::model::Address;

    fn base() -> Address {
        "https://pypi.example/simple/demo/".parse().expect("an address")
    }

    #[test]
    fn a_name_tells_of_which_project_a_file_may_be() {
        for (file, project, expected) in [
            ("demo-1.0-py3-none-any.whl", "demo", true),
            ("Zope.Interface-5.0.tar.gz", "zope-interface", true),
            ("zope_interface-5.0.tar.gz", "zope-interface", true),
            ("demonstration-1.0.zip", "demo", false),
            ("demo_extra-1.0-py3-none-any.whl", "demo", false),
            ("demo-extra-1.0.tar.gz", "demo", false),
            ("demo-extra-1.0.tar.gz", "demo-extra", true),
            ("other-1.0.zip", "demo", false),
            ("demo", "demo", false),
        ] {
            assert_eq!(may_be_of(file, project), expected, "{file} {project}");
        }
    }

    #[test]
    fn both_formats_say_the_same() {
        let html = "<!DOCTYPE html><html><head><title>Links</title></head><body><h1>Links for demo</h1>\
            <a href=\"../../packages/ab/demo-1.0-py3-none-any.whl#sha256=AA\" data-requires-python=\"&gt;=3.8\">demo-1.0-py3-none-any.whl</a><br/>\
            <A HREF='https://files.example/demo-1.1.tar.gz?a=1&amp;b=2' data-yanked=''>demo-1.1.tar.gz</A>\
            <a href=\"/help\">Help</a></body></html>";
        let json = "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"demo\",\"files\":[\
            {\"filename\":\"demo-1.0-py3-none-any.whl\",\"url\":\"/packages/ab/demo-1.0-py3-none-any.whl\",\"hashes\":{\"sha256\":\"aa\"},\"yanked\":false},\
            {\"filename\":\"demo-1.1.tar.gz\",\"url\":\"https://files.example/demo-1.1.tar.gz?a=1&b=2\",\"hashes\":{},\"yanked\":\"broken\"}]}";
        let from_html = files("text/html", html.as_bytes(), &base()).expect("a page");
        let from_json = files("application/vnd.pypi.simple.v1+json", json.as_bytes(), &base()).expect("a page");
        assert_eq!(from_html, from_json);
        assert_eq!(
            from_html[0].address.expose().as_str(),
            "https://pypi.example/packages/ab/demo-1.0-py3-none-any.whl"
        );
        assert_eq!(
            (from_html[0].sha256.as_deref(), from_html[0].is_wheel(), from_html[0].yanked),
            (Some("aa"), true, false)
        );
        assert_eq!((from_html[1].sha256.as_deref(), from_html[1].yanked), (None, true));
        assert_eq!(versions(&from_html).into_iter().collect::<Vec<_>>(), ["1.0", "1.1"]);
    }

    #[test]
    fn a_base_moves_what_follows() {
        let html = "<base href='https://files.example/x/'><a href='demo-1.zip'>demo-1.zip</a>";
        let found = files("text/html", html.as_bytes(), &base()).expect("a page");
        assert_eq!(found[0].address.expose().as_str(), "https://files.example/x/demo-1.zip");
    }

    #[test]
    fn what_has_no_files_is_no_page_of_an_index() {
        for (kind, body) in [
            ("text/html", "<html><a href='/login'>Sign in</a></html>"),
            ("text/html", ""),
            ("application/json", "{}"),
            ("application/vnd.pypi.simple.v1+json", "<html>"),
            ("image/png", "x"),
        ] {
            assert!(files(kind, body.as_bytes(), &base()).is_err(), "{kind} {body}");
        }
    }

    #[test]
    fn patterns_name_projects_however_they_are_spelled() {
        for (pattern, project, hit) in [
            ("mycorp-*", "mycorp-tool", true),
            ("MyCorp__*", "mycorp-tool", true),
            ("my.corp", "my-corp", true),
            ("*-internal", "tool-internal", true),
            ("a*b*c", "a-x-b-y-c", true),
            ("a*b*c", "a-x-c", false),
            ("mycorp", "mycorp-tool", false),
            ("*", "anything", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(super::fits(pattern, project), hit, "{pattern} {project}");
        }
    }

    #[test]
    fn versions_stand_in_names_of_files() {
        for (name, version) in [
            ("demo-1.0-py3-none-any.whl", Some("1.0")),
            ("demo_x-2.0rc1-1-cp312-cp312-linux_x86_64.whl", Some("2.0rc1")),
            ("old-name-0.1.tar.gz", Some("0.1")),
            ("demo-1.0.zip", Some("1.0")),
            ("demo-1!2.0-py3-none-any.whl", Some("1!2.0")),
            ("demo-1!2.0.tar.xz", Some("1!2.0")),
            ("demo-1.0+local.tar", Some("1.0+local")),
            ("Demo-1.0.TAR.GZ", Some("1.0")),
            ("demo-1.0.exe", None),
            ("help", None),
            ("login-page.zip", None),
        ] {
            let file = super::File { name: name.to_owned(), address: base(), sha256: None, yanked: false };
            assert_eq!(file.version(), version, "{name}");
        }
        assert_eq!(["Demo__X.y", "demo-x-y"].map(normalized), ["demo-x-y", "demo-x-y"]);
    }
}
