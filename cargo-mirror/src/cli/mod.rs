//! The command line: what can be asked for, and the help that teaches it. The only door to clap.
//!
//! A new command: a variant in `command`, with a file here for its arguments if it has any; then see `commands`.

mod run;
mod setup;
mod off;
mod output;
mod cache;
mod catalog;
mod ledger;
mod pin;
mod probe;
mod status;
mod verify;
mod command;
mod generated;
#[cfg(test)]
mod tests;

pub use cache::{Action, Cache, Prune, Verify};
pub use catalog::{Catalog, CatalogAction, Update};
pub use command::{Asked, Command, parse};
pub use generated::{completions, man};
pub use ledger::{Audit, Ledger, LedgerAction};
pub use off::Off;
pub use output::Output;
pub use pin::{PinFacts, Recheck};
pub use probe::{Probe, ProbeTool};
pub use run::Run;
pub use setup::{Scope, Setup, SetupCargo, SetupGit, SetupPip, SetupTool, UndoTool, Use};
pub use status::{Status, StatusTool};
pub use verify::VerifyLock;
