//! What is asked of a relay, and what it answers.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::payload::Payload;

/// A segment of a path, decoded: the same name in whichever way its asker spells it.
pub fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// A name as a segment of a path: all but letters, digits and `-._~` encoded, which every client takes as it is.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(name, &PLAIN).to_string()
}

/// What is encoded in a segment (RFC 3986, section 2.3: what is not reserved is not).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request: only what answers depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The path as it was sent, without the query.
    pub path: String,
    /// What the asker has already.
    pub if_none_match: Option<String>,
    /// What the asker can read.
    pub accept: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// What names the content.
    pub etag: Option<String>,
    /// The content.
    pub payload: Payload,
}

impl Answer {
    /// A text, such as an error that the asker shows to its user.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain", etag: None, payload: Payload::from(text.into().into_bytes()) }
    }
}

/// Who answers.
pub type Serve = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;
