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

use crate::{
    git::{Request, UploadPack, said},
    run::Run,
};

/// How long everybody may wait for the first answer: whoever is there has just answered.
const HEAD: Duration = Duration::from_secs(6);

/// Why upstream does not serve.
pub(super) enum Silence {
    /// It was asked, and said no.
    Refused(Fault),
    /// It could not be asked.
    Unreachable(Fault),
}

/// Who is shown what upstream shows, as far as it is known before it has said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Everybody.
    All,
    /// Perhaps this user alone: it is still to be compared.
    Doubtful,
    /// This user alone.
    User,
}

/// Has git's own helper connect, with all that is the user's; within this time, if there is a limit.
pub(super) fn connect(run: &Run, credentials: Credentials, longest: Option<Duration>) -> Result<UploadPack, Fault> {
    let options: Vec<String> =
        run.options.lines.iter().filter(|line| line.starts_with("option family ")).cloned().collect();
    UploadPack::https(&mut run.gits_helper(credentials), &options, longest)
}

/// Opens upstream so, with nobody's credentials if that is enough; `None` when it speaks an older protocol than v2. Its first
/// answer is waited for so long, if there is a limit.
pub(super) fn open(run: &Run, longest: Option<Duration>) -> Result<Option<(UploadPack, Shown)>, Silence> {
    let (who, there_too) = (run.settings.say_who(), run.settings.lead_there_too(&run.upstream.address));
    match connect(run, Credentials::Nobodys, longest) {
        Ok(child) if !who => return Ok(Some((child, Shown::All))),
        Ok(child) => return Ok(Some((child, if there_too { Shown::Doubtful } else { Shown::User }))),
        Err(Fault::NotAMirror(_)) => return Ok(None),
        Err(Fault::Said(text)) => match said::out_of_reach(&text) {
            Some(fault) => return Err(Silence::Unreachable(fault)),
            None => tracing::debug!(text, "git's own helper, without credentials"),
        },
        Err(fault) => return Err(Silence::Unreachable(fault)),
    }
    match connect(run, Credentials::Users, None) {
        Ok(child) => Ok(Some((child, Shown::User))),
        Err(Fault::NotAMirror(_)) => Ok(None),
        Err(fault) => Err(Silence::Refused(fault)),
    }
}

/// Whether upstream shows everybody what it showed the user, who asked this.
pub(super) fn shown_to_all(run: &Run, request: &Request, refs: &[Ref]) -> bool {
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
