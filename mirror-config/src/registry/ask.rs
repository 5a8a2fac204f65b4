//! Requests to one registry: an entry of its index, where its files are, a file.

use super::kept::Kept;
use crate::{
    crates::{self, Downloads},
    download::Part,
    fault::Fault,
    http::{Cancel, Patience, Request, Response},
    redact::Address,
    select::Select,
    sources::Place,
    upstream::check_address,
};

/// Largest entry of an index; the largest of the official one has a few MB.
const LARGEST_ENTRY: u64 = 64 << 20;

/// The bytes of an entry, and what names them.
pub(super) type Read = Result<(Vec<u8>, Option<String>), Fault>;

/// Asks a place for an entry of its index; what is kept of it is not sent again. What cannot be one is the place's fault.
pub(super) fn entry(select: &Select, place: &Place, path: &str, kept: Option<&Kept>, patience: Patience) -> Read {
    let mut headers = vec![("accept", "text/plain".to_owned()), ("cargo-protocol", "version=1".to_owned())];
    let address = below(&place.index, path)?;
    let had = kept.and_then(|kept| kept.get(&address));
    headers.extend(had.as_ref().map(|(etag, _)| ("if-none-match", etag.clone())));
    let response = select.http.send(&Request {
        address: address.clone(),
        route: place.route.clone(),
        headers,
        body: None,
        patience,
        cancel: Cancel::new(),
    })?;
    let (etag, response_status) = (response.etag.clone(), response.status);
    if let (304, Some((etag, body))) = (response.status, had) {
        return Ok((body, Some(etag)));
    }
    let body = response.body.read_all(LARGEST_ENTRY)?;
    if response_status == 304 || crates::versions(&body)?.is_empty() {
        return Err(Fault::NotAMirror("an entry without versions".to_owned()));
    }
    if let (Some(kept), Some(etag)) = (kept, &etag) {
        kept.put(&address, etag, &body);
    }
    Ok((body, etag))
}

/// Asks a place where its files are.
pub(super) fn downloads(select: &Select, place: &Place) -> Result<Downloads, Fault> {
    let response = select.http.send(&Request {
        address: below(&place.index, crates::CONFIG)?,
        route: place.route.clone(),
        headers: Vec::new(),
        body: None,
        patience: if place.mirror.is_some() { Patience::REPLACEABLE } else { Patience::LAST },
        cancel: Cancel::new(),
    })?;
    Downloads::parse(&response.body.read_all(LARGEST_ENTRY)?)
}

/// Asks for a file, or a part of it.
pub(super) fn file(
    select: &Select,
    place: &Place,
    address: &Address,
    part: Part,
    cancel: &Cancel,
) -> Result<Response, Fault> {
    let insecure = place.mirror.as_ref().is_some_and(|mirror| mirror.insecure);
    check_address(address.expose().as_str(), insecure).map_err(|failure| Fault::Transport(failure.what))?;
    let mut headers = vec![("accept-encoding", "identity".to_owned())];
    headers.extend(part.header().map(|range| ("range", range)));
    let patience = if place.mirror.is_some() { Patience::REPLACEABLE } else { Patience::LAST };
    let route = select.proxies.route(address.expose(), place.mirror.as_ref());
    let (address, cancel) = (address.with_credentials_of(&place.index), cancel.clone());
    select.http.send(&Request { address, route, headers, body: None, patience, cancel })
}

fn below(index: &Address, path: &str) -> Result<Address, Fault> {
    let mut base = index.expose().clone();
    if !base.path().ends_with('/') {
        let folder = format!("{}/", base.path());
        base.set_path(&folder);
    }
    base.join(path).map(Address::from).map_err(|error| Fault::NotAMirror(error.to_string()))
}
