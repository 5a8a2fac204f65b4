//! Mirrors that speak in upstream's place: who answers, what they say, and what is believed of it.
//!
//! Weighing is `trust`'s business, and pure; here are the questions that it needs answered.

use std::time::{Duration, Instant};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{REFS_LIMIT, Session},
    model::{Ref, is_loopback},
    select::{Candidate, Lineup},
    system::state,
    transport::http::Patience,
    trust::{self, Agreement, Claim, Evidence, Newest, Testimony, Trust, age, agreement},
};

use crate::{objects::proof::Proofs, run::Context, terminal::warn};

/// Mirrors asked when they must speak for upstream.
const MOST_VOICES: usize = 12;
/// How long the others may still take once two have answered.
const GRACE: Duration = Duration::from_secs(1);
/// Claims that a warning names.
const NAMED: usize = 3;

/// A mirror that has answered its first request.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The mirror.
    pub candidate: Candidate,
    /// The connection.
    pub session: Session,
}

impl Opened {
    /// Writes it down, and says aloud when nothing protects the connection.
    pub fn new(context: &mut Context, candidate: Candidate, session: Session) -> Self {
        let mirror = &candidate.carrier.mirror;
        let url = candidate.carrier.address.expose();
        if url.scheme() == "http" && !is_loopback(url) {
            warn(&format!("{} is reached without TLS, as `insecure = true` allows: {}", mirror.name, mirror.origin));
        }
        context.diary.opened(&mirror.name, &session);
        Self { candidate, session }
    }
}

/// Opens every mirror that may speak, at once.
pub fn that_answer(context: &mut Context) -> Vec<Opened> {
    let mut candidates = context.select.git(&context.repository, context.ledger.is_private(), 0);
    candidates.truncate(MOST_VOICES);
    let width = candidates.len();
    let select = context.select.clone();
    let started = Instant::now();
    let mut lineup = Lineup::start(candidates, width, move |candidate| {
        Session::open_candidate(&select, candidate, Patience::REPLACEABLE)
    });
    let mut opened: Vec<Opened> = Vec::new();
    let mut until: Option<Instant> = None;
    while until.is_none_or(|until| Instant::now() < until) {
        let Some((candidate, session)) =
            lineup.next_ready_within(until.map_or(GRACE * 10, |until| until - Instant::now()))
        else {
            break;
        };
        opened.push(Opened::new(context, candidate, session));
        if opened.len() >= 2 && until.is_none() {
            until = Some(Instant::now() + GRACE);
        }
    }
    for (candidate, fault) in lineup.take_failed() {
        let mirror = &candidate.carrier.mirror;
        context.diary.failed(&mirror.name, &mirror.operator, 0, started.elapsed(), fault);
    }
    // One object format for all: that of the most.
    let votes = |format: &str| opened.iter().filter(|o| o.session.advertisement.object_format() == format).count();
    let format = if votes("sha256") > votes("sha1") { "sha256" } else { "sha1" };
    opened.retain(|o| o.session.advertisement.object_format() == format);
    opened
}

/// Asks those mirrors for refs and weighs what they say; also how new it is.
///
/// # Errors
///
/// [`Kind::Quorum`] when too few agree, [`Kind::Rollback`] when what they say goes back behind what was seen,
/// [`Kind::Expired`] when it is too old.
pub fn agree(context: &mut Context, opened: &[Opened], prefixes: &[&str]) -> Result<(Agreement, Newest), Failure> {
    let testimonies = testimonies(context, opened, prefixes)?;
    let sessions: Vec<&Session> = opened.iter().map(|o| &o.session).collect();
    let mut proofs = Proofs::new(&context.env, &context.repository, sessions);
    let least = context.select.config.git.trust.value;
    let contradictions = trust::contradictions(&testimonies, &mut |new, old| proofs.descends(new, old));
    if !contradictions.is_empty() {
        keep(context, contradictions);
    }
    let agreement =
        agreement::weigh(&context.repository, &testimonies, least, &mut |new, old| proofs.descends(new, old))?;
    if !agreement.unattested.is_empty() {
        warn(&format!("left out, since too few attest it: {}", listed(&agreement.unattested)));
    }
    let tip = agreement.refs.iter().find(|found| found.name == "HEAD" || found.name.starts_with("refs/heads/"));
    let newest = Newest {
        committed: tip.and_then(|tip| proofs.committed(tip.oid.as_ref()?)),
        heard: context.ledger.heard_upstream(&agreement.refs),
    };
    if agreement.verdict < Trust::Upstream {
        context.ledger.check(&context.repository, &agreement.refs, &mut |new, old| proofs.descends(new, old))?;
        let too_old = match agreement.refs.is_empty() {
            true => None,
            false => age::check(&context.repository, newest, state::now(), context.select.config.age_limit())?,
        };
        too_old.iter().for_each(|what| warn(what));
    }
    Ok((agreement, newest))
}

/// What each of them says.
fn testimonies(context: &mut Context, opened: &[Opened], prefixes: &[&str]) -> Result<Vec<Testimony>, Failure> {
    // All their lists are in memory at once, and weighing them takes as much again.
    let limit = REFS_LIMIT / 2 / opened.len().max(1) as u64;
    let answers: Vec<Result<Vec<Ref>, Fault>> = std::thread::scope(|scope| {
        let ask = |o: &'_ Opened| o.session.refs_within(limit, prefixes, Patience::REPLACEABLE);
        let asked: Vec<_> = opened.iter().map(|o| scope.spawn(move || ask(o))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap_or(Err(Fault::Cut))).collect()
    });
    if answers.iter().all(|answer| *answer == Err(Fault::TooLarge)) {
        let what = format!("{}: mirrors list more refs than can be held against each other", context.repository);
        return Err(Failure::new(Kind::Limit, what)
            .hint("try again when upstream can be reached, or fetch some refs by name: `git fetch mirror::… main`"));
    }
    let mut testimonies = Vec::new();
    for (o, answer) in opened.iter().zip(answers) {
        let mirror = &o.candidate.carrier.mirror;
        match answer {
            Ok(refs) => {
                let head = refs.iter().find(|found| found.name == "HEAD").and_then(|head| head.oid.as_ref());
                let said = head.map_or_else(|| format!("{} refs", refs.len()), |oid| format!("HEAD is {oid}"));
                context.diary.evidence(&mirror.operator, said);
                testimonies.push(Testimony {
                    mirror: mirror.name.clone(),
                    operator: mirror.operator.clone(),
                    address: o.candidate.carrier.address.to_string(),
                    trusted: mirror.trusted,
                    refs,
                });
            }
            Err(fault) => context.diary.failed(&mirror.name, &mirror.operator, 0, Duration::ZERO, fault),
        }
    }
    Ok(testimonies)
}

/// Keeps what contradicts itself, for others to check, and says where.
fn keep(context: &Context, claims: Vec<Claim>) {
    let what = format!("{}: mirrors contradict each other: {}", context.repository, listed(&claims));
    let evidence = Evidence::new("git", &context.repository.to_string(), &context.upstream.to_string(), claims);
    match evidence.keep(context.env.state_dir().as_deref()) {
        Some(file) => warn(&format!("{what}; to ask them again: cargo mirror audit {}", file.display())),
        None => warn(&what),
    }
}

fn listed(claims: &[Claim]) -> String {
    let shown =
        claims.iter().take(NAMED).map(|claim| format!("{} at {} ({})", claim.about, claim.said, claim.operator));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match claims.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}
