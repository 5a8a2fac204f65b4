//! What happened: events, the journal that hears them, and who listens: a line of `MIRROR_REPORT`, what is remembered of
//! sources, what is told later. Diagnostics under `MIRROR_LOG` are apart.
//!
//! A new listener: a file here that makes something of an `Event` (what a person reads: in the program's `terminal/`). Who
//! makes a journal hands it to `Journal::listen`: the helper's `conversation::session`, cargo-mirror's `commands`, pip-shim's
//! `run::as_pip`. A new kind of event: see `event`.

pub mod log;
pub mod event;
pub mod line;
mod measured;
pub mod journal;
pub mod later;

pub use event::{Event, Look, Share, Snapshot, went_on};
pub use journal::{Journal, Listener, Receiving};
pub use later::Later;
pub use line::{Evidence, Report};
pub use log::start_log;
