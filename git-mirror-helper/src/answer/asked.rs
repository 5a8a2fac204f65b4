//! One fetch of git's while it is answered: what it asks, who may be asked in turn, where the answer goes.

use std::io::Write;

use mirror_config::model::Ref;

use crate::{authority::Authority, git::Request, objects::placing::Leftover, transfer::Mirrors};

/// A fetch that is being answered.
pub struct Answer<'a, 'r> {
    /// Who says what the refs are, and the run.
    pub authority: &'a mut Authority<'r>,
    /// Who carries.
    pub mirrors: &'a mut Mirrors<'r>,
    /// The refs as git has heard them.
    pub refs: &'a [Ref],
    /// What git asks for.
    pub request: &'a Request,
    /// git.
    pub out: &'a mut dyn Write,
    /// What git makes of the answer that is to go once git has closed its side.
    pub leftovers: &'a mut Vec<Leftover>,
}
