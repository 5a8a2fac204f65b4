//! What is kept between clones, as a table and as JSON.

use std::time::Duration;

use mirror_config::{errors::Failure, message::age};
use serde::Serialize;

use super::{
    print::{clean, print, print_json, shown, table},
    units::{amount, size},
};

/// What `cache` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheReport {
    /// The folder with all of it.
    pub path: String,
    /// What all may have together, in bytes.
    pub limit: u64,
    /// What all have together, in bytes.
    pub total: u64,
    /// Files of crates and packages, which have the same limit for themselves.
    pub files: usize,
    /// What they have together, in bytes.
    pub file_bytes: u64,
    /// One for each repository, the least recently used first.
    pub stores: Vec<StoreRow>,
}

/// What is kept of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreRow {
    /// The repository with its upstream; absent when a killed clone had no time to say.
    pub repository: Option<String>,
    /// Its folder.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many packs it has.
    pub packs: usize,
    /// When it was last used, in seconds since 1970.
    pub last_used: u64,
    /// Whether a process is using it.
    pub in_use: bool,
}

/// Shows what is kept; `now` is in seconds since 1970.
///
/// # Errors
///
/// As [`print()`].
pub fn cache(report: &CacheReport, now: u64, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    let mut table = table(["repository", "size", "packs", "last used", "in use"]);
    for row in &report.stores {
        let used = format!("{} ago", age(Duration::from_secs(now.saturating_sub(row.last_used))));
        let in_use = if row.in_use { "yes" } else { "" };
        let repository = row.repository.as_deref().unwrap_or("unknown");
        table.add_row([repository, &amount(row.bytes), &row.packs.to_string(), &used, in_use].map(clean));
    }
    let sum = format!("{} of {} in {}", amount(report.total), size(report.limit), report.path);
    let stores = if report.stores.is_empty() { "nothing is kept".to_owned() } else { shown(&table) };
    let files = match report.files {
        0 => String::new(),
        files => format!("\n{files} files of crates and packages, {}", amount(report.file_bytes)),
    };
    print(&format!("{stores}\n\n{}{files}", clean(&sum)))
}
