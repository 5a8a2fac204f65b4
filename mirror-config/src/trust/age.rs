//! How old the newest evidence is, and whether that is too old. Pure.
//!
//! A mirror that serves yesterday's refs for ever lies in no single word: every commit is real, and nothing goes back.
//! Only time gives it away (the freeze attack of The Update Framework, section 1.5.2).

use std::time::Duration;

use crate::{
    errors::{Failure, Kind},
    message::units,
    model::Repository,
};

/// The newest evidence on a repository, as moments in seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Newest {
    /// When the newest believed commit was made.
    pub committed: Option<u64>,
    /// When upstream itself was heard to say the same.
    pub heard: Option<u64>,
}

impl Newest {
    /// Its age, if anything is known.
    pub fn age(self, now: u64) -> Option<Duration> {
        self.moment().map(|then| Duration::from_secs(now.saturating_sub(then)))
    }

    /// Whichever of the two is older; what is not known is.
    pub fn or_older(self, other: Self) -> Self {
        if self.moment() <= other.moment() { self } else { other }
    }

    fn moment(self) -> Option<u64> {
        self.committed.max(self.heard)
    }

    /// The age in words.
    pub fn words(self, now: u64) -> String {
        let ago = |then: u64| units::age(Duration::from_secs(now.saturating_sub(then)));
        match self.moment() {
            None => "age unknown".to_owned(),
            Some(then) if self.committed == Some(then) => format!("newest commit {} old", ago(then)),
            Some(then) => format!("upstream last heard {} ago", ago(then)),
        }
    }
}

/// `git.max-age` and `git.strict`, as they are configured.
#[derive(Debug, Clone, Copy)]
pub struct Limit<'a> {
    /// How old the newest evidence may be.
    pub most: Duration,
    /// Who said so.
    pub origin: &'a str,
    /// Whether older evidence is refused, or warned of.
    pub strict: bool,
}

/// Holds the age of what is said in upstream's place against `git.max-age`. Returns what a person should be told.
///
/// # Errors
///
/// [`Kind::Expired`] with `git.strict`.
pub fn check(repository: &Repository, newest: Newest, now: u64, limit: Limit<'_>) -> Result<Option<String>, Failure> {
    let Limit { most, origin, strict } = limit;
    if newest.age(now).is_some_and(|age| age <= most) {
        return Ok(None);
    }
    let what = format!(
        "{repository}: upstream is away, and there is no newer evidence than {} (`git.max-age` is {}, {origin})",
        newest.words(now),
        units::age(most)
    );
    match strict {
        true => Err(Failure::new(Kind::Expired, what)
            .hint("try again when upstream can be reached, or accept older evidence: MIRROR_GIT__MAX_AGE='3650 days'")),
        false => Ok(Some(what)),
    }
}
