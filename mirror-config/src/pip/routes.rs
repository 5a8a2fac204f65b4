//! The relay's answers to pip: a simple index (PEP 503, 691, 658).

use std::{net::SocketAddr, sync::Arc};

use serde_json::json;

use super::{packages::Packages, simple};
use crate::{
    errors::Failure,
    pip::simple::Page,
    relay::{Answer, Payload, Serve, decoded, encoded},
};

/// Where the index is.
const INDEX: &str = "/pypi/simple/";
/// Where files are: the project, then the name.
const FILES: &str = "/pypi/files/";
/// What metadata is called (PEP 658).
const METADATA: &str = ".metadata";
/// The type of a page in JSON.
const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// pip does not try again after such an answer, as it would after a 5xx.
const REFUSED: u16 = 424;

/// The address of the index, for `PIP_INDEX_URL`.
pub fn index(address: SocketAddr) -> String {
    format!("http://{address}{INDEX}")
}

/// Serves packages.
pub fn serve(packages: Arc<Packages>, address: SocketAddr) -> Serve {
    Arc::new(move |asked| {
        if let Some(project) = asked.path.strip_prefix(INDEX) {
            let json = asked.accept.as_ref().is_some_and(|kinds| kinds.contains(JSON));
            page(&packages, &decoded(project.trim_end_matches('/')), json, address)
        } else if let Some(path) = asked.path.strip_prefix(FILES) {
            file(&packages, path)
        } else {
            Answer::text(404, "the relay has nothing here")
        }
    })
}

fn page(packages: &Packages, project: &str, json: bool, address: SocketAddr) -> Answer {
    match packages.page(project) {
        Ok(Some(page)) => {
            let page = ours(&page, project, address);
            let (content_type, bytes) = match json {
                true => (JSON, page.to_json(project)),
                false => ("text/html", page.to_html()),
            };
            Answer { status: 200, content_type, etag: None, payload: Payload::from(bytes) }
        }
        Ok(None) => Answer::text(404, format!("there is no project {project}")),
        Err(failure) => refusal(&failure),
    }
}

/// The page with files at the relay. One without a hash stays where it is: nobody could say whether it is right.
fn ours(page: &Page, project: &str, address: SocketAddr) -> Page {
    let mut page = page.clone();
    for file in &mut page.files {
        let Some(name) = file.get("filename").and_then(|name| name.as_str()) else { continue };
        if simple::sha256(file).is_some() {
            let url = format!("http://{address}{FILES}{}/{}", encoded(project), encoded(name));
            file.insert("url".to_owned(), json!(url));
            file.retain(|key, _| !key.starts_with('_'));
            if simple::metadata_sha256(file).is_none() {
                file.remove("core-metadata");
                file.remove("dist-info-metadata");
            }
        }
    }
    page
}

fn file(packages: &Packages, path: &str) -> Answer {
    let Some((project, name)) = path.split_once('/') else { return Answer::text(404, "no file of a project") };
    let (project, name) = (decoded(project), decoded(name));
    let (name, metadata) = match name.strip_suffix(METADATA) {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    match packages.file(&project, name, metadata) {
        Ok((file, size)) => Answer {
            status: 200,
            content_type: if metadata { "text/plain" } else { "application/octet-stream" },
            etag: None,
            payload: Payload::file(file, size),
        },
        Err(failure) => refusal(&failure),
    }
}

fn refusal(failure: &Failure) -> Answer {
    Answer::text(REFUSED, failure.to_string())
}
