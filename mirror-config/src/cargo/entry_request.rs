//! Requests to one index: an entry, and where its files are.

use super::{
    entry::Answer,
    entry_cache::Kept,
    index::{self, Downloads},
};
use crate::{
    errors::Fault,
    select::{Select, Source},
    transport::http::{Patience, limits},
};

/// Asks a place for an entry of its index; what is kept of it is not sent again. What cannot be one is the place's fault.
pub(super) fn entry(
    select: &Select,
    source: &Source,
    path: &str,
    kept: Option<&Kept>,
    patience: Patience,
) -> Result<Answer, Fault> {
    let mut request = source.get(path, patience)?.header("accept", "text/plain").header("cargo-protocol", "version=1");
    let address = request.address.clone();
    let had = kept.and_then(|kept| kept.get(&address));
    if let Some(etag) = had.as_ref().and_then(|had| had.etag.as_ref()) {
        request = request.header("if-none-match", etag);
    }
    let response = select.http.send(&request)?;
    match (response.status, had) {
        (304, Some(had)) => return Ok(had),
        (304, None) => return Err(Fault::NotAMirror("nothing new, though nothing was known".to_owned())),
        _ => {}
    }
    let etag = response.etag.clone();
    let body = response.body.read_all(limits::ENTRY)?;
    let checksums = index::checksums(&body)?;
    if checksums.is_empty() {
        return Err(Fault::NotAMirror("an entry without versions".to_owned()));
    }
    if let (Some(kept), Some(etag)) = (kept, &etag) {
        kept.put(&address, etag, &body);
    }
    Ok(Answer { body, etag, checksums })
}

/// Asks a place where its files are.
pub(super) fn downloads(select: &Select, source: &Source) -> Result<Downloads, Fault> {
    let patience = if source.is_upstream() { Patience::LAST } else { Patience::REPLACEABLE };
    let response = select.http.send(&source.get(index::CONFIG, patience)?)?;
    Downloads::parse(&response.body.read_all(limits::ENTRY)?)
}
