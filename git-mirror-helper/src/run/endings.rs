//! How a run ends without an answer: upstream says no, nobody can serve, or what was fixed could not be held.

use std::time::Duration;

use mirror_config::{
    errors::{Failure, Fault, Kind},
    message::{span, spelled},
    trust::Trust,
};

use super::facts::Run;

/// What to do about a line that is as slow as that.
const WAIT: &str =
    "try again: what has arrived is kept; to wait however slow it is: MIRROR_NET__LOW_SPEED_TIME=0 git …";

impl Run {
    /// Upstream spoke, and said no; that is noted.
    pub fn refused(&self, fault: &Fault) -> Failure {
        self.failed(&self.upstream, 0, Duration::ZERO, fault.clone());
        self.upstream_failed(fault)
    }

    /// Nobody is left; each with its reason.
    pub fn exhausted(&self) -> Failure {
        let report = self.journal.report();
        if let [source] = report.sources.as_slice()
            && let Some(fault) = &source.why
            && source.name == self.upstream.name
        {
            return self.upstream_failed(fault);
        }
        let crawls = report.sources.iter().any(|source| matches!(source.why, Some(Fault::Crawls(_))));
        let (kind, what) = match crawls {
            true => {
                let net = &self.select.config.net;
                let (limit, time) = (spelled(net.low_speed_limit.value), span(net.low_speed_time.value));
                (Kind::Slow, format!("less than {limit} a second came for {time}, from all who were asked"))
            }
            false => (Kind::Exhausted, "nobody could serve it".to_owned()),
        };
        let mut lines = vec![format!("{}: {what}", self.repository)];
        lines.extend(report.faults().into_iter().map(|line| format!("  {line}")));
        Failure::new(kind, lines.join("\n")).hint(match crawls {
            true => WAIT,
            false => "try again: what has arrived is kept; `cargo mirror probe git` shows who can be reached from here",
        })
    }

    /// A fault of this machine's disk.
    pub fn local(&self, fault: &Fault) -> Failure {
        Failure::new(Kind::Io, format!("{}: {fault}", self.repository))
    }

    /// Refuses a conversation which only upstream leads and nobody looks into, where the project has fixed what is delivered or
    /// asks for signatures: `what` comes by it, and `hint` is what to do instead.
    ///
    /// # Errors
    ///
    /// [`Kind::Unpinned`], [`Kind::Signature`].
    pub fn refuse_unseen(&self, what: &str, hint: &str) -> Result<(), Failure> {
        let refused = |kind: Kind, why: &str| Err(Failure::new(kind, format!("{}: {why}", self.repository)).hint(hint));
        if self.pinned.is_some() || self.select.config.git.trust.value >= Trust::Pinned {
            return refused(Kind::Unpinned, &format!("{what} cannot be held to a pin"));
        }
        if self.signers().is_some() {
            return refused(Kind::Signature, &format!("signatures are asked for, and cannot be checked on {what}"));
        }
        Ok(())
    }

    fn upstream_failed(&self, fault: &Fault) -> Failure {
        let what = format!("{}: upstream {} {fault}", self.repository, self.upstream.address);
        match fault {
            Fault::Crawls(_) => {
                let time = span(self.select.config.net.low_speed_time.value);
                Failure::new(fault.kind(), format!("{what} for {time}")).hint(WAIT)
            }
            _ => Failure::new(fault.kind(), what).hint("try again; what has landed so far is kept"),
        }
    }
}
