//! Requests for slices that are under way, and what is left of those that were broken off.

use std::{ops::Range, path::PathBuf, time::Duration};

use mirror_config::transport::http::Cancel;
use tempfile::NamedTempFile;

/// A request that is under way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) cancel: Cancel,
    /// When it was sent.
    pub(super) since: Duration,
    /// Bytes of the slice that came.
    pub(super) bytes: u64,
    /// Where they are.
    pub(super) file: Option<PathBuf>,
}

/// What came of a slice that was broken off.
#[derive(Debug)]
pub struct Rest {
    /// Its cuts.
    pub range: Range<usize>,
    /// The beginning of its pack.
    pub file: NamedTempFile,
}
