//! All that is shown: tables, JSON, lines. One file for each subject.

pub(crate) mod progress;
pub(crate) mod units;
pub(crate) mod print;
pub(crate) mod cache;
pub(crate) mod cargo;
pub(crate) mod catalog;
pub(crate) mod mirrors;
pub(crate) mod pip;
pub(crate) mod probe;
pub(crate) mod trust;
pub(crate) mod verify;
pub(crate) mod setting;
pub(crate) mod git;
pub(crate) mod statuses;

pub use cache::{CacheReport, StoreRow, cache};
pub use cargo::{CargoFile, CargoStatus, CargoValue, Finding, Severity, cargo_status, findings};
pub use catalog::{CatalogReport, UpdateReport, catalog, list_update};
pub use git::{GitStatus, GitValue, git_status};
pub use mirrors::MirrorRow;
pub use pip::{PipEdit, PipFile, PipInstall, PipLink, PipStatus, PipValue, pip_status};
pub use print::{diff, line, print, print_error, warn};
pub use probe::{Announced, GitRow, IndexRow, ProbeReport, TlsRow, git_rows, index_rows, probe, tls_rows};
pub use progress::Progress;
pub use setting::SettingRow;
pub use statuses::statuses;
pub use trust::{AuditReport, AuditRow, Difference, LedgerRow, RecheckReport, audit, ledger, recheck};
pub use units::{amount, rate, size};
pub use verify::{Check, DependencyRow, VerifyReport, verify};
