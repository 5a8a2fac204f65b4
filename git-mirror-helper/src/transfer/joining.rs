//! A source that is to take part in a transfer, and what is known of it by then.

use mirror_config::git::Session;

/// A source that is to take part.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The source, which has answered.
    pub session: Session,
    /// Bytes a second, if that is known.
    pub rate: Option<f64>,
    /// Bytes that came from it before, and are used.
    pub bytes: u64,
    /// Bytes that came from it before, in vain.
    pub wasted: u64,
}

impl Joining {
    /// One of which nothing is known yet.
    pub fn of(session: Session) -> Self {
        Self { session, rate: None, bytes: 0, wasted: 0 }
    }
}
