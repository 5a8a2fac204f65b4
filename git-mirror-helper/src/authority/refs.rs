//! Who says what the refs are: upstream, by itself; and only when it cannot be reached, mirrors that agree, or the store
//! where nobody is there at all.
//!
//! Upstream is asked without credentials first. If that is enough, the repository is public and mirrors may hear its
//! name; if not, git's own helper asks with the user's credentials, and no mirror ever hears of it. Where git's configuration
//! has something for upstream that our own client does not have, git's own helper asks in its place (`by_settings`).

use std::time::Instant;

use mirror_config::{
    errors::{Failure, Fault, Kind},
    git::{Advertisement, Fetch, Packet, Packets, Session, is_sign_of_life, read_refs},
    model::{Oid, Ref},
    transport::http::Patience,
    trust::{Agreement, Trust},
};

use super::{
    by_git, by_settings,
    kept::Kept,
    shown::{Shown, Silence, Upstream},
    upstream,
    whole::Question,
    witnesses::Witnesses,
    word::Word,
};
use crate::{
    git::{Opened, RemoteHttps, Request, UploadPack},
    run::Run,
};

/// Whose word it is.
#[derive(Debug)]
pub enum Voice<'r> {
    /// Upstream, without credentials: the repository is public.
    Public(Box<Session>),
    /// Upstream, through git's own helper, with the user's settings or credentials; or on this machine's disks.
    Child(Box<UploadPack>),
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
    /// Whether it is so is known only once everybody has been shown the same.
    pub(super) doubtful: bool,
    /// Why upstream does not speak, if it does not.
    pub silence: Option<Fault>,
    /// What counts in its place, once that is known.
    pub word: Option<Word>,
    /// All branches and tags were asked for, and listed.
    pub has_listed_all: bool,
    /// What is to be remembered once what it means has arrived.
    unproven: Option<Unproven>,
    /// Whether upstream is whole, where it was asked.
    question: Option<Question>,
}

/// What came of looking for it.
#[derive(Debug)]
pub enum Found<'r> {
    /// Somebody speaks.
    Authority(Box<Authority<'r>>),
    /// Upstream is there, and only git's own helper gets along with it: it is to lead the conversation.
    Older(Box<RemoteHttps>),
}

/// Refs that were said, and on what evidence; `all` of them or those that were asked for.
#[derive(Debug)]
struct Unproven {
    refs: Vec<Ref>,
    verdict: Trust,
    all: bool,
}

impl<'r> Authority<'r> {
    /// Looks for upstream, and for mirrors if there is none.
    ///
    /// # Errors
    ///
    /// What upstream itself said against it; [`Kind::Exhausted`] when nobody answers.
    pub fn find(run: &'r Run) -> Result<Found<'r>, Failure> {
        let started = Instant::now();
        let found = |authority| Found::Authority(Box::new(authority));
        let speaks = |voice, private, silence| Self {
            run,
            voice,
            private,
            doubtful: false,
            silence,
            word: None,
            has_listed_all: false,
            unproven: None,
            question: None,
        };
        let mut alone = run.select.git(&run.repository, run.is_private(), 0).is_empty();
        let mut mirrors_late = false;
        loop {
            let fault = match upstream::open(run, alone) {
                Err(Silence::Refused(fault)) => {
                    // Upstream has spoken: whoever may not see the repository there is not given it here.
                    run.ledger.remember(&[], Trust::Upstream, true, false);
                    return Err(run.refused(&fault));
                }
                Ok(Upstream::Public(session)) => {
                    run.answered(&session);
                    return Ok(found(speaks(Voice::Public(session), false, None)));
                }
                Ok(Upstream::Child(child, shown)) => {
                    let (private, doubtful) = (shown != Shown::All, shown == Shown::Doubtful);
                    return Ok(found(Self { doubtful, ..speaks(Voice::Child(child), private, None) }));
                }
                Ok(Upstream::Older(child)) => return Ok(Found::Older(child)),
                Err(Silence::Unreachable(fault)) => fault,
            };
            run.failed(&run.upstream, 0, started.elapsed(), fault.clone());
            let private = run.is_private();
            if !alone {
                let witnesses = Witnesses::that_answer(run);
                mirrors_late = witnesses.late;
                if !witnesses.opened.is_empty() {
                    return Ok(found(speaks(Voice::Mirrors(witnesses), private, Some(fault))));
                }
            }
            // Nobody else speaks but the store. If upstream was no more than late, it has all the time there is, and if it was
            // there in whatever way, git has its say.
            let is_away = matches!(fault, Fault::Dns | Fault::Refused);
            match Kept::open(run) {
                Some(kept) => return Ok(found(speaks(Voice::Kept(Box::new(kept)), private, Some(fault)))),
                None if mirrors_late && (alone || is_away) => {
                    let witnesses = Witnesses::at_last(run);
                    if witnesses.opened.is_empty() {
                        return Err(run.exhausted());
                    }
                    return Ok(found(speaks(Voice::Mirrors(witnesses), private, Some(fault))));
                }
                None if alone || is_away => return Err(run.exhausted()),
                None => alone = true,
            }
        }
    }

    /// What it can do, as git is to hear it.
    pub fn advertisement(&self) -> &Advertisement {
        match &self.voice {
            Voice::Public(session) => &session.advertisement,
            Voice::Child(child) => &child.advertisement,
            Voice::Mirrors(witnesses) => &witnesses.advertisement,
            Voice::Kept(kept) => &kept.advertisement,
        }
    }

    /// Whether upstream itself speaks.
    pub fn is_upstream(&self) -> bool {
        matches!(self.voice, Voice::Public(_) | Voice::Child(_))
    }

    /// Whether the store speaks, which has all that can be asked for.
    pub fn is_kept(&self) -> bool {
        matches!(self.voice, Voice::Kept(_))
    }

    /// Upstream itself, where it answers without credentials.
    pub fn session(&self) -> Option<&Session> {
        match &self.voice {
            Voice::Public(session) => Some(session),
            Voice::Child(_) | Voice::Mirrors(_) | Voice::Kept(_) => None,
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
        self.has_listed_all = all;
        if let Voice::Public(session) = &self.voice {
            let answer = session.command(request.to_bytes(), Patience::LAST);
            let has_begun = answer.is_ok();
            match answer.and_then(read_refs) {
                Ok(refs) => {
                    run.journal.said(&run.upstream.name, format!("{} refs", refs.len()));
                    return Ok(self.believed(refs, all));
                }
                Err(fault @ Fault::Crawls(_)) => self.give_way(fault)?,
                Err(fault) if has_begun => return Err(run.refused(&fault)),
                Err(fault) => self.change_over(fault).map_err(|fault| run.refused(&fault))?,
            }
        }
        match &mut self.voice {
            Voice::Public(_) => Err(run.exhausted()),
            Voice::Child(child) => {
                let mut bytes = Vec::new();
                let answered = child.command(&request.to_bytes(), &mut |packet| {
                    packet.write(&mut bytes).map_err(|error| Fault::Local(error.to_string()))
                });
                let refs = answered.and_then(|()| read_refs(&bytes[..])).map_err(|fault| run.refused(&fault))?;
                run.journal.said(&run.upstream.name, format!("{} refs", refs.len()));
                if self.doubtful {
                    (self.private, self.doubtful) = (!by_settings::shown_to_all(run, request, &refs), false);
                }
                Ok(self.believed(refs, all))
            }
            Voice::Mirrors(witnesses) => match witnesses.agree(request) {
                Ok((Agreement { mut refs, verdict, recalled, .. }, word)) => {
                    refs.retain(|found| found.oid.is_some() || request.asks_for_unborn());
                    run.journal.believed(verdict);
                    self.word = Some(word);
                    // Repeating what was seen makes it no newer.
                    let fresh = refs.iter().filter(|found| !recalled.names.contains(&found.name)).cloned().collect();
                    let verdict = if verdict == Trust::Seen { Trust::Quorum } else { verdict };
                    self.unproven = Some(Unproven { refs: fresh, verdict, all: all && recalled.names.is_empty() });
                    Ok(refs)
                }
                Err(failure) => match self.fall_back(request, failure) {
                    // Nobody but upstream is left, and it was no more than late.
                    Err(failure) if self.waits_for_upstream(&failure) => self.refs(request),
                    fallen => fallen,
                },
            },
            Voice::Kept(kept) => {
                let (refs, word) = kept.refs(run, request)?;
                run.journal.believed(word.verdict);
                self.word = Some(word);
                Ok(refs)
            }
        }
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

    /// Upstream was heard by our client, which does not get along with what comes next: git's own helper goes on, if that does.
    fn change_over(&mut self, fault: Fault) -> Result<(), Fault> {
        let Some(how) = by_git::may_get_along(&fault, false, upstream::PATIENCE[0]) else { return Err(fault) };
        tracing::debug!(%fault, ?how, "the rest by git's own helper");
        match by_git::open(self.run, how) {
            Ok(Opened::UploadPack(child))
                if child.advertisement.object_format() == self.advertisement().object_format() =>
            {
                (self.voice, self.private) = (Voice::Child(child), true);
                Ok(())
            }
            _ => Err(fault),
        }
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

    /// Mirrors are going to carry this for upstream, which is asked whether it has all of it. What it has said before is
    /// remembered; who rejects shallow copies asks again.
    pub fn ask_if_whole(&mut self, wants: &[Oid]) {
        let run = self.run;
        let Voice::Public(session) = &self.voice else { return };
        let is_known = run.ledger.page().whole && !run.options.rejects_shallow;
        if let Some(tip) = wants.first().filter(|_| !is_known && run.pinned.is_none()) {
            self.question = Some(Question::ask(session, tip));
        }
    }

    /// Whether upstream has said that it is a shallow copy.
    pub fn is_shallow(&mut self) -> bool {
        let said = self.question.take().and_then(Question::answer);
        if said == Some(false) && !self.run.ledger.page().whole {
            self.run.ledger.remember_whole();
        }
        said == Some(true)
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
            Voice::Child(child) => {
                let fetch = Fetch { wants, haves, only_negotiate: true, ..Fetch::default() };
                let body = fetch.request(&child.advertisement);
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
                let answer = match session.command(body.to_vec(), Patience::LAST) {
                    Ok(answer) => answer,
                    Err(fault) => return self.change_over(fault).and_then(|()| self.stream(body, sink)),
                };
                let mut packets = Packets::new(answer);
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
            Voice::Child(child) => child.command(body, &mut counted)?,
            Voice::Kept(kept) => kept.command(body, &mut counted)?,
            Voice::Mirrors(_) => return Err(Fault::Transport("upstream cannot be reached".to_owned())),
        }
        Ok(count)
    }
}
