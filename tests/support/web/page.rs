//! What a web server has at an address, and the part of it that a request wants: conditions and ranges.
//!
//! Pure. RFC 9110: sections 13 (conditions), 14 (ranges); several ranges at once are answered whole, as the RFC allows.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::wire::{Seen, header};

/// When everything here was last modified: validators are entity tags.
const MODIFIED: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

/// An answer as a site means it, before anything goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) code: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Arc<[u8]>,
}

impl Page {
    /// Contents of a type, with an entity tag of their own.
    pub(crate) fn new(kind: &str, body: impl Into<Arc<[u8]>>) -> Self {
        let body = body.into();
        let tag = format!("\"{}\"", &sha256(&body)[..32]);
        let headers = [("Content-Type", kind), ("ETag", &tag), ("Last-Modified", MODIFIED), ("Accept-Ranges", "bytes")];
        Self { code: 200, headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), body }
    }

    /// There is nothing here.
    pub(crate) fn not_found() -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        Self { code: 404, headers, body: b"not found\n".as_slice().into() }
    }

    /// With a further header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What a request wants of it: nothing new, a part, or the whole.
    pub(crate) fn wanted_by(self, seen: &Seen, ranges: bool) -> Self {
        if self.code != 200 {
            return self;
        }
        let tag = header(&self.headers, "ETag").unwrap_or_default().to_owned();
        let matches = |field: &str| {
            seen.header(field).is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
        };
        if seen.header("If-None-Match").is_some() {
            if matches("If-None-Match") {
                return Self { code: 304, body: [].as_slice().into(), ..self };
            }
        } else if seen.header("If-Modified-Since") == Some(MODIFIED) {
            return Self { code: 304, body: [].as_slice().into(), ..self };
        }
        let fresh = seen.header("If-Range").is_none_or(|validator| validator == tag || validator == MODIFIED);
        match range(seen.range(), self.body.len()).filter(|_| ranges && fresh) {
            None => self,
            Some(Ok((first, last))) => {
                let place = format!("bytes {first}-{last}/{}", self.body.len());
                let body = self.body[first..=last].into();
                Self { code: 206, body, ..self }.with("Content-Range", &place)
            }
            Some(Err(())) => {
                let place = format!("bytes */{}", self.body.len());
                Self { code: 416, body: [].as_slice().into(), ..self }.with("Content-Range", &place)
            }
        }
    }
}

/// SHA-256, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first and last byte of the one range that is asked for; an error when there are no such bytes.
fn range(asked: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
        (Some(first), Some(last)) if first <= last => (first, last),
        (Some(first), None) if last.is_empty() => (first, usize::MAX),
        (None, Some(count)) if first.is_empty() && count > 0 => (length.saturating_sub(count), usize::MAX),
        _ => return None,
    };
    Some(if first < length { Ok((first, last.min(length - 1))) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::{MODIFIED, Page, range};
    use crate::wire::{Request, Seen, header};

    fn answer(headers: &[(&str, &str)]) -> Page {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Request { method: "GET".to_owned(), target: "/".to_owned(), headers, body: Vec::new() };
        Page::new("text/plain", b"0123456789".as_slice()).wanted_by(&Seen::new(&request), true)
    }

    #[test]
    fn the_bytes_of_a_range_are_those_of_the_rfc() {
        for (asked, expected) in [
            ("bytes=0-0", Some(Ok((0, 0)))),
            ("bytes=2-4", Some(Ok((2, 4)))),
            ("bytes=2-400", Some(Ok((2, 9)))),
            ("bytes=7-", Some(Ok((7, 9)))),
            ("bytes=-3", Some(Ok((7, 9)))),
            ("bytes=-30", Some(Ok((0, 9)))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=4-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=-", None),
            ("lines=1-2", None),
            ("", None),
        ] {
            assert_eq!(range(asked, 10), expected, "{asked}");
        }
    }

    #[test]
    fn a_part_is_given_only_of_what_the_client_has_seen() {
        let whole = answer(&[]);
        let tag = header(&whole.headers, "ETag").expect("pages have tags").to_owned();
        for (headers, code, body) in [
            (vec![("Range", "bytes=2-4")], 206, "234"),
            (vec![("Range", "bytes=2-4"), ("If-Range", tag.as_str())], 206, "234"),
            (vec![("Range", "bytes=2-4"), ("If-Range", MODIFIED)], 206, "234"),
            (vec![("Range", "bytes=2-4"), ("If-Range", "\"another\"")], 200, "0123456789"),
            (vec![("Range", "bytes=20-")], 416, ""),
            (vec![("If-None-Match", tag.as_str())], 304, ""),
            (vec![("If-None-Match", "\"another\"")], 200, "0123456789"),
            (vec![("If-None-Match", "\"another\""), ("If-Modified-Since", MODIFIED)], 200, "0123456789"),
            (vec![("If-Modified-Since", MODIFIED)], 304, ""),
        ] {
            let page = answer(&headers);
            assert_eq!((page.code, &*page.body), (code, body.as_bytes()), "{headers:?}");
        }
    }
}
