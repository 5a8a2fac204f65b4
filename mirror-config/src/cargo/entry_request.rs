//! Requests to one index: an entry, and where its files are.

use super::{
    entry::Answer,
    entry_cache::Kept,
    index::{self, Downloads},
};
use crate::{
    errors::Fault,
    model::Address,
    select::{Place, Select},
    transport::http::{Cancel, Patience, Request},
};

/// Largest entry of an index; the largest of the official one has a few MB.
const LARGEST_ENTRY: u64 = 64 << 20;

/// Asks a place for an entry of its index; what is kept of it is not sent again. What cannot be one is the place's fault.
pub(super) fn entry(
    select: &Select,
    place: &Place,
    path: &str,
    kept: Option<&Kept>,
    patience: Patience,
) -> Result<Answer, Fault> {
    let mut headers = vec![("accept", "text/plain".to_owned()), ("cargo-protocol", "version=1".to_owned())];
    let address = below(place, path)?;
    let had = kept.and_then(|kept| kept.get(&address));
    headers.extend(had.as_ref().and_then(|had| Some(("if-none-match", had.etag.clone()?))));
    let response = select.http.send(&Request {
        address: address.clone(),
        route: place.route.clone(),
        headers,
        body: None,
        patience,
        cancel: Cancel::new(),
    })?;
    match (response.status, had) {
        (304, Some(had)) => return Ok(had),
        (304, None) => return Err(Fault::NotAMirror("nothing new, though nothing was known".to_owned())),
        _ => {}
    }
    let etag = response.etag.clone();
    let body = response.body.read_all(LARGEST_ENTRY)?;
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
pub(super) fn downloads(select: &Select, place: &Place) -> Result<Downloads, Fault> {
    let response = select.http.send(&Request {
        address: below(place, index::CONFIG)?,
        route: place.route.clone(),
        headers: Vec::new(),
        body: None,
        patience: if place.mirror.is_some() { Patience::REPLACEABLE } else { Patience::LAST },
        cancel: Cancel::new(),
    })?;
    Downloads::parse(&response.body.read_all(LARGEST_ENTRY)?)
}

fn below(place: &Place, path: &str) -> Result<Address, Fault> {
    place.index.below(path).map_err(|error| Fault::NotAMirror(error.to_string()))
}
