//! Who says what the refs are: upstream, by itself; and only when it cannot be reached, mirrors that agree.
//!
//! Upstream is asked without credentials first. If that is enough, the repository is public and mirrors may hear its
//! name; if not, git's own helper asks with the user's credentials, and no mirror ever hears of it.

use std::time::{Duration, Instant};

use mirror_config::{
    config::Trust,
    failure::{Failure, Kind},
    fallback::Lineup,
    fault::Fault,
    health::Service,
    http::Patience,
    pkt_line::{Packet, Packets},
    proxy::Route,
    refs::{Oid, Ref},
    select::Candidate,
    state,
    trust::{self, Agreement, Testimony},
    upload_pack::{Advertisement, Fetch, REFS_LIMIT, Session, read_refs},
    upstream::is_loopback,
};

use crate::{
    child::UploadPack,
    context::{Context, upstream_name},
    objects::history,
    request::Request,
};

/// How long upstream may take to begin its first answer, normally and after it has failed lately.
const UPSTREAM_PATIENCE: [Duration; 2] = [Duration::from_secs(6), Duration::from_millis(1500)];
/// Mirrors asked when they must speak for upstream.
const MOST_VOICES: usize = 12;
/// How long the others may still take once two have answered.
const GRACE: Duration = Duration::from_secs(1);

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
            crate::report::warn(&format!(
                "{} is reached without TLS, as `insecure = true` allows: {}",
                mirror.name, mirror.origin
            ));
        }
        context.diary.opened(&mirror.name, &session);
        Self { candidate, session }
    }
}

/// Whose word it is.
#[derive(Debug)]
pub enum Voice {
    /// Upstream, without credentials: the repository is public.
    Public(Box<Session>),
    /// Upstream, through git's own helper with the user's credentials, or on this machine's disks.
    Private(Box<UploadPack>),
    /// Upstream cannot be reached: those mirrors that answer.
    Mirrors(Vec<Opened>),
}

/// The authority over one repository.
#[derive(Debug)]
pub struct Authority {
    /// Who speaks.
    pub voice: Voice,
    /// Mirrors may not hear the repository's name, unless they are trusted.
    pub private: bool,
    /// Why upstream does not speak, if it does not.
    pub silence: Option<Fault>,
}

impl Authority {
    /// Looks for upstream, and for mirrors if there is none. `None` when upstream speaks an older protocol: then git's
    /// own helper is to lead the conversation.
    ///
    /// # Errors
    ///
    /// What upstream itself said against it; [`Kind::Exhausted`] when nobody answers.
    pub fn find(context: &mut Context) -> Result<Option<Self>, Failure> {
        let started = Instant::now();
        let name = upstream_name(&context.repository);
        let fault = match open_upstream(context) {
            Err(Silence::Refused(fault)) => {
                // Upstream has spoken: whoever may not see the repository there is not given it here.
                context.ledger.remember(&[], Trust::Upstream, true);
                return Err(refused(context, &fault));
            }
            Ok(Some(voice)) => {
                if let Voice::Public(session) = &voice {
                    context.diary.opened(&name, session);
                }
                let private = matches!(voice, Voice::Private(_));
                return Ok(Some(Self { voice, private, silence: None }));
            }
            Ok(None) => return Ok(None),
            Err(Silence::Unreachable(fault)) => fault,
        };
        context.diary.failed(&name, &name, 0, started.elapsed(), fault.clone());
        let voices = mirrors_that_answer(context);
        if voices.is_empty() {
            return Err(exhausted(context));
        }
        let private = context.ledger.is_private();
        Ok(Some(Self { voice: Voice::Mirrors(voices), private, silence: Some(fault) }))
    }

    /// What it can do, as git is to hear it.
    pub fn advertisement(&self) -> &Advertisement {
        match &self.voice {
            Voice::Public(session) => &session.advertisement,
            Voice::Private(child) => &child.advertisement,
            Voice::Mirrors(opened) => &opened[0].session.advertisement,
        }
    }

    /// Whether upstream itself speaks.
    pub fn is_upstream(&self) -> bool {
        !matches!(self.voice, Voice::Mirrors(_))
    }

    /// Upstream itself, where it answers without credentials.
    pub fn session(&self) -> Option<&Session> {
        match &self.voice {
            Voice::Public(session) => Some(session),
            Voice::Private(_) | Voice::Mirrors(_) => None,
        }
    }

    /// The refs, as git asks for them.
    ///
    /// # Errors
    ///
    /// Upstream's own refusal; [`Kind::Quorum`] or [`Kind::Rollback`] when mirrors do not give enough evidence.
    pub fn refs(&mut self, context: &mut Context, request: &Request) -> Result<Vec<Ref>, Failure> {
        let name = upstream_name(&context.repository);
        let trust = &context.select.config.git_trust;
        if trust.value > Trust::Upstream {
            return Err(Failure::new(
                Kind::Unpinned,
                format!("{}: `git.trust` is \"pinned\", and there is no pin", context.repository),
            )
            .hint(format!("`git.trust` is set in {}", trust.origin)));
        }
        match &mut self.voice {
            Voice::Public(session) => {
                let body = session.command(request.to_bytes(), Patience::LAST);
                let refs = body.and_then(read_refs).map_err(|fault| refused(context, &fault))?;
                context.diary.evidence(&name, format!("{} refs", refs.len()));
                Ok(self.believed(context, refs))
            }
            Voice::Private(child) => {
                let mut bytes = Vec::new();
                let answered = child.command(&request.to_bytes(), &mut |packet| {
                    packet.write(&mut bytes).map_err(|error| Fault::Local(error.to_string()))
                });
                let refs = answered.and_then(|()| read_refs(&bytes[..])).map_err(|fault| refused(context, &fault))?;
                context.diary.evidence(&name, format!("{} refs", refs.len()));
                Ok(self.believed(context, refs))
            }
            Voice::Mirrors(opened) => {
                let agreement = quorum(context, opened, &request.prefixes())?;
                context.diary.report.verdict = Some(agreement.verdict.to_string());
                context.ledger.remember(&agreement.refs, agreement.verdict, self.private);
                Ok(agreement.refs)
            }
        }
    }

    fn believed(&self, context: &mut Context, refs: Vec<Ref>) -> Vec<Ref> {
        context.diary.report.verdict = Some(Trust::Upstream.to_string());
        context.ledger.remember(&refs, Trust::Upstream, self.private);
        refs
    }

    /// Which of `haves` upstream has, so that they are commits of this repository and not somebody's invention.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request; [`Fault::Transport`] where it cannot be asked without being sent a pack.
    pub fn common(&mut self, wants: &[Oid], haves: &[Oid]) -> Result<Vec<Oid>, Fault> {
        if !self.is_upstream() || !self.advertisement().has_feature("fetch", "wait-for-done") {
            return Err(Fault::Transport("upstream cannot be asked what is common".to_owned()));
        }
        match &mut self.voice {
            Voice::Public(session) => session.common(wants, haves, Patience::LAST),
            Voice::Private(child) => {
                let fetch = Fetch { wants, haves, only_negotiate: true, ..Fetch::default() };
                let body = fetch.request(child.advertisement.object_format());
                let mut common = Vec::new();
                child.command(&body, &mut |packet| {
                    common.extend(packet.text().and_then(|text| text.strip_prefix("ACK ")?.parse().ok()));
                    Ok(())
                })?;
                Ok(common)
            }
            Voice::Mirrors(_) => Ok(Vec::new()),
        }
    }

    /// Sends a request to upstream and hands each packet of the answer to `sink`; counts bytes.
    ///
    /// # Errors
    ///
    /// The [`Fault`] of the request or of `sink`.
    pub fn stream(&mut self, body: &[u8], sink: &mut dyn FnMut(Packet<'_>) -> Result<(), Fault>) -> Result<u64, Fault> {
        let mut count = 0;
        let mut counted = |packet: Packet<'_>| {
            if let Packet::Data(data) = packet {
                count += data.len() as u64 + 4;
            }
            sink(packet)
        };
        match &mut self.voice {
            Voice::Public(session) => {
                let mut packets = Packets::new(session.command(body.to_vec(), Patience::LAST)?);
                // A server that dies in the middle may still end its HTTP answer well.
                let mut whole = false;
                while let Some(packet) = packets.next_packet().map_err(|error| Fault::from_io(&error))? {
                    whole = packet == Packet::Flush;
                    counted(packet)?;
                }
                if !whole {
                    return Err(Fault::Cut);
                }
            }
            Voice::Private(child) => child.command(body, &mut counted)?,
            Voice::Mirrors(_) => return Err(Fault::Transport("upstream cannot be reached".to_owned())),
        }
        Ok(count)
    }
}

/// Why upstream does not serve.
enum Silence {
    /// It was asked, and said no.
    Refused(Fault),
    /// It could not be asked.
    Unreachable(Fault),
}

/// Opens upstream; `None` when it speaks an older protocol than v2.
fn open_upstream(context: &Context) -> Result<Option<Voice>, Silence> {
    let url = context.upstream.expose();
    let private = |opened: Result<UploadPack, Fault>, otherwise: fn(Fault) -> Silence| match opened {
        Ok(child) => Ok(Some(Voice::Private(Box::new(child)))),
        Err(Fault::NotAMirror(_)) => Ok(None),
        Err(fault) => Err(otherwise(fault)),
    };
    match url.scheme() {
        "file" => {
            let no_path = |()| Silence::Refused(Fault::Transport("no path of this machine".to_owned()));
            return private(UploadPack::file(&url.to_file_path().map_err(no_path)?), Silence::Unreachable);
        }
        "https" | "http" => {}
        other => return Err(Silence::Refused(Fault::Transport(format!("upstreams over {other} are not served yet")))),
    }
    let failed_lately =
        context.select.health.record(&upstream_name(&context.repository), Service::Git).until > state::now();
    let patience = Patience { head: UPSTREAM_PATIENCE[usize::from(failed_lately)], ..Patience::LAST };
    let route = match (context.select.proxies.route(url, None), &context.settings.proxy) {
        (Route::Direct, Some(proxy)) => Route::Through(proxy.clone()),
        (route, _) => route,
    };
    match Session::open(&context.select.http, &context.upstream, &route, patience) {
        Ok(session) => Ok(Some(Voice::Public(Box::new(session)))),
        Err(fault) => {
            let with_credentials = || UploadPack::https(&context.env, &context.remote, &context.upstream);
            match fault {
                // What upstream does not show to everybody.
                Fault::Missing | Fault::Status(401 | 403) => private(with_credentials(), Silence::Refused),
                // What the user's own settings may make possible: a certificate, a redirect that git follows.
                Fault::Tls(_) | Fault::Redirect(_) => private(with_credentials(), Silence::Unreachable),
                Fault::NotAMirror(what) if what.contains("version 2") => Ok(None),
                fault => Err(Silence::Unreachable(fault)),
            }
        }
    }
}

/// Opens every mirror that may speak, at once.
fn mirrors_that_answer(context: &mut Context) -> Vec<Opened> {
    let mut candidates = context.select.git(&context.repository, context.ledger.is_private(), 0);
    candidates.truncate(MOST_VOICES);
    let width = candidates.len();
    let select = context.select.clone();
    let started = Instant::now();
    let mut lineup = Lineup::start(candidates, width, move |candidate| select.open(candidate, Patience::REPLACEABLE));
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

/// Asks those mirrors for refs and weighs what they say.
fn quorum(context: &mut Context, opened: &[Opened], prefixes: &[&str]) -> Result<Agreement, Failure> {
    // All their lists are in memory at once, and weighing them takes as much again.
    let limit = REFS_LIMIT / 2 / opened.len().max(1) as u64;
    let answers: Vec<Result<Vec<Ref>, Fault>> = std::thread::scope(|scope| {
        let asked: Vec<_> = opened
            .iter()
            .map(|o| scope.spawn(|| o.session.refs_within(limit, prefixes, Patience::REPLACEABLE)))
            .collect();
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
                    trusted: mirror.trusted,
                    refs,
                });
            }
            Err(fault) => context.diary.failed(&mirror.name, &mirror.operator, 0, Duration::ZERO, fault),
        }
    }
    let sessions: Vec<&Session> = opened.iter().map(|o| &o.session).collect();
    let mut proofs = history::Proofs::new(&context.env, &context.repository, sessions);
    let least = context.select.config.git_trust.value;
    let agreement = trust::weigh(&context.repository, &testimonies, least, &mut |new, old| proofs.descends(new, old))?;
    if agreement.verdict < Trust::Upstream {
        context.ledger.check(&context.repository, &agreement.refs, &mut |new, old| proofs.descends(new, old))?;
    }
    Ok(agreement)
}

/// Upstream spoke, and said no.
fn refused(context: &mut Context, fault: &Fault) -> Failure {
    let name = upstream_name(&context.repository);
    context.diary.failed(&name, &name, 0, Duration::ZERO, fault.clone());
    Failure::new(fault.kind(), format!("{}: upstream {} {fault}", context.repository, context.upstream))
        .hint("try again; what has landed so far is kept")
}

/// Nobody is left; each with its reason.
pub fn exhausted(context: &Context) -> Failure {
    let report = &context.diary.report;
    if let [source] = report.sources.as_slice()
        && let Some(fault) = &source.why
        && source.name == upstream_name(&context.repository)
    {
        return Failure::new(fault.kind(), format!("{}: upstream {} {fault}", context.repository, context.upstream))
            .hint("try again; what has landed so far is kept");
    }
    let mut lines = vec![format!("{}: nobody could serve it", context.repository)];
    lines.extend(report.faults().into_iter().map(|line| format!("  {line}")));
    Failure::new(Kind::Exhausted, lines.join("\n"))
        .hint("try again: what has arrived is kept; `cargo mirror probe git` shows who can be reached from here")
}
