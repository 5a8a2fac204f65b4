//! Whether what all sources bring together is worth waiting for. Pure: moments are those of a clock that runs while somebody
//! waits, and are given.
//!
//! As git has it with `http.lowSpeedLimit` and `http.lowSpeedTime`, but for all together, and with a word in between.

use std::time::Duration;

use crate::config::Net;

/// At this share of the time somebody should know.
const WORD: u32 = 3;
/// A source that says that it is alive, and sends nothing, is believed for so many times the time.
const ALIVE: u32 = 10;

/// What all sources together must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastSpeed {
    /// Bytes a second; with 0 nobody is held to anything.
    pub limit: u64,
    /// For how long it may be less; likewise.
    pub time: Duration,
}

/// As `net.low-speed-limit` and `net.low-speed-time` have it where nobody sets them.
impl Default for LeastSpeed {
    fn default() -> Self {
        Self { limit: 1000, time: Duration::from_secs(30) }
    }
}

impl LeastSpeed {
    /// As it is configured.
    pub fn of(net: &Net) -> Self {
        Self { limit: net.low_speed_limit.value, time: net.low_speed_time.value }
    }

    /// Whether anybody is held to it.
    pub fn is_off(self) -> bool {
        self.limit == 0 || self.time.is_zero()
    }

    /// Longest silence of one request, whatever others do.
    pub(super) fn silence(self) -> Duration {
        if self.is_off() { Duration::MAX } else { self.time }
    }
}

/// What is to be thought of a flow; rates are in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is enough, or it was not too little for long.
    Fine,
    /// It is too little, which was not said yet; in this time it is over.
    Low { rate: u64, left: Duration },
    /// It was too little for too long.
    Over { rate: u64 },
}

/// How much came, and when.
#[derive(Debug)]
pub(super) struct Flow {
    least: LeastSpeed,
    /// From here on it was always too little.
    since: Duration,
    /// Bytes since then.
    bytes: u64,
    /// When it was enough, or nobody waited yet.
    enough_at: Duration,
    was_said: bool,
}

impl Flow {
    pub(super) fn new(least: LeastSpeed, now: Duration) -> Self {
        Self { least, since: now, bytes: 0, enough_at: now, was_said: false }
    }

    /// Bytes came.
    pub(super) fn received(&mut self, bytes: u64, now: Duration) {
        self.bytes += bytes;
        let enough = self.least.limit as f64 * now.saturating_sub(self.since).as_secs_f64();
        if self.bytes as f64 >= enough {
            self.restart(now);
        }
    }

    /// A source said that it is alive: it is looking for what it is to send.
    pub(super) fn alive(&mut self, now: Duration) {
        if now.saturating_sub(self.enough_at) < self.least.time.saturating_mul(ALIVE) {
            (self.since, self.bytes) = (now, 0);
        }
    }

    /// Whoever sends now has all the time that there is.
    pub(super) fn restart(&mut self, now: Duration) {
        (self.since, self.bytes, self.enough_at) = (now, 0, now);
    }

    /// What is to be thought of it. What must be said is said once.
    pub(super) fn look(&mut self, now: Duration) -> Verdict {
        let elapsed = now.saturating_sub(self.since);
        let rate = (self.bytes as f64 / elapsed.as_secs_f64().max(0.001)) as u64;
        match self.least.time.checked_sub(elapsed) {
            _ if self.least.is_off() => Verdict::Fine,
            None | Some(Duration::ZERO) => Verdict::Over { rate },
            Some(left) if !self.was_said && elapsed >= self.least.time / WORD => {
                self.was_said = true;
                Verdict::Low { rate, left }
            }
            Some(_) => Verdict::Fine,
        }
    }

    /// When to look again, if nothing comes.
    pub(super) fn next_look(&self, now: Duration) -> Duration {
        if self.least.is_off() {
            return Duration::MAX;
        }
        let next = if self.was_said { self.least.time } else { self.least.time / WORD };
        (self.since + next).saturating_sub(now).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Flow, LeastSpeed, Verdict};
    use crate::{config::Config, system::Environment};
    use std::time::Duration;

    /// What happens: so many bytes come, or a sign of life.
    const ALIVE: u64 = u64::MAX;

    /// What is said of these events, each at a second, up to this second, with 1 kB for 30 s.
    fn judged(events: &[(u64, u64)], until: u64) -> Vec<(u64, Verdict)> {
        let mut flow = Flow::new(LeastSpeed::default(), Duration::ZERO);
        let mut said = Vec::new();
        for second in 0..=until {
            let now = Duration::from_secs(second);
            for (_, bytes) in events.iter().filter(|(at, _)| *at == second) {
                if *bytes == ALIVE { flow.alive(now) } else { flow.received(*bytes, now) }
            }
            match flow.look(now) {
                Verdict::Fine => {}
                verdict => said.push((second, verdict)),
            }
            if matches!(said.last(), Some((_, Verdict::Over { .. }))) {
                break;
            }
        }
        said
    }

    fn each_second(bytes: u64, from: u64, to: u64) -> Vec<(u64, u64)> {
        (from..to).map(|second| (second, bytes)).collect()
    }

    fn low(rate: u64) -> Verdict {
        Verdict::Low { rate, left: Duration::from_secs(20) }
    }

    #[test]
    fn too_little_for_too_long_is_said_and_then_it_is_over() {
        let drip = each_second(16, 1, 100);
        let fast_then_drip = [each_second(100_000, 0, 20), each_second(16, 20, 100)].concat();
        let pauses = [each_second(50_000, 0, 5), each_second(50_000, 30, 35)].concat();
        let keep_alive = |until: u64| (0..until / 5).map(|n| (n * 5, ALIVE)).collect::<Vec<_>>();
        for (case, events, until, said) in [
            ("nothing", vec![], 60, vec![(10, low(0)), (30, Verdict::Over { rate: 0 })]),
            ("a drip", drip, 60, vec![(10, low(16)), (30, Verdict::Over { rate: 16 })]),
            ("a little less", each_second(999, 1, 100), 60, vec![(10, low(999)), (30, Verdict::Over { rate: 999 })]),
            ("just enough", each_second(1000, 1, 100), 99, vec![]),
            ("an answer after a while", vec![(8, 500_000)], 17, vec![]),
            ("fast, then a drip", fast_then_drip, 60, vec![(29, low(16)), (49, Verdict::Over { rate: 16 })]),
            // It was said once, and twice is no better.
            ("a long pause, and again", pauses, 70, vec![(14, low(0)), (64, Verdict::Over { rate: 0 })]),
            (
                "a burst that is too small",
                vec![(25, 20_000)],
                60,
                vec![(10, low(0)), (30, Verdict::Over { rate: 666 })],
            ),
            ("it looks, and says so", keep_alive(200), 200, vec![]),
            ("it says so, and then it comes", [keep_alive(100), each_second(2000, 100, 200)].concat(), 199, vec![]),
            // Not for ever.
            (
                "it says so and nothing else",
                keep_alive(1000),
                999,
                vec![(305, low(0)), (325, Verdict::Over { rate: 0 })],
            ),
        ] {
            assert_eq!(judged(&events, until), said, "{case}");
        }
    }

    #[test]
    fn who_is_told_nothing_has_what_the_defaults_say() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::of([("HOME", home.path().as_os_str())], home.path());
        let config = Config::load(&env).expect("the defaults");
        assert_eq!(LeastSpeed::of(&config.net), LeastSpeed::default());
    }

    #[test]
    fn a_limit_of_nothing_is_none() {
        for least in [
            LeastSpeed { limit: 0, ..LeastSpeed::default() },
            LeastSpeed { time: Duration::ZERO, ..LeastSpeed::default() },
        ] {
            let mut flow = Flow::new(least, Duration::ZERO);
            assert_eq!(flow.look(Duration::from_secs(1_000_000)), Verdict::Fine);
            assert_eq!((flow.next_look(Duration::ZERO), least.silence()), (Duration::MAX, Duration::MAX));
        }
    }

    #[test]
    fn the_next_look_is_when_something_is_to_be_said() {
        let mut flow = Flow::new(LeastSpeed::default(), Duration::from_secs(5));
        let at = |seconds| Duration::from_secs(seconds);
        assert_eq!(flow.next_look(at(5)), at(10));
        flow.received(5000, at(8));
        assert_eq!(flow.next_look(at(8)), at(10));
        assert_eq!(flow.look(at(18)), low(0));
        assert_eq!(flow.next_look(at(18)), at(20));
        flow.restart(at(18));
        assert_eq!(flow.next_look(at(20)), at(28));
    }
}
