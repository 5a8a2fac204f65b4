//! Upstream by git's own helper, in our client's place, where git's configuration has something for it that our client does
//! not have; and whether mirrors may hear of what it says there.
//!
//! It is asked as nobody first: what it shows then is shown to everybody who comes that way. Where the user's settings say
//! who comes, in a header, a cookie or a certificate, everybody is whom our own client is: shown the same, it is public.

use std::{collections::BTreeSet, time::Duration};

use mirror_config::{
    errors::Fault,
    git::{Session, program::Credentials, read_refs},
    model::Ref,
    transport::http::Patience,
};

use super::{
    by_git::{self, How},
    shown::{Shown, Silence, Upstream},
};
use crate::{
    git::{Opened, Request, said},
    run::Run,
};

/// How long everybody may wait for the first answer: whoever is there has just answered.
const HEAD: Duration = Duration::from_secs(6);

/// Opens upstream so, with nobody's credentials if that is enough. Its first answer is waited for so long, if there is a limit.
///
/// # Errors
///
/// Why it does not serve.
pub fn open(run: &Run, longest: Option<Duration>) -> Result<Upstream, Silence> {
    let shown = match (run.settings.say_who(), run.settings.lead_there_too(&run.upstream.address)) {
        (false, _) => Shown::All,
        (true, true) => Shown::Doubtful,
        (true, false) => Shown::User,
    };
    match by_git::connect(run, Credentials::Nobodys, How { silently: true, longest }) {
        Ok(Opened::UploadPack(child)) => {
            child.words.iter().for_each(|words| words.tell(run.gits_words));
            return Ok(Upstream::Child(child, shown));
        }
        // It is not to lead as nobody.
        Ok(Opened::Leads(_)) => {}
        Err(Fault::Said(text)) => match said::out_of_reach(&text) {
            Some(fault) => return Err(Silence::Unreachable(fault)),
            None => tracing::debug!(text, "git's own helper, without credentials"),
        },
        Err(fault) => return Err(Silence::Unreachable(fault)),
    }
    match by_git::open(run, How::ALOUD) {
        Ok(Opened::UploadPack(child)) => Ok(Upstream::Child(child, Shown::User)),
        Ok(Opened::Leads(child)) => Ok(Upstream::Older(child)),
        Err(fault) => Err(Silence::Refused(fault)),
    }
}

/// Whether upstream shows everybody what it showed the user, who asked this.
pub fn shown_to_all(run: &Run, request: &Request, refs: &[Ref]) -> bool {
    let patience = Patience { head: HEAD, ..Patience::LAST };
    let asked = Session::open(&run.select.http, &run.upstream, patience);
    match asked.and_then(|session| session.command(request.to_bytes(), patience)).and_then(read_refs) {
        Ok(shown) => {
            let shown: BTreeSet<Ref> = shown.into_iter().collect();
            refs.iter().all(|found| shown.contains(found))
        }
        Err(fault) => {
            tracing::debug!(%fault, "upstream, as everybody");
            false
        }
    }
}
