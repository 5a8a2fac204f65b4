//! What is true of one entry of an index: upstream is asked, and when it is silent, mirrors as well.
//!
//! Upstream has the word for itself for a moment. What it says counts; what mirrors say is weighed (`trust::entries`), all
//! of them, so that two who lie and are quick do not speak for the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use crate::{
    errors::Fault,
    fetch::{SourceId, Sources},
    model::Service,
    select::{Health, Lineup, Source},
    system::state,
    transport::http::Patience,
    trust::{Believed, Locked, Trust, Version, Word, entries, quorum},
};

/// How long upstream has the word for itself.
const HEAD_START: Duration = Duration::from_millis(400);
/// How long it is waited for when mirrors have spoken.
const GRACE: Duration = Duration::from_millis(1500);
/// How often its answer is looked for while mirrors speak.
const LOOK: Duration = Duration::from_millis(50);
/// Bad answers of upstream after which it is not asked any more in this run.
const MOST_FAULTS: u32 = 3;
/// Mirrors that are asked at once.
const WITNESSES: usize = 12;
/// How long the others may still take once enough agree, unless they could not change it any more.
const HEARING: Duration = Duration::from_secs(1);

/// How upstream has behaved in this run, and lately.
#[derive(Debug)]
pub struct Upstream {
    /// Where it is.
    pub source: Arc<Source>,
    failed_lately: bool,
    faults: AtomicU32,
    has_spoken: AtomicBool,
}

impl Upstream {
    /// Upstream of this service; where it has failed lately it is not waited for.
    pub fn new(source: Source, health: &Health, service: Service) -> Self {
        let failed_lately = health.record(&source.name, service).until > state::now();
        Self { source: Arc::new(source), failed_lately, faults: AtomicU32::new(0), has_spoken: AtomicBool::new(false) }
    }

    /// Whether it has answered in this run.
    pub fn has_spoken(&self) -> bool {
        self.has_spoken.load(Ordering::Relaxed)
    }

    fn grace(&self) -> Duration {
        match (self.has_spoken(), self.failed_lately) {
            (true, _) => Patience::REPLACEABLE.head,
            (false, false) => GRACE,
            (false, true) => Duration::ZERO,
        }
    }
}

/// How a place is asked for the entry; one that has not got it says [`Fault::Missing`].
pub type Ask<T> = Arc<dyn Fn(&Source) -> Result<T, Fault> + Send + Sync>;

/// What is asked, and how answers are weighed.
pub struct Inquiry<'a, T> {
    /// Everyone, upstream being the last.
    pub index: &'a Sources,
    /// Upstream.
    pub upstream: &'a Upstream,
    /// Least evidence that is accepted.
    pub least: Trust,
    /// How a place is asked.
    pub ask: Ask<T>,
    /// What an answer says.
    pub read: fn(&T) -> Vec<Version>,
    /// Whether only trusted mirrors may hear of it.
    pub private: bool,
    /// What the project knows already.
    pub locked: Locked<'a>,
    /// Whether the project knows any checksum of this entry: then whoever has it is waited for, though many agree on
    /// something else.
    pub expects: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Heard<T> {
    /// Upstream's word.
    Upstream(T),
    /// There is no such entry.
    Missing,
    /// What enough mirrors say.
    Mirrors(Believed),
    /// Nobody spoke, or too few agree; who failed, and why.
    Nobody(Believed, Vec<(String, Fault)>),
}

impl<T: Send + 'static> Inquiry<'_, T> {
    /// Asks until it is clear.
    pub fn run(&self) -> Heard<T> {
        let began = Instant::now();
        let mut upstream = self.ask_upstream();
        let mut answer = match &upstream {
            Some(upstream) if !self.upstream.failed_lately => upstream.recv_timeout(HEAD_START).ok(),
            _ => None,
        };
        let mirrors_began = Instant::now();
        let mut mirrors = None;
        let mut awaited: Vec<(SourceId, Arc<Source>)> = Vec::new();
        let mut agreed: Option<Instant> = None;
        let mut words: Vec<Word> = Vec::new();
        let mut believed = entries::weigh(&words, self.least, self.locked);
        let mut failed: Vec<(String, Fault)> = Vec::new();
        loop {
            match answer.take() {
                Some(Ok(found)) => {
                    self.note_upstream(began.elapsed(), None);
                    return Heard::Upstream(found);
                }
                Some(Err(Fault::Missing)) => {
                    self.note_upstream(began.elapsed(), None);
                    return Heard::Missing;
                }
                Some(Err(fault)) => {
                    self.note_upstream(began.elapsed(), Some(fault.clone()));
                    failed.push((self.upstream.source.name.clone(), fault));
                    upstream = None;
                }
                None => {}
            }
            let mirrors = mirrors.get_or_insert_with(|| {
                let asked = self.mirrors();
                // Whoever has failed before is heard, and not waited for.
                awaited = asked.iter().filter(|(id, _)| !self.index.has_failed(*id)).cloned().collect();
                self.ask_mirrors(asked)
            });
            if self.listen(mirrors, &mut awaited, &mut words, &mut failed) {
                believed = entries::weigh(&words, self.least, self.locked);
            }
            answer = upstream.as_ref().and_then(|upstream| upstream.try_recv().ok());
            if answer.is_some() {
                continue;
            }
            let clear = believed.contradicted.is_empty() && believed.unattested.is_empty();
            let agree = clear && !believed.versions.is_empty();
            let since = agree.then(|| *agreed.get_or_insert_with(Instant::now));
            let met = !self.expects || believed.versions.iter().any(|version| (self.locked)(version));
            let settled = agree && met && is_settled(&believed, &words, &awaited);
            let heard = settled || since.is_some_and(|since| since.elapsed() > HEARING) || !mirrors.has_more();
            let enough = !believed.versions.is_empty() && heard;
            let missing = self.is_missing(&words) && !mirrors.has_more();
            let waits = upstream.is_some() && mirrors_began.elapsed() < self.upstream.grace();
            match () {
                () if enough && !waits => return Heard::Mirrors(believed),
                () if missing && !waits && believed.versions.is_empty() => return Heard::Missing,
                // Upstream's own patience ends as well.
                () if mirrors.has_more() || upstream.is_some() => {}
                () => return Heard::Nobody(believed, failed),
            }
            if !mirrors.has_more() {
                answer = upstream.as_ref().and_then(|upstream| upstream.recv_timeout(LOOK).ok());
            }
        }
    }

    /// Asks upstream, unless it was silent before in this run.
    fn ask_upstream(&self) -> Option<Receiver<Result<T, Fault>>> {
        if self.upstream.faults.load(Ordering::Relaxed) >= MOST_FAULTS {
            return None;
        }
        let (tell, heard) = channel();
        let (ask, source) = (Arc::clone(&self.ask), self.upstream.source.clone());
        std::thread::spawn(move || {
            // Nobody may be listening any more, and that is well.
            let _ = tell.send(ask(&source));
        });
        Some(heard)
    }

    /// The mirrors that may hear of it.
    fn mirrors(&self) -> Vec<(SourceId, Arc<Source>)> {
        let may_hear = |source: &Arc<Source>| !source.is_upstream() && (source.is_trusted() || !self.private);
        self.index.order().into_iter().filter(|(_, source)| may_hear(source)).collect()
    }

    fn ask_mirrors(&self, mirrors: Vec<(SourceId, Arc<Source>)>) -> Lineup<(SourceId, Arc<Source>), Option<T>> {
        let ask = Arc::clone(&self.ask);
        Lineup::start(mirrors, WITNESSES, move |(_, source)| match ask(source) {
            Ok(found) => Ok(Some(found)),
            Err(Fault::Missing) => Ok(None),
            Err(fault) => Err(fault),
        })
    }

    /// Takes what mirrors say for a moment. Whether one did.
    fn listen(
        &self,
        mirrors: &mut Lineup<(SourceId, Arc<Source>), Option<T>>,
        awaited: &mut Vec<(SourceId, Arc<Source>)>,
        words: &mut Vec<Word>,
        failed: &mut Vec<(String, Fault)>,
    ) -> bool {
        let before = words.len();
        if let Some(((id, source), found)) = mirrors.next_ready_within(LOOK) {
            self.note(id, None, None);
            awaited.retain(|(other, _)| *other != id);
            words.push(Word { who: source.speaker(), versions: found.as_ref().map(self.read).unwrap_or_default() });
        }
        for ((id, source), fault) in mirrors.take_failed() {
            self.note(id, None, Some(fault.clone()));
            awaited.retain(|(other, _)| *other != id);
            failed.push((source.name.clone(), fault));
        }
        words.len() > before
    }

    /// Whether enough operators say that there is no such entry, and that is evidence enough.
    fn is_missing(&self, words: &[Word]) -> bool {
        let voices: BTreeMap<&str, bool> =
            words.iter().map(|word| (word.who.operator.as_str(), word.versions.is_empty())).collect();
        let lacking = voices.values().filter(|lacks| **lacks).count();
        self.least <= Trust::Quorum && quorum::enough(lacking, voices.len())
    }

    fn note_upstream(&self, took: Duration, fault: Option<Fault>) {
        match &fault {
            None => {
                self.upstream.has_spoken.store(true, Ordering::Relaxed);
                self.upstream.faults.store(0, Ordering::Relaxed);
            }
            // Nobody is there, and others need not find out by themselves. A single bad answer says less.
            Some(Fault::Dns | Fault::Refused | Fault::Timeout | Fault::Crawls(_) | Fault::Tls(_) | Fault::Proxy(_)) => {
                self.upstream.faults.fetch_add(MOST_FAULTS, Ordering::Relaxed);
            }
            Some(_) => {
                self.upstream.faults.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some((id, _)) = self.index.order().into_iter().find(|(_, source)| source.is_upstream()) {
            self.note(id, Some(took).filter(|_| fault.is_none()), fault);
        }
    }

    fn note(&self, id: SourceId, first_byte: Option<Duration>, fault: Option<Fault>) {
        self.index.begin(id);
        self.index.end(id, 0, 0, first_byte, fault);
    }
}

/// Whether those who have not spoken yet could change nothing: no authority of its own is among them, and more than half
/// of all say the same.
fn is_settled(believed: &Believed, words: &[Word], awaited: &[(SourceId, Arc<Source>)]) -> bool {
    let heard = words.iter().map(|word| word.who.operator.as_str());
    let all: BTreeSet<&str> = heard.chain(awaited.iter().map(|(_, source)| source.operator.as_str())).collect();
    !awaited.iter().any(|(_, source)| source.is_trusted()) && believed.support.saturating_mul(2) > all.len()
}
