//! Who says what the refs are: upstream, by itself; and only when it cannot be reached, mirrors that agree, or the store
//! where nobody is there at all.
//!
//! Upstream is asked without credentials first. If that is enough, the repository is public and mirrors may hear its
//! name; if not, git's own helper asks with the user's credentials, and no mirror ever hears of it.

use std::time::{Duration, Instant};

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{Advertisement, Fetch, Packet, Packets, Session, is_sign_of_life, read_refs},
    model::{Oid, Ref, Service},
    system::state,
    transport::{Route, http::Patience},
    trust::{Agreement, Trust},
};

use super::{kept::Kept, witnesses::Witnesses, word::Word};
use crate::{
    git::{Request, UploadPack},
    run::Run,
};

/// How long upstream may take to begin its first answer where others could speak, normally and after it has failed lately.
const UPSTREAM_PATIENCE: [Duration; 2] = [Duration::from_secs(6), Duration::from_millis(1500)];

/// Whose word it is.
#[derive(Debug)]
pub enum Voice<'r> {
    /// Upstream, without credentials: the repository is public.
    Public(Box<Session>),
    /// Upstream, through git's own helper with the user's credentials, or on this machine's disks.
    Private(Box<UploadPack>),
    /// Upstream cannot be reached: those mirrors that answer.
    Mirrors(Witnesses<'r>),
    /// Nobody can be reached, or those who can say nothing: what was seen before, all of which is here.
    Kept(Box<Kept>),
}

/// The authority over one repository.
#[derive(Debug)]
pub struct Authority<'r> {
    /// The run.
    pub run: &'r Run,
    /// Who speaks.
    pub voice: Voice<'r>,
    /// Mirrors may not hear the repository's name, unless they are trusted.
    pub private: bool,
    /// Why upstream does not speak, if it does not.
    pub silence: Option<Fault>,
    /// What counts in its place, once that is known.
    pub word: Option<Word>,
    /// What is to be remembered once what it means has arrived.
    unproven: Option<Unproven>,
}

/// Refs that were said, and on what evidence; `all` of them or those that were asked for.
#[derive(Debug)]
struct Unproven {
    refs: Vec<Ref>,
    verdict: Trust,
    all: bool,
}

impl<'r> Authority<'r> {
    /// Looks for upstream, and for mirrors if there is none. `None` when upstream speaks an older protocol: then git's
    /// own helper is to lead the conversation.
    ///
    /// # Errors
    ///
    /// What upstream itself said against it; [`Kind::Exhausted`] when nobody answers.
    pub fn find(run: &'r Run) -> Result<Option<Self>, Failure> {
        let started = Instant::now();
        let speaks = |voice, private, silence| Self { run, voice, private, silence, word: None, unproven: None };
        let mut alone = run.select.git(&run.repository, run.ledger.is_private(), 0).is_empty();
        loop {
            let fault = match open_upstream(run, alone) {
                Err(Silence::Refused(fault)) => {
                    // Upstream has spoken: whoever may not see the repository there is not given it here.
                    run.ledger.remember(&[], Trust::Upstream, true, false);
                    return Err(run.refused(&fault));
                }
                Ok(Some(voice)) => {
                    if let Voice::Public(session) = &voice {
                        run.answered(session);
                    }
                    let private = matches!(voice, Voice::Private(_));
                    return Ok(Some(speaks(voice, private, None)));
                }
                Ok(None) => return Ok(None),
                Err(Silence::Unreachable(fault)) => fault,
            };
            run.failed(&run.upstream, 0, started.elapsed(), fault.clone());
            let (private, late) = (run.ledger.is_private(), matches!(fault, Fault::Timeout | Fault::Stalled));
            if !alone {
                let witnesses = Witnesses::that_answer(run);
                if !witnesses.opened.is_empty() {
                    return Ok(Some(speaks(Voice::Mirrors(witnesses), private, Some(fault))));
                }
            }
            // Nobody else speaks but the store. If upstream was no more than late, it has all the time there is.
            match Kept::open(run) {
                Some(kept) => return Ok(Some(speaks(Voice::Kept(Box::new(kept)), private, Some(fault)))),
                None if alone || !late => return Err(run.exhausted()),
                None => alone = true,
            }
        }
    }

    /// What it can do, as git is to hear it.
    pub fn advertisement(&self) -> &Advertisement {
        match &self.voice {
            Voice::Public(session) => &session.advertisement,
            Voice::Private(child) => &child.advertisement,
            Voice::Mirrors(witnesses) => &witnesses.opened[0].advertisement,
            Voice::Kept(kept) => &kept.advertisement,
        }
    }

    /// Whether upstream itself speaks.
    pub fn is_upstream(&self) -> bool {
        matches!(self.voice, Voice::Public(_) | Voice::Private(_))
    }

    /// Whether the store speaks, which has all that can be asked for.
    pub fn is_kept(&self) -> bool {
        matches!(self.voice, Voice::Kept(_))
    }

    /// Upstream itself, where it answers without credentials.
    pub fn session(&self) -> Option<&Session> {
        match &self.voice {
            Voice::Public(session) => Some(session),
            Voice::Private(_) | Voice::Mirrors(_) | Voice::Kept(_) => None,
        }
    }

    /// The refs, as git asks for them.
    ///
    /// # Errors
    ///
    /// Upstream's own refusal; [`Kind::Quorum`], [`Kind::Rollback`] or [`Kind::Expired`] when mirrors do not give enough
    /// evidence, and [`Kind::Exhausted`] when the store has not got all of what was seen.
    pub fn refs(&mut self, request: &Request) -> Result<Vec<Ref>, Failure> {
        let run = self.run;
        if let Some(pinned) = &run.pinned {
            let asked = |found: &&Ref| request.asks_for(&found.name);
            let refs = pinned.pin.refs.iter().filter(asked).cloned().collect();
            run.journal.said("pin", pinned.file.display().to_string());
            run.journal.believed(Trust::Pinned);
            return Ok(refs);
        }
        let trust = &run.select.config.git.trust;
        if trust.value > Trust::Upstream {
            return Err(Failure::new(
                Kind::Unpinned,
                format!("{}: `git.trust` is \"pinned\", and there is no pin", run.repository),
            )
            .hint(format!("`git.trust` is set in {}; to pin it: cargo mirror pin {}", trust.origin, run.repository)));
        }
        let all = ["refs/heads/", "refs/tags/"].iter().all(|kind| request.asks_for_all(kind));
        if let Voice::Public(session) = &self.voice {
            match session.command(request.to_bytes(), Patience::LAST).and_then(read_refs) {
                Ok(refs) => {
                    run.journal.said(&run.upstream.name, format!("{} refs", refs.len()));
                    return Ok(self.believed(refs, all));
                }
                Err(fault @ Fault::Crawls(_)) => self.give_way(fault)?,
                Err(fault) => return Err(run.refused(&fault)),
            }
        }
        match &mut self.voice {
            Voice::Public(_) => Err(run.exhausted()),
            Voice::Private(child) => {
                let mut bytes = Vec::new();
                let answered = child.command(&request.to_bytes(), &mut |packet| {
                    packet.write(&mut bytes).map_err(|error| Fault::Local(error.to_string()))
                });
                let refs = answered.and_then(|()| read_refs(&bytes[..])).map_err(|fault| run.refused(&fault))?;
                run.journal.said(&run.upstream.name, format!("{} refs", refs.len()));
                Ok(self.believed(refs, all))
            }
            Voice::Mirrors(witnesses) => match witnesses.agree(request) {
                Ok((Agreement { refs, verdict, recalled, .. }, word)) => {
                    run.journal.believed(verdict);
                    self.word = Some(word);
                    // Repeating what was seen makes it no newer.
                    let fresh = refs.iter().filter(|found| !recalled.names.contains(&found.name)).cloned().collect();
                    let verdict = if verdict == Trust::Seen { Trust::Quorum } else { verdict };
                    self.unproven = Some(Unproven { refs: fresh, verdict, all: all && recalled.names.is_empty() });
                    Ok(refs)
                }
                Err(failure) => self.fall_back(request, failure),
            },
            Voice::Kept(kept) => {
                let (refs, word) = kept.refs(run, request)?;
                run.journal.believed(word.verdict);
                self.word = Some(word);
                Ok(refs)
            }
        }
    }

    /// Where mirrors say nothing, or nothing that could be believed, the store speaks, if it has all of what was seen. What
    /// goes back behind that is told instead: somebody may have rewritten history.
    fn fall_back(&mut self, request: &Request, failure: Failure) -> Result<Vec<Ref>, Failure> {
        let run = self.run;
        let kept = Kept::open(run).filter(|_| matches!(failure.kind, Kind::Exhausted | Kind::Quorum));
        let Some(kept) = kept else { return Err(failure) };
        let Ok((refs, word)) = kept.refs(run, request) else { return Err(failure) };
        run.journal.warn(failure.what);
        run.journal.believed(word.verdict);
        self.word = Some(word);
        self.voice = Voice::Kept(Box::new(kept));
        Ok(refs)
    }

    /// Upstream was reached, and crawls: mirrors speak in its place, those that could have what git has heard of upstream.
    fn give_way(&mut self, fault: Fault) -> Result<(), Failure> {
        let (run, format) = (self.run, self.advertisement().object_format().to_owned());
        run.failed(&run.upstream, 0, Duration::ZERO, fault.clone());
        let mut witnesses = Witnesses::that_answer(run);
        witnesses.opened.retain(|session| session.advertisement.object_format() == format);
        if witnesses.opened.is_empty() {
            return Err(run.exhausted());
        }
        (self.voice, self.silence) = (Voice::Mirrors(witnesses), Some(fault));
        Ok(())
    }

    /// Upstream's word is remembered at once; where signatures have more weight, only that it says what it said before.
    fn believed(&mut self, refs: Vec<Ref>, all: bool) -> Vec<Ref> {
        let (run, verdict) = (self.run, Trust::Upstream);
        run.journal.believed(verdict);
        if run.signers().is_some() {
            let page = run.ledger.page();
            let known = |found: &&Ref| page.refs.get(&found.name).map(|entry| &entry.oid) == found.oid.as_ref();
            let same: Vec<Ref> = refs.iter().filter(known).cloned().collect();
            run.ledger.remember(&same, verdict, self.private, false);
            self.unproven = Some(Unproven { refs: refs.clone(), verdict, all });
        } else {
            run.ledger.remember(&refs, verdict, self.private, all);
        }
        refs
    }

    /// Only these tips are known to be signed, and may be remembered.
    pub fn vouched(&mut self, tips: &[Oid]) {
        if let Some(unproven) = &mut self.unproven {
            let count = unproven.refs.len();
            unproven.refs.retain(|found| found.oid.as_ref().is_some_and(|oid| tips.contains(oid)));
            unproven.all &= unproven.refs.len() == count;
        }
    }

    /// Remembers what was said, now that git has got what it means. A lie that nobody could deliver leaves no trace.
    pub fn settle(&mut self) {
        if let Some(Unproven { refs, verdict, all }) = self.unproven.take() {
            self.run.ledger.remember(&refs, verdict, self.private, all);
        }
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
            Voice::Mirrors(_) | Voice::Kept(_) => Ok(Vec::new()),
        }
    }

    /// Sends a request to upstream, or to the store in its place, and hands each packet of the answer to `sink`; counts
    /// bytes.
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
                let alive = session.sign_of_life();
                let mut packets = Packets::new(session.command(body.to_vec(), Patience::LAST)?);
                // A server that dies in the middle may still end its HTTP answer well.
                let mut whole = false;
                while let Some(packet) = packets.next_packet().map_err(|error| Fault::from_io(&error))? {
                    whole = packet == Packet::Flush;
                    if is_sign_of_life(packet) {
                        alive();
                    }
                    counted(packet)?;
                }
                if !whole {
                    return Err(Fault::Cut);
                }
            }
            Voice::Private(child) => child.command(body, &mut counted)?,
            Voice::Kept(kept) => kept.command(body, &mut counted)?,
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

/// Opens upstream; `None` when it speaks an older protocol than v2. Where nobody else could speak, `alone`, it is waited for.
fn open_upstream<'r>(run: &Run, alone: bool) -> Result<Option<Voice<'r>>, Silence> {
    let url = run.upstream.address.expose();
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
    let failed_lately = run.select.health.record(&run.upstream.name, Service::Git).until > state::now();
    let head = if alone { Patience::LAST.head } else { UPSTREAM_PATIENCE[usize::from(failed_lately)] };
    let patience = Patience { head, ..Patience::LAST };
    let mut source = (*run.upstream).clone();
    if let (Route::Direct, Some(proxy)) = (&source.route, &run.settings.proxy) {
        source.route = Route::Through(proxy.clone());
    }
    match Session::open(&run.select.http, &source, patience) {
        Ok(session) => Ok(Some(Voice::Public(Box::new(session)))),
        Err(fault) => {
            let with_credentials = || UploadPack::https(&run.env, &run.remote, &run.written);
            match fault {
                // What upstream does not show to everybody.
                Fault::Missing | Fault::Status(401 | 403) => private(with_credentials(), Silence::Refused),
                // git would follow, and nothing protects what comes then.
                Fault::Redirect(to) if url.scheme() == "https" && to.starts_with("http://") => {
                    Err(Silence::Unreachable(Fault::Redirect(to)))
                }
                // What the user's own settings may make possible: a certificate, a redirect that git follows. If they do
                // not, what was wrong says more than git's end does.
                fault @ (Fault::Tls(_) | Fault::Redirect(_)) => {
                    let said = |why: Fault| if matches!(why, Fault::NotAMirror(_)) { why } else { fault };
                    private(with_credentials().map_err(said), Silence::Unreachable)
                }
                Fault::NotAMirror(what) if what.contains("version 2") => Ok(None),
                fault => Err(Silence::Unreachable(fault)),
            }
        }
    }
}
