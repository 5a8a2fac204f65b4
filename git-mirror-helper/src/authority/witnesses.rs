//! Mirrors that speak in upstream's place: who answers, what they say, and what is believed of it.
//!
//! Weighing is `trust`'s business, and pure; here are the questions that it needs answered.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{Advertisement, Session},
    model::Ref,
    select::Lineup,
    transport::http::{Patience, limits},
    trust::{self, Agreement, Claim, Evidence, Testimony, Trust, agreement, quorum},
};

use super::word::Word;
use crate::{git::Request, objects::proof::Proofs, run::Run};

/// Mirrors asked when they must speak for upstream.
const MOST_VOICES: usize = 12;
/// How long the others may still take once two have answered.
const GRACE: Duration = Duration::from_secs(1);
/// Claims that a warning names.
const NAMED: usize = 3;
/// The ref that stands for the main branch.
const HEAD: &str = "HEAD";

/// Those that answer.
#[derive(Debug)]
pub struct Witnesses<'r> {
    run: &'r Run,
    /// Their sessions, all with one object format.
    pub opened: Vec<Session>,
    /// What they can do together, as git is to hear it.
    pub advertisement: Advertisement,
    /// Some of the others were no more than late.
    pub late: bool,
}

impl<'r> Witnesses<'r> {
    /// Opens every mirror that may speak, at once.
    pub fn that_answer(run: &'r Run) -> Self {
        Self::that_answer_within(run, None)
    }

    /// The same where nobody has answered so far, nor can: they have all the time there is.
    pub fn at_last(run: &'r Run) -> Self {
        Self::that_answer_within(run, Some(Patience::LAST))
    }

    fn that_answer_within(run: &'r Run, longest: Option<Patience>) -> Self {
        let mut candidates = run.select.git(&run.repository, run.is_private(), 0);
        candidates.truncate(MOST_VOICES);
        let (width, http, started) = (candidates.len(), run.select.http.clone(), Instant::now());
        let patience = longest.unwrap_or_else(|| patience(width));
        let mut lineup = Lineup::start(candidates, width, move |source| Session::open(&http, source, patience));
        let mut opened: Vec<Session> = Vec::new();
        let mut until: Option<Instant> = None;
        while until.is_none_or(|until| Instant::now() < until) {
            let longest = until.map_or(Duration::MAX, |until| until - Instant::now());
            let Some((_, session)) = lineup.next_ready_within(longest) else { break };
            run.answered(&session);
            opened.push(session);
            if quorum::possible(opened.len()) && until.is_none() {
                until = Some(Instant::now() + GRACE);
            }
        }
        let mut late = false;
        for (source, fault) in lineup.take_failed() {
            late |= matches!(fault, Fault::Timeout | Fault::Stalled);
            run.failed(&Arc::new(source), 0, started.elapsed(), fault);
        }
        // One object format for all: that of the most.
        let votes = |format: &str| opened.iter().filter(|o| o.advertisement.object_format() == format).count();
        let format = if votes("sha256") > votes("sha1") { "sha256" } else { "sha1" };
        let mut witnesses = Self { run, advertisement: Advertisement::of_store(format), opened, late };
        witnesses.keep_only(format);
        witnesses
    }

    /// Only those with this object format.
    pub fn keep_only(&mut self, object_format: &str) {
        self.opened.retain(|o| o.advertisement.object_format() == object_format);
        self.advertisement = Advertisement::of_mirrors(self.opened.iter().map(|o| &o.advertisement));
    }

    /// How long each of them is waited for.
    pub fn patience(&self) -> Patience {
        patience(self.opened.len())
    }

    /// Asks those mirrors for refs and weighs what they say, what was seen before being evidence too; also how old it is.
    ///
    /// # Errors
    ///
    /// [`Kind::Quorum`] when too few agree, [`Kind::Rollback`] when what they say goes back behind what was seen,
    /// [`Kind::Expired`] when it is too old; [`Kind::Exhausted`] when none of them says anything.
    pub fn agree(&self, request: &Request) -> Result<(Agreement, Word), Failure> {
        let run = self.run;
        let testimonies = self.testimonies(&request.prefixes())?;
        let mut proofs = Proofs::new(&run.env, &run.repository, self.opened.iter().collect());
        let (page, least) = (run.ledger.page(), run.select.config.git.trust.value);
        let contradictions = trust::contradictions(&testimonies, &mut |new, old| proofs.descends(new, old));
        if !contradictions.is_empty() {
            self.keep(contradictions);
        }
        let agreement =
            agreement::weigh(&run.repository, &testimonies, page, least, &mut |new, old| proofs.descends(new, old))?;
        self.tell_what_is_left_out(&agreement);
        if agreement.verdict == Trust::Seen {
            self.check_what_is_missing(&agreement, request)?;
        }
        let tip = agreement.refs.iter().find(|found| found.name == HEAD || found.name.starts_with("refs/heads/"));
        let committed = tip.and_then(|tip| proofs.committed(tip.oid.as_ref()?));
        let word = Word::of_mirrors(page, &agreement, committed);
        if agreement.verdict < Trust::Upstream {
            page.check(&run.repository, &agreement.refs, &mut |new, old| proofs.descends(new, old))?;
            if agreement.refs.iter().any(|found| found.oid.is_some()) {
                word.check_age(run)?;
            }
        }
        word.note(run, &agreement.refs);
        Ok((agreement, word))
    }

    /// What mirrors say beyond what is believed.
    fn tell_what_is_left_out(&self, agreement: &Agreement) {
        if !agreement.unattested.is_empty() {
            let what = format!("left out, since too few attest it: {}", listed(&agreement.unattested));
            let alone = agreement.verdict == Trust::Seen && !quorum::possible(agreement.voices.len());
            let way = if alone { "; to take one mirror's word: MIRROR_GIT__TRUST=tofu" } else { "" };
            self.run.journal.warn(format!("{what}{way}"));
        }
    }

    /// Where refs are believed since they were seen: those that nobody names any more are told, for upstream may have taken
    /// them away, or mirrors hide them. What is left has to be enough to rest on: the main branch, and all that can be seen.
    fn check_what_is_missing(&self, agreement: &Agreement, request: &Request) -> Result<(), Failure> {
        let (run, who) = (self.run, agreement.voices.join(", "));
        let refused = |what: &str| {
            Err(Failure::new(Kind::Quorum, format!("{}: upstream cannot be reached, and {what}", run.repository))
                .hint("try again later, or accept one mirror's word with `MIRROR_GIT__TRUST=tofu`"))
        };
        let said = agreement.unattested.iter().map(|claim| &claim.about);
        let named: BTreeSet<&String> = agreement.refs.iter().map(|found| &found.name).chain(said).collect();
        // Of others than branches and tags nothing is remembered.
        if request.asks_beyond_branches_and_tags() && !quorum::possible(agreement.voices.len()) {
            return refused(&format!("only {who} speaks for refs that are neither branches nor tags"));
        }
        let gone = run.ledger.page().recalled(|name| request.asks_for(name) && !named.contains(&name.to_owned()));
        let names: Vec<&str> = gone.iter().map(|found| found.name.as_str()).collect();
        if names.contains(&HEAD) {
            return refused(&format!("{who} lacks the main branch"));
        }
        if !names.is_empty() {
            let shown = &names[..names.len().min(NAMED)];
            run.journal.warn(format!("left out, since nobody has it any more: {}", and_more(shown, names.len())));
        }
        Ok(())
    }

    /// What each of them says.
    fn testimonies(&self, prefixes: &[&[u8]]) -> Result<Vec<Testimony>, Failure> {
        // All their lists are in memory at once, and weighing them takes as much again.
        let limit = limits::REFS / 2 / self.opened.len().max(1) as u64;
        let answers: Vec<Result<Vec<Ref>, Fault>> = std::thread::scope(|scope| {
            let ask = |o: &'_ Session| o.refs_within(limit, prefixes, self.patience());
            let asked: Vec<_> = self.opened.iter().map(|o| scope.spawn(move || ask(o))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap_or(Err(Fault::Cut))).collect()
        });
        if answers.iter().all(|answer| *answer == Err(Fault::TooLarge)) {
            let what = format!("{}: mirrors list more refs than can be held against each other", self.run.repository);
            return Err(Failure::new(Kind::Limit, what).hint(
                "try again when upstream can be reached, or fetch some refs by name: `git fetch mirror::… main`",
            ));
        }
        let mut testimonies = Vec::new();
        for (o, answer) in self.opened.iter().zip(answers) {
            match answer {
                Ok(refs) => {
                    let head = refs.iter().find(|found| found.name == "HEAD").and_then(|head| head.oid.as_ref());
                    let said = head.map_or_else(|| format!("{} refs", refs.len()), |oid| format!("HEAD is {oid}"));
                    self.run.journal.said(&o.source.operator, said);
                    testimonies.push(Testimony { who: o.source.speaker(), refs });
                }
                Err(fault) => self.run.failed(&o.source, 0, Duration::ZERO, fault),
            }
        }
        Ok(testimonies)
    }

    /// Keeps what contradicts itself, for others to check, and says where.
    fn keep(&self, claims: Vec<Claim>) {
        let what = format!("{}: mirrors contradict each other: {}", self.run.repository, listed(&claims));
        let evidence =
            Evidence::new("git", &self.run.repository.to_string(), &self.run.upstream.address.to_string(), claims);
        self.run.journal.warn(evidence.kept(self.run.env.state_dir().as_deref(), &what));
    }
}

/// How long each of so many is waited for: one alone has nobody beside it.
fn patience(count: usize) -> Patience {
    if count == 1 { Patience::LAST } else { Patience::REPLACEABLE }
}

fn listed(claims: &[Claim]) -> String {
    let shown =
        claims.iter().take(NAMED).map(|claim| format!("{} at {} ({})", claim.about, claim.said, claim.operator));
    and_more(&shown.collect::<Vec<_>>(), claims.len())
}

fn and_more<S: AsRef<str>>(shown: &[S], all: usize) -> String {
    let text = shown.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    match all.saturating_sub(shown.len()) {
        0 => text,
        more => format!("{text}, and {more} more"),
    }
}
