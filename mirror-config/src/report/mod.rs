//! What happened, for programs: a line of `MIRROR_REPORT`, and diagnostics under `MIRROR_LOG`.

pub mod line;
pub mod log;

pub use line::{Evidence, Report, Source};
pub use log::start_log;
