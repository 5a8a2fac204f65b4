//! One file for each command: reads the configuration, calls what does the work, hands the result to `report`.
//!
//! A new command: its name and arguments in `cli`, a file here, a line of `dispatch`; what it shows, a file of `report`.
//! `named` and `mend` are no commands: what several of them are told by name, and what the next one puts right.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod list;
pub(crate) mod named;
pub(crate) mod mend;
pub(crate) mod cache;
pub(crate) mod ledger;
pub(crate) mod pin;
pub(crate) mod probe;
pub(crate) mod recheck;
pub(crate) mod run;
pub(crate) mod setup;
pub(crate) mod doctor;
pub(crate) mod off;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod dispatch;

pub(crate) use dispatch::dispatch;
