//! A source that is to take part in a transfer.

use std::time::Duration;

use mirror_config::{git::Session, model::Service, report::Share};

/// A source that is to take part.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The source, which has answered.
    pub session: Session,
    /// Bytes a second, if that is known.
    pub rate: Option<f64>,
    /// Bytes that came from it before, and are used.
    pub bytes: u64,
    /// Bytes that came from it before, in vain.
    pub wasted: u64,
}

impl Joining {
    /// One of which nothing is known yet.
    pub fn of(session: Session) -> Self {
        Self { session, rate: None, bytes: 0, wasted: 0 }
    }
}

/// What a source that refused a cut in the middle has been found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is being asked whether it has all; it gets no other slice meanwhile, which it might refuse as well.
    BeingAsked,
    /// It has all and gives only what it advertises.
    TipsOnly,
    /// It has not got all.
    Incomplete,
}

/// What one source did; times are since the transfer began.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) share: Share,
    pub(super) began: Option<Duration>,
    pub(super) ended: Duration,
    /// What it turned out to be when it refused a cut in the middle.
    pub(super) judged: Option<Judged>,
}

impl Tally {
    pub(super) fn of(joining: &Joining) -> Self {
        let source = &joining.session.source;
        let share = Share { bytes: joining.bytes, wasted: joining.wasted, ..Share::of(source, Service::Git) };
        Self { share, began: None, ended: Duration::ZERO, judged: None }
    }

    /// All of it; nothing of who was never asked for anything.
    pub(super) fn sum(&self) -> Option<Share> {
        let took_part = self.began.is_some() || self.share.bytes + self.share.wasted > 0;
        let time = self.ended.saturating_sub(self.began.unwrap_or(self.ended));
        took_part.then(|| Share { time, ..self.share.clone() })
    }
}
