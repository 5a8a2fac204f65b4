//! The word that counts in upstream's place: how strong it is, how old, and what a person and the report are told of it.

use std::time::Duration;

use mirror_config::{
    errors::Failure,
    message::age,
    model::{Oid, Ref, Repository},
    system::state,
    trust::{self, Agreement, Newest, Page, SeenAt, Trust},
};

use crate::run::Run;

/// Who speaks in reports by what was seen before, and by what is kept of it.
const LEDGER: &str = "ledger";
const STORE: &str = "store";

/// A word in upstream's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// How strong it is.
    pub verdict: Trust,
    /// How new it is.
    newest: Newest,
    /// Who speaks.
    voices: Vec<String>,
    /// What of it was seen before, if any of it was.
    recalled: Option<Seen>,
}

/// Refs that are believed since they were seen before.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    /// When.
    when: SeenAt,
    /// How many, if they are not all.
    some: Option<usize>,
    /// Who attests them now; nobody where all that they mean is here.
    by: Vec<String>,
}

impl Word {
    /// That of mirrors, the newest commit having been made then.
    pub fn of_mirrors(page: &Page, agreement: &Agreement, committed: Option<u64>) -> Self {
        let Agreement { verdict, refs, recalled, voices, .. } = agreement;
        let theirs = Newest { committed, heard: page.heard_upstream(refs) };
        // A quorum may say which branch `HEAD` stands for, though nobody had before.
        let names = recalled.names.iter().map(String::as_str).filter(|name| page.evidence(name).is_some());
        let seen = page.seen_at(names).map(|when| {
            let some = (recalled.names.len() < refs.len()).then_some(recalled.names.len());
            Seen { when, some, by: recalled.by.iter().cloned().collect() }
        });
        let newest = match &seen {
            None => theirs,
            Some(Seen { when, some: None, .. }) => when.newest(committed),
            Some(Seen { when, .. }) => when.newest(committed).or_older(theirs),
        };
        Self { verdict: *verdict, newest, voices: voices.clone(), recalled: seen }
    }

    /// That of the store, for what was seen then.
    pub fn of_store(when: SeenAt, committed: Option<u64>) -> Self {
        let recalled = Some(Seen { when, some: None, by: Vec::new() });
        Self { verdict: Trust::Seen, newest: when.newest(committed), voices: Vec::new(), recalled }
    }

    /// Holds its age against `git.max-age`, and says what a person should know of it.
    ///
    /// # Errors
    ///
    /// [`mirror_config::errors::Kind::Expired`] with `git.strict`.
    pub fn check_age(&self, run: &Run) -> Result<(), Failure> {
        let too_old = trust::age::check(&run.repository, self.newest, state::now(), run.select.config.age_limit())?;
        too_old.into_iter().for_each(|what| run.journal.warn(what));
        Ok(())
    }

    /// Has the journal know what was seen of these refs before, and who attests it.
    pub fn note(&self, run: &Run, refs: &[Ref]) {
        let Some(Seen { when, some, by }) = &self.recalled else { return };
        let what = match head(refs).filter(|_| some.is_none()) {
            Some(oid) => format!("HEAD is {oid}"),
            None => format!("{} refs", some.unwrap_or(refs.len())),
        };
        let whose = if when.heard == Some(when.at) { Trust::Upstream } else { Trust::Quorum };
        let attested = if by.is_empty() { String::new() } else { format!("; attested by {}", by.join(", ")) };
        run.journal.said(LEDGER, format!("{what} as of {}, by {whose}{attested}", state::day(when.at)));
        if by.is_empty() {
            run.journal.said(STORE, "has all of it");
        }
    }

    /// Whose word it is, and how old, in a sentence.
    pub fn sentence(&self, repository: &Repository, now: u64) -> String {
        let by =
            |verdict: &str| format!("refs by {verdict} of {} ({})", self.voices.join(", "), self.newest.words(now));
        let Some(Seen { when, some, by: attesting }) = &self.recalled else {
            return match self.verdict {
                Trust::Upstream => by("trusted mirror"),
                verdict => by(&verdict.to_string()),
            };
        };
        let ago = format!("as of {} ago", age(Duration::from_secs(now.saturating_sub(when.at))));
        let how = if attesting.is_empty() {
            "all of it is here".to_owned()
        } else {
            format!("attested by {}", attesting.join(", "))
        };
        match some {
            None => format!("{repository} {ago} ({}, {how})", Trust::Seen),
            Some(count) => {
                format!("{}; {count} of them {ago} ({}, {how})", by(&Trust::Quorum.to_string()), Trust::Seen)
            }
        }
    }
}

/// What `HEAD` is at.
fn head(refs: &[Ref]) -> Option<&Oid> {
    refs.iter().find(|found| found.name == "HEAD")?.oid.as_ref()
}

#[cfg(test)]
mod tests {
    use super::{Seen, Word};
    use mirror_config::{
        model::Repository,
        trust::{Newest, SeenAt, Trust},
    };

    const DAY: u64 = 86_400;

    #[test]
    fn a_sentence_says_whose_word_it_is_and_how_old() {
        let repository = Repository { upstream: "github".into(), repo: "acme/widget".parse().expect("a name") };
        let when = SeenAt { at: 98 * DAY, heard: Some(97 * DAY) };
        let newest = Newest { committed: Some(95 * DAY), heard: None };
        let seen = |some, by: &[&str]| Some(Seen { when, some, by: by.iter().map(ToString::to_string).collect() });
        for (verdict, voices, recalled, expected) in [
            (Trust::Quorum, &["a", "b"][..], None, "refs by quorum of a, b (newest commit 5 days old)"),
            (Trust::Tofu, &["a"], None, "refs by tofu of a (newest commit 5 days old)"),
            (Trust::Upstream, &["own"], None, "refs by trusted mirror of own (newest commit 5 days old)"),
            (Trust::Seen, &["a"], seen(None, &["a"]), "github:acme/widget as of 2 days ago (seen, attested by a)"),
            (Trust::Seen, &[], seen(None, &[]), "github:acme/widget as of 2 days ago (seen, all of it is here)"),
            (
                Trust::Seen,
                &["a", "b"],
                seen(Some(3), &["a"]),
                "refs by quorum of a, b (newest commit 5 days old); 3 of them as of 2 days ago (seen, attested by a)",
            ),
        ] {
            let voices = voices.iter().map(ToString::to_string).collect();
            let word = Word { verdict, newest, voices, recalled };
            assert_eq!(word.sentence(&repository, 100 * DAY), expected);
        }
    }
}
