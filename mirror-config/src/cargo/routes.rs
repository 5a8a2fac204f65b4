//! The relay's answers to cargo: a sparse registry (the Cargo Book, "Registry Index").

use std::{net::SocketAddr, sync::Arc};

use super::{ahead::Ahead, index, registry::Registry};
use crate::{
    errors::{Failure, Kind},
    relay::{Answer, Payload, Serve, decoded},
};

/// Where the index is.
const INDEX: &str = "/cargo/index/";
/// Where files are; cargo fills in the rest.
const FILES: &str = "/cargo/files/";
/// cargo shows the text of such an answer and does not try again, as it would after a 5xx.
const REFUSED: u16 = 424;

/// The address of the index, for cargo's `registry = "…"`.
pub fn source(address: SocketAddr) -> String {
    format!("sparse+http://{address}{INDEX}")
}

/// Serves a registry, and asks ahead for what will be asked of it.
pub fn serve(registry: Arc<Registry>, ahead: Ahead, address: SocketAddr) -> Serve {
    let ahead = Arc::new(ahead);
    Arc::new(move |asked| {
        if let Some(path) = asked.path.strip_prefix(INDEX) {
            if let Some(name) = index::name_at(path) {
                ahead.begin(&registry, name);
            }
            entry(&registry, path, address)
        } else if let Some(path) = asked.path.strip_prefix(FILES) {
            file(&registry, path)
        } else {
            Answer::text(404, "the relay has nothing here")
        }
    })
}

fn entry(registry: &Registry, path: &str, address: SocketAddr) -> Answer {
    if path == index::CONFIG {
        let config = format!("{{\"dl\":\"http://{address}{FILES}{{crate}}/{{version}}/{{sha256-checksum}}\"}}");
        let payload = Payload::from(config.into_bytes());
        return Answer { status: 200, content_type: "application/json", etag: None, payload };
    }
    let Some(name) = index::name_at(path) else { return Answer::text(404, "no crate can have its entry here") };
    match registry.entry(name) {
        Ok(Some(entry)) => Answer {
            status: 200,
            content_type: "text/plain",
            etag: Some(entry.etag.clone()),
            payload: Payload::from(entry.body.clone()),
        },
        Ok(None) => Answer::text(404, format!("there is no crate {name}")),
        Err(failure) => refusal(&failure),
    }
}

fn file(registry: &Registry, path: &str) -> Answer {
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let [name, version, checksum] = parts.as_slice() else { return Answer::text(404, "no file of a crate") };
    match registry.file(name, version, checksum) {
        Ok((file, size)) => {
            Answer { status: 200, content_type: "application/x-tar", etag: None, payload: Payload::file(file, size) }
        }
        Err(failure) => refusal(&failure),
    }
}

fn refusal(failure: &Failure) -> Answer {
    let status = if failure.kind == Kind::Internal { 500 } else { REFUSED };
    Answer::text(status, failure.to_string())
}
