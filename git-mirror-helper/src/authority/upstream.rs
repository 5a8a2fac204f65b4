//! Upstream, opened: by our own client without credentials, and by git's own helper where that is not enough.

use std::time::{Duration, Instant};

use mirror_config::{errors::Fault, git::Session, model::Service, system::state, transport::http::Patience};

use super::{
    by_git, by_settings,
    shown::{Shown, Silence, Upstream},
};
use crate::{
    git::{Opened, UploadPack},
    run::Run,
};

/// How long upstream may take to begin its first answer where others could speak, normally and after it has failed lately.
pub(super) const PATIENCE: [Duration; 2] = [Duration::from_secs(6), Duration::from_millis(1500)];

/// Opens upstream. Where nobody else could speak, `alone`, it is waited for.
///
/// # Errors
///
/// Why it does not serve.
pub fn open(run: &Run, alone: bool) -> Result<Upstream, Silence> {
    let url = run.upstream.address.expose();
    match url.scheme() {
        "file" => {
            let no_path = |()| Silence::Refused(Fault::Transport("no path of this machine".to_owned()));
            let opened = UploadPack::file(&url.to_file_path().map_err(no_path)?);
            return opened.map(|child| Upstream::Child(Box::new(child), Shown::User)).map_err(Silence::Unreachable);
        }
        "https" | "http" => {}
        other => return Err(Silence::Refused(Fault::Transport(format!("upstreams over {other} are not served yet")))),
    }
    let failed_lately = run.select.health.record(&run.upstream.name, Service::Git).until > state::now();
    let longest = PATIENCE[usize::from(failed_lately)];
    let patience = Patience { head: if alone { Patience::LAST.head } else { longest }, ..Patience::LAST };
    if !run.settings.only_git.is_empty() {
        return by_settings::open(run, (!alone).then_some(longest));
    }
    let started = Instant::now();
    let fault = match Session::open(&run.select.http, &run.upstream, patience) {
        Ok(session) => {
            tell_redirect(run, &session);
            return Ok(Upstream::Public(Box::new(session)));
        }
        // git would follow, and nothing protects what comes then.
        Err(Fault::Redirect(to)) if url.scheme() == "https" && to.starts_with("http://") => {
            return Err(Silence::Unreachable(Fault::Redirect(to)));
        }
        Err(fault) => fault,
    };
    // git is not told of our configuration's proxy with a password (`Run::gits_helper`), and would go around it: not because of
    // what may be the proxy's own doing.
    let goes_around = run.select.proxies.by_ours(url).is_some_and(|route| route.has_credentials());
    if goes_around && !by_git::is_upstreams_own(&fault) {
        return Err(Silence::Unreachable(fault));
    }
    let hidden = matches!(fault, Fault::Missing | Fault::Status(401 | 403));
    let Some(how) = by_git::may_get_along(&fault, alone, longest.saturating_sub(started.elapsed())) else {
        return Err(Silence::Unreachable(fault));
    };
    tracing::debug!(%fault, ?how, "upstream by git's own helper");
    match by_git::open(run, how) {
        Ok(Opened::UploadPack(child)) => Ok(Upstream::Child(child, Shown::User)),
        Ok(Opened::Leads(child)) => Ok(Upstream::Older(child)),
        Err(why) if hidden => Err(Silence::Refused(why)),
        // What was wrong says more than git's end does.
        Err(_) => Err(Silence::Unreachable(fault)),
    }
}

/// git says where upstream has moved to, and programs look for it (`remote-curl.c`, `discover_refs`).
fn tell_redirect(run: &Run, upstream: &Session) {
    if let Some(place) = upstream.redirected_to().filter(|_| run.options.verbosity > 0) {
        let place = place.to_string();
        (run.gits_words)(format!("warning: redirecting to {}/\n", place.trim_end_matches('/')).as_bytes());
    }
}
