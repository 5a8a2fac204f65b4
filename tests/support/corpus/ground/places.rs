//! What every case stands on, whatever its tool: places with addresses, which tell the truth first and lie then.

use std::{path::PathBuf, time::Duration};

use crate::{
    corpus::{
        case::{Case, Fill},
        lies::Lies,
    },
    world::{Ended, Sandbox},
};

/// What a client is told of a source: its base address, and further keys for its entry in a configuration.
pub(crate) type Told<'a> = dyn Fn(&str) -> (String, String) + 'a;

/// The places of a case, and what its tool makes of them.
pub(crate) trait Ground {
    /// The base addresses of the servers: the upstream's first, then those of the mirrors.
    fn bases(&self) -> Vec<(&'static str, String)>;

    /// The address that a client is told, of a base.
    fn address(&self, base: &str) -> String;

    /// Has nobody listen there any more.
    fn stop(&mut self, name: &str);

    /// Has the time pass since the earlier run, and everybody lie and fail as the case says.
    ///
    /// # Errors
    ///
    /// When the case says what cannot be.
    fn spoil(&mut self, case: &Case, fill: &Fill) -> Result<(), String>;

    /// The suite's configuration.
    fn configuration(&self, case: &Case, place: &Told<'_>) -> String;

    /// The file of keys whose signatures count, where the user has one.
    fn signers(&self) -> Option<PathBuf>;

    /// Makes what the user has in the first place.
    ///
    /// # Errors
    ///
    /// When that does not work.
    fn prepare(&self, sandbox: &Sandbox, case: &Case) -> Result<(), String>;

    /// Where the user's result is.
    fn target(&self, sandbox: &Sandbox) -> PathBuf;

    /// Does what the user does, with the suite's own programs, or is killed when that takes too long.
    fn act(&self, sandbox: &Sandbox, action: &str, before: bool, within: Duration) -> Ended;

    /// Has what the earlier run does done without mirrors too, for comparison.
    fn beside(&self, before: bool);

    /// How many requests a place has heard.
    fn log(&self, name: &str) -> usize;

    /// All that a source says and has; a lie if it is not the truth's.
    fn said(&self, name: &str) -> Lies;

    /// Whether the user has what a source has.
    ///
    /// # Errors
    ///
    /// Says what is different.
    ///
    /// # Panics
    ///
    /// Likewise, where the support's own assertions look.
    fn compare(&self, sandbox: &Sandbox, source: &str, case: &Case) -> Result<(), String>;

    /// Whether all that the user has is true, be it older than the newest, or not all of it.
    ///
    /// # Errors
    ///
    /// Says what is not true.
    fn is_part_of_truth(&self, sandbox: &Sandbox, case: &Case) -> Result<(), String>;
}
