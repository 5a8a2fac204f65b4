//! What is asked of a relay, and what it answers.

use std::sync::Arc;

use super::payload::Payload;

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
