//! What is true of one entry of an index: upstream is asked, and when it is silent, mirrors as well.
//!
//! Upstream has the word for itself for a moment, until it was silent once (`upstream`). What it says counts; what mirrors say
//! is weighed (`trust::entries`), all of them, so that two who lie and are quick do not speak for the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::upstream::{Ask, Pending, Upstream};
use crate::{
    errors::Fault,
    fetch::{SourceId, Sources},
    select::{Lineup, Source},
    trust::{Believed, Locked, Trust, Version, Word, entries, quorum},
};

/// How long upstream has the word for itself.
const HEAD_START: Duration = Duration::from_millis(400);
/// How often its answer is looked for while mirrors speak.
const LOOK: Duration = Duration::from_millis(50);
/// Mirrors that are asked at once.
const WITNESSES: usize = 12;
/// How long the others may still take once enough agree, unless they could not change it any more.
const HEARING: Duration = Duration::from_secs(1);

/// What is asked, and how answers are weighed.
pub struct Inquiry<'a, T> {
    /// What it is about, as messages name it.
    pub what: &'a str,
    /// Everyone, upstream being the last.
    pub index: &'a Sources,
    /// Upstream.
    pub upstream: &'a Arc<Upstream>,
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
        let mut upstream = self.ask_upstream(false);
        let mut answer = match &upstream {
            Some(asked) if !self.upstream.is_silent() => asked.wait(HEAD_START),
            _ => None,
        };
        let mut has_asked = upstream.is_some();
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
            answer = upstream.as_ref().and_then(Pending::look);
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
            let waits = upstream.is_some() && began.elapsed() < self.upstream.grace();
            if !waits && (enough || (missing && believed.versions.is_empty())) {
                // What it says later is held against what is believed now.
                answer = upstream.as_ref().and_then(|asked| asked.leave(&believed.versions));
                if answer.is_some() {
                    continue;
                }
                if upstream.is_some() {
                    self.note_silence();
                }
                return if enough { Heard::Mirrors(believed) } else { Heard::Missing };
            }
            // Upstream's own patience ends as well.
            if !mirrors.has_more() && upstream.is_none() {
                // Mirrors do not know, so it is asked however long it has been silent.
                upstream = if has_asked { None } else { self.ask_upstream(true) };
                has_asked = true;
                if upstream.is_none() {
                    return Heard::Nobody(believed, failed);
                }
            }
            if !mirrors.has_more() {
                answer = upstream.as_ref().and_then(|asked| asked.wait(LOOK));
            }
        }
    }

    /// Asks upstream, unless it is known that it does not answer.
    fn ask_upstream(&self, whatever_was: bool) -> Option<Pending<T>> {
        Upstream::ask(self.upstream, self.what, &self.ask, self.read, whatever_was)
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
        self.upstream.note(fault.as_ref());
        if let Some(id) = self.index.upstream() {
            self.note(id, Some(took).filter(|_| fault.is_none()), fault);
        }
    }

    /// Others answered in its place: that is noted once, when it happens.
    fn note_silence(&self) {
        if self.upstream.fell_silent()
            && let Some(id) = self.index.upstream()
        {
            self.note(id, None, Some(Fault::Timeout));
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

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex, mpsc},
        time::{Duration, Instant},
    };

    use super::{Heard, Inquiry};
    use crate::{
        authority::{Upstream, upstream::Ask},
        cargo::index,
        errors::Fault,
        fetch::Sources,
        model::Service,
        select::{Health, Source},
        trust::Trust,
    };

    const LINE: &str = "{\"vers\":\"1.0.0\",\"cksum\":\"aa\"}";

    /// Two mirrors that say the same at once; upstream answers when it is told to, with what it is told.
    struct World {
        index: Sources,
        upstream: Arc<Upstream>,
        tell: mpsc::Sender<String>,
        ask: Ask<String>,
        state: tempfile::TempDir,
    }

    impl World {
        fn new(state: tempfile::TempDir) -> Self {
            let mirror = |name: &str| {
                let text = format!(
                    "[catalog]\nbuiltin = false\n[mirrors.{name}]\ncargo = \"sparse+https://{name}.example/\"\n"
                );
                let file = state.path().join("config.toml");
                std::fs::write(&file, text).expect("our folder");
                let env = crate::system::Environment::of([("MIRROR_CONFIG", file)], state.path());
                let config = crate::config::Config::load(&env).expect("a configuration");
                let address = "https://h.example/".parse().expect("an address");
                Arc::new(Source::mirror(&config.mirrors[0], address, &crate::transport::Proxies::default()))
            };
            let address = "https://up.example/".parse().expect("an address");
            let source = Source::upstream("cargo", address, &crate::transport::Proxies::default());
            let all = vec![mirror("ash"), mirror("birch"), Arc::new(source.clone())];
            let (tell, told) = mpsc::channel::<String>();
            let told = Mutex::new(told);
            let ask: Ask<String> = Arc::new(move |source| match source.is_upstream() {
                false => Ok(LINE.to_owned()),
                true => told.lock().expect("nobody panics").recv().map_err(|_| Fault::Timeout),
            });
            let health = Health::load(Some(state.path()));
            let index = Sources::new(all, Service::CargoIndex);
            Self { index, upstream: Upstream::new(source, &health, Service::CargoIndex), tell, ask, state }
        }

        fn ask(&self) -> (Heard<String>, Duration) {
            let began = Instant::now();
            let inquiry = Inquiry {
                what: "a",
                index: &self.index,
                upstream: &self.upstream,
                least: Trust::Quorum,
                ask: Arc::clone(&self.ask),
                read: |text| index::versions(text.as_bytes()).unwrap_or_default(),
                private: false,
                locked: &|_| false,
                expects: false,
            };
            (inquiry.run(), began.elapsed())
        }
    }

    #[test]
    fn a_silence_costs_once_in_this_run_and_in_the_next_ones_until_upstream_is_heard() {
        let world = World::new(tempfile::tempdir().expect("a temporary folder"));
        let (first, took) = world.ask();
        assert!(matches!(first, Heard::Mirrors(_)) && took > Duration::from_millis(900), "{took:?}");
        for _ in 0..8 {
            let (again, took) = world.ask();
            assert!(matches!(again, Heard::Mirrors(_)) && took < Duration::from_millis(700), "{took:?}");
        }
        // It was remembered when it happened: nothing has been closed yet.
        let next = World::new(world.state);
        let (first, took) = next.ask();
        assert!(matches!(first, Heard::Mirrors(_)) && took < Duration::from_millis(700), "{took:?}");
        next.tell.send(LINE.to_owned()).expect("somebody waits");
        let began = Instant::now();
        while !next.upstream.has_spoken() {
            assert!(began.elapsed() < Duration::from_secs(10), "what it says late is heard");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(next.upstream.check().is_ok(), "it said the same");
        next.tell.send(LINE.to_owned()).expect("we do");
        assert!(matches!(next.ask().0, Heard::Upstream(_)), "it has the word again");
    }

    #[test]
    fn what_upstream_says_late_stops_the_run_where_it_is_something_else() {
        for (late, stops) in [
            (LINE.to_owned(), false),
            (LINE.replace("aa", "bb"), true),
            (LINE.replace('}', ",\"deps\":[{\"name\":\"evil\",\"req\":\"1\"}]}"), true),
            (LINE.replace('}', ",\"yanked\":true}"), false),
            (LINE.replace("1.0.0", "2.0.0"), false),
        ] {
            let world = World::new(tempfile::tempdir().expect("a temporary folder"));
            assert!(matches!(world.ask().0, Heard::Mirrors(_)));
            world.tell.send(late.clone()).expect("somebody waits");
            let began = Instant::now();
            while !world.upstream.has_spoken() {
                assert!(began.elapsed() < Duration::from_secs(10), "{late}");
                std::thread::sleep(Duration::from_millis(5));
            }
            // It was noted before it was compared.
            std::thread::sleep(Duration::from_millis(50));
            assert_eq!(world.upstream.check().is_err(), stops, "{late}");
        }
    }
}
