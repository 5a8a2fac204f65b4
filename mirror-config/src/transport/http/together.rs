//! Those requests of one client that have no limit of their own, held to the least speed of all together.
//!
//! The clock runs while one of them waits; what any request receives counts. When it is over, those that wait end, with the
//! pace that they had; whoever is asked next has all the time again.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use super::least_speed::{Flow, LeastSpeed, Verdict};
use crate::errors::Fault;

/// Whoever has sent something so lately has not stopped.
const MOMENT: Duration = Duration::from_secs(4);

/// How often whoever waits looks, at least.
const LOOK: Duration = Duration::from_secs(1);
/// Nobody looked for so long: this program was stopped, or the machine slept. Nobody is to blame for that time.
const ASLEEP: Duration = Duration::from_secs(3);

/// Too little comes, and it is not over yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Low {
    /// Who is waited for, each once.
    pub from: Vec<String>,
    /// Bytes a second of all together.
    pub rate: u64,
    /// After this time it is over.
    pub left: Duration,
}

/// Who is to know of it, once.
type Tell = Arc<dyn Fn(&Low) + Send + Sync>;

/// All requests of a client.
pub(super) struct Together {
    least: LeastSpeed,
    state: Mutex<State>,
}

struct State {
    flow: Flow,
    /// Who is waited for; the longest first.
    waiting: Vec<(u64, String)>,
    next: u64,
    /// When something came, or somebody was waited for anew.
    came: Instant,
    /// How long somebody waited, up to the moment from which on somebody waits now.
    clock: Duration,
    runs_since: Option<Instant>,
    /// When somebody looked at the clock.
    looked: Instant,
    /// Requests that began before this one are over, at this rate.
    over: Option<(u64, u64)>,
    tell: Option<Tell>,
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Together({:?})", self.least)
    }
}

/// One request waits until this is dropped.
#[derive(Debug)]
struct Waiting<'a> {
    together: &'a Together,
    number: u64,
}

impl Together {
    pub(super) fn new(least: LeastSpeed) -> Self {
        let state = State {
            flow: Flow::new(least, Duration::ZERO),
            waiting: Vec::new(),
            next: 0,
            came: Instant::now(),
            clock: Duration::ZERO,
            runs_since: None,
            looked: Instant::now(),
            over: None,
            tell: None,
        };
        Self { least, state: Mutex::new(state) }
    }

    /// Has somebody know when too little comes.
    pub(super) fn tell(&self, tell: impl Fn(&Low) + Send + Sync + 'static) {
        self.lock().tell = Some(Arc::new(tell));
    }

    /// Longest silence of one request.
    pub(super) fn silence(&self) -> Duration {
        self.least.silence()
    }

    /// Bytes came, for whoever.
    pub(super) fn received(&self, bytes: u64) {
        let mut state = self.lock();
        let now = state.now();
        state.flow.received(bytes, now);
        state.came = Instant::now();
    }

    /// A source said that it is alive.
    pub(super) fn alive(&self) {
        let mut state = self.lock();
        let now = state.now();
        state.flow.alive(now);
        state.came = Instant::now();
    }

    /// Whether nobody waits, or something came within [`MOMENT`].
    pub(super) fn gets_on(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() || state.came.elapsed() < MOMENT
    }

    /// Waits for something from somebody for as long as what all bring is worth waiting for, and this one is not silent for
    /// as long as that.
    ///
    /// # Errors
    ///
    /// [`Fault::Crawls`] when it is over, `late` for that silence.
    pub(super) async fn hold<T>(&self, who: &str, what: impl Future<Output = T>, late: Fault) -> Result<T, Fault> {
        let waiting = self.wait_for(who);
        let since = self.lock().now();
        tokio::pin!(what);
        loop {
            let next = waiting.look()?.min(LOOK);
            let left = self.least.silence().saturating_add(since).saturating_sub(self.lock().now());
            if left.is_zero() {
                return Err(late);
            }
            tokio::select! {
                biased;
                done = &mut what => return Ok(done),
                () = tokio::time::sleep(next.min(left)) => {}
            }
        }
    }

    /// A request waits for somebody.
    fn wait_for(&self, who: &str) -> Waiting<'_> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        if state.runs_since.is_none() {
            let now = Instant::now();
            (state.runs_since, state.came, state.looked) = (Some(now), now, now);
        }
        state.waiting.push((number, who.to_owned()));
        Waiting { together: self, number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl State {
    fn now(&mut self) -> Duration {
        self.at(Instant::now())
    }

    fn at(&mut self, now: Instant) -> Duration {
        let Some(since) = &mut self.runs_since else { return self.clock };
        let unseen = now.saturating_duration_since(self.looked);
        if unseen > ASLEEP {
            *since += unseen;
        }
        self.looked = now;
        self.clock + now.saturating_duration_since(*since)
    }
}

impl Waiting<'_> {
    /// How long it may wait before it looks again.
    ///
    /// # Errors
    ///
    /// [`Fault::Crawls`] when it is over.
    fn look(&self) -> Result<Duration, Fault> {
        let mut state = self.together.lock();
        if let Some((before, rate)) = state.over
            && self.number < before
        {
            return Err(Fault::Crawls(rate));
        }
        let now = state.now();
        match state.flow.look(now) {
            Verdict::Over { rate } => {
                state.over = Some((state.next, rate));
                state.flow.restart(now);
                Err(Fault::Crawls(rate))
            }
            Verdict::Low { rate, left } => {
                let mut from: Vec<String> = Vec::new();
                for (_, who) in &state.waiting {
                    if !from.contains(who) {
                        from.push(who.clone());
                    }
                }
                let (tell, next) = (state.tell.clone(), state.flow.next_look(now));
                // Whoever is told may look at this client.
                drop(state);
                tell.into_iter().for_each(|tell| tell(&Low { from: from.clone(), rate, left }));
                Ok(next)
            }
            Verdict::Fine => Ok(state.flow.next_look(now)),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.together.lock();
        state.waiting.retain(|(number, _)| *number != self.number);
        if state.waiting.is_empty() {
            state.clock = state.now();
            state.runs_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        thread::sleep,
        time::Duration,
    };

    use super::{LeastSpeed, Together};
    use crate::errors::Fault;

    #[test]
    fn the_clock_stands_while_this_program_is_stopped() {
        let together = Together::new(LeastSpeed { limit: 1000, time: Duration::from_secs(30) });
        let _waiting = together.wait_for("one");
        let mut state = together.lock();
        let began = state.looked;
        for (seconds, shown) in [(1, 1), (3, 3), (100, 3), (102, 5), (103, 6), (200, 6)] {
            let shown = Duration::from_secs(shown);
            assert_eq!(state.at(began + Duration::from_secs(seconds)), shown, "after {seconds} s");
        }
    }

    #[test]
    fn those_who_wait_end_together_and_whoever_is_next_has_time_again() {
        let least = LeastSpeed { limit: 1000, time: Duration::from_millis(400) };
        let together = Together::new(least);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = Arc::clone(&told);
        together.tell(move |low| tells.lock().expect("nobody panics").push(low.from.clone()));
        // Nobody waits: no time passes.
        sleep(Duration::from_millis(500));
        let (one, other) = (together.wait_for("one"), together.wait_for("other"));
        assert!(one.look().is_ok_and(|next| next <= Duration::from_millis(134)));
        sleep(Duration::from_millis(150));
        assert!(other.look().is_ok());
        sleep(Duration::from_millis(300));
        assert_eq!((one.look(), other.look()), (Err(Fault::Crawls(0)), Err(Fault::Crawls(0))));
        let next = together.wait_for("next");
        assert!(next.look().is_ok());
        assert_eq!((one.look(), other.look()), (Err(Fault::Crawls(0)), Err(Fault::Crawls(0))), "for good");
        sleep(Duration::from_millis(300));
        together.received(100_000);
        sleep(Duration::from_millis(150));
        assert!(next.look().is_ok(), "enough came");
        assert_eq!(*told.lock().expect("nobody panics"), [["one", "other"]], "once");
    }
}
