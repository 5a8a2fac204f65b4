//! Upstream by git's own helper, `git remote-https`: with all that is the user's, in whatever dialect, and with git's own
//! result. It is asked silently where our client does not get along with upstream; only what fails there too is away.

use std::time::Duration;

use mirror_config::{errors::Fault, git::program::Credentials};

use crate::{
    git::{Opened, RemoteHttps},
    run::Run,
};

/// How git's own helper is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// What it says is for later, and for nobody if it fails.
    pub silently: bool,
    /// Longest wait for upstream; none where git itself would wait, or a person may be asked for a password.
    pub longest: Option<Duration>,
}

impl How {
    /// As git would: aloud, and for as long as it takes.
    pub const ALOUD: Self = Self { silently: false, longest: None };
}

/// Opens upstream by git's own helper. All that goes by way of it is upstream's own, and no mirror hears of it.
///
/// # Errors
///
/// The [`Fault`] that kept it from connecting.
pub fn open(run: &Run, how: How) -> Result<Opened, Fault> {
    let opened = connect(run, Credentials::Users, how)?;
    let words = match &opened {
        Opened::UploadPack(child) => &child.words,
        Opened::Leads(child) => &child.words,
    };
    // It gets along with upstream, so that all it has said is what git would have said.
    words.iter().for_each(|words| words.tell(run.gits_words));
    Ok(opened)
}

/// Has git's own helper connect, with the options that it does not hear again.
///
/// # Errors
///
/// As [`RemoteHttps::connect`].
pub fn connect(run: &Run, credentials: Credentials, how: How) -> Result<Opened, Fault> {
    let options: Vec<String> =
        run.options.lines.iter().filter(|line| line.starts_with("option family ")).cloned().collect();
    RemoteHttps::start(run.gits_helper(credentials), how.silently)?.connect(&options, how.longest)
}

/// Whether git's own helper may get along with an upstream that did this to our client, and how it is to be asked. `alone`:
/// nobody else could speak for upstream. `longest` is how long it may take where somebody could.
///
/// Who answered, in whatever way, is there: a dialect, plain files, a sign-in page that some setting of the user's passes, a
/// redirect that git follows; and the proxy may be another one for git. Who did not answer would not answer git either, and git
/// waits for minutes where we do not: that is away. So is a server that has broken down (500 and the like), or asks to wait,
/// unless nobody else is left.
pub fn may_get_along(fault: &Fault, alone: bool, longest: Duration) -> Option<How> {
    let silently = How { silently: true, longest: (!alone).then_some(longest) };
    match fault {
        // What upstream does not show to everybody: a person may be asked for a password, and hears why.
        Fault::Missing | Fault::Status(401 | 403) => Some(How::ALOUD),
        Fault::Status(500 | 502..=504 | 507..) | Fault::Busy(_) => alone.then_some(silently),
        Fault::Proxy(_) => Some(silently),
        Fault::Dialect(_)
        | Fault::NotAMirror(_)
        | Fault::Said(_)
        | Fault::Redirect(_)
        | Fault::Tls(_)
        | Fault::Cut
        | Fault::TooLarge
        | Fault::Corrupt(_)
        | Fault::Shallow
        | Fault::Status(_) => Some(if alone { How::ALOUD } else { silently }),
        Fault::Dns
        | Fault::Refused
        | Fault::Timeout
        | Fault::Stalled
        | Fault::Slow
        | Fault::Crawls(_)
        | Fault::Transport(_)
        | Fault::Canceled
        | Fault::Local(_) => None,
    }
}

/// Whether it was upstream that did this, and no proxy before it: it spoke as git servers do, or as one that asks who is there.
pub fn is_upstreams_own(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Missing
            | Fault::Status(401 | 403)
            | Fault::Dialect(_)
            | Fault::Said(_)
            | Fault::Redirect(_)
            | Fault::Tls(_)
    )
}

#[cfg(test)]
mod tests {
    use super::{How, may_get_along};
    use mirror_config::errors::Fault;
    use std::time::Duration;

    #[test]
    fn who_answers_is_there_and_who_does_not_is_away() {
        let longest = Duration::from_secs(6);
        let silent = |longest| Some(How { silently: true, longest });
        let what = || "x".to_owned();
        for (fault, beside_others, alone) in [
            (Fault::Missing, Some(How::ALOUD), Some(How::ALOUD)),
            (Fault::Status(401), Some(How::ALOUD), Some(How::ALOUD)),
            (Fault::Dialect(what()), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::NotAMirror(what()), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Redirect(what()), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Tls(what()), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Cut, silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Status(400), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Status(501), silent(Some(longest)), Some(How::ALOUD)),
            (Fault::Status(500), None, silent(None)),
            (Fault::Status(503), None, silent(None)),
            (Fault::Status(522), None, silent(None)),
            (Fault::Busy(longest), None, silent(None)),
            (Fault::Proxy(what()), silent(Some(longest)), silent(None)),
            (Fault::Refused, None, None),
            (Fault::Dns, None, None),
            (Fault::Timeout, None, None),
            (Fault::Stalled, None, None),
            (Fault::Local(what()), None, None),
        ] {
            let how = [false, true].map(|alone| may_get_along(&fault, alone, longest));
            assert_eq!(how, [beside_others, alone], "{fault:?}");
        }
    }
}
