//! What is known of one source: its rate, its connections, its faults. Pure.

use std::{collections::VecDeque, ops::Range, time::Duration};

use super::next::Lost;

/// A rate is measured over this stretch of time.
const WINDOW: Duration = Duration::from_secs(3);
/// And only after this long.
const FIRST_LOOK: Duration = Duration::from_millis(500);
/// Faults in a row after which a source is out.
const MOST_FAULTS: u32 = 3;
/// The first pause after a fault; doubled for each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// Who asks for a longer pause than this is not waited for.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// How long connections are watched before another one is tried.
const TRIAL: Duration = Duration::from_millis(1500);
/// Connections more were worth it if each brought this share of what each carried before.
const WORTH: f64 = 0.5;
/// Requests that may follow each other at once, and those a second that may from then on: a server's work is somebody's money,
/// and no line stands still for it.
const AT_ONCE: f64 = 120.0;
const A_SECOND: f64 = 2.0;

/// A source.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// What it fails together with.
    pub(super) domain: String,
    /// Serves only what no other source can.
    pub(super) reserve: bool,
    /// It lacks the cuts from here on.
    pub(super) missing_from: usize,
    /// It lacked something of a slice of several cuts; one at a time will tell what.
    pub(super) careful: bool,
    /// It is not to be asked any more.
    pub(super) out: bool,
    /// It is not to be asked before this moment.
    pub(super) rests_until: Duration,
    /// Connections it is to have.
    pub(super) connections: usize,
    faults: u32,
    joined: Duration,
    /// Bytes a second, from memory.
    expected_rate: Option<f64>,
    samples: VecDeque<(Duration, u64)>,
    watched_since: Duration,
    /// Bytes a second of each connection, before the last one was added.
    pace_before: Option<f64>,
    /// Connections before the last were added.
    before: usize,
    settled: bool,
    /// Requests that it may be sent, as of then.
    may: (f64, Duration),
    /// How long it takes to begin.
    pub(super) begins: Duration,
}

impl Line {
    pub(super) fn new(
        domain: &str,
        reserve: bool,
        expected_rate: Option<f64>,
        connections: usize,
        now: Duration,
    ) -> Self {
        Self {
            domain: domain.to_owned(),
            reserve,
            missing_from: usize::MAX,
            careful: false,
            out: false,
            rests_until: Duration::ZERO,
            connections,
            faults: 0,
            joined: now,
            expected_rate,
            samples: VecDeque::new(),
            watched_since: now,
            pace_before: None,
            before: connections,
            settled: false,
            may: (AT_ONCE, now),
            begins: Duration::ZERO,
        }
    }

    /// Whether it serves, and has the cuts from this one on, and is no reserve.
    pub(super) fn is_ordinary(&self, from: usize) -> bool {
        !self.reserve && !self.out && self.missing_from > from
    }

    /// Whether nothing has come from it yet.
    pub(super) fn is_new(&self) -> bool {
        self.samples.is_empty()
    }

    /// Bytes came.
    pub(super) fn received(&mut self, bytes: u64, now: Duration) {
        match self.samples.back_mut() {
            // Ten a second are enough.
            Some((at, sum)) if now.saturating_sub(*at) < WINDOW / 30 => *sum += bytes,
            _ => self.samples.push_back((now, bytes)),
        }
        while self.samples.front().is_some_and(|(at, _)| now.saturating_sub(*at) > WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Bytes a second: as measured, or as remembered before anything was measured.
    pub(super) fn rate(&self, now: Duration) -> Option<f64> {
        let time = now.saturating_sub(self.joined).min(WINDOW);
        if time < FIRST_LOOK || self.is_new() {
            return self.expected_rate;
        }
        let recent = self.samples.iter().filter(|(at, _)| now.saturating_sub(*at) <= WINDOW);
        let bytes: u64 = recent.map(|(_, bytes)| *bytes).sum();
        Some(bytes as f64 / time.as_secs_f64())
    }

    /// Whether it may be asked now.
    pub(super) fn may_be_asked(&mut self, now: Duration) -> bool {
        let (left, then) = self.may;
        self.may = ((left + now.saturating_sub(then).as_secs_f64() * A_SECOND).min(AT_ONCE), now);
        self.may.0 >= 1.0
    }

    /// It is asked.
    pub(super) fn is_asked(&mut self) {
        self.may.0 -= 1.0;
    }

    /// It has begun to answer after so long.
    pub(super) fn has_begun(&mut self, after: Duration) {
        self.begins = if self.begins.is_zero() { after } else { (self.begins * 3 + after) / 4 };
    }

    /// A slice was delivered.
    pub(super) fn delivered(&mut self) {
        (self.faults, self.careful) = (0, false);
    }

    /// A slice of these cuts was not delivered.
    pub(super) fn lost(&mut self, why: Lost, cuts: &Range<usize>, others_serve: bool, now: Duration) {
        match why {
            Lost::Missing if cuts.len() > 1 => self.careful = true,
            Lost::Missing => self.missing_from = self.missing_from.min(cuts.start),
            Lost::Banned => self.out = true,
            Lost::Busy(wait) => {
                // It has a queue, and more of us make that longer.
                (self.connections, self.settled) = (1, true);
                self.faults += 1;
                self.rests_until = now + wait.min(LONGEST_REST);
                self.out |= wait > LONGEST_REST || self.faults >= MOST_FAULTS;
            }
            Lost::Silent if others_serve => self.out = true,
            Lost::Silent | Lost::Broken => {
                self.faults += 1;
                self.out |= self.faults >= MOST_FAULTS;
                self.rests_until = now + PAUSE * 2_u32.pow(self.faults.min(MOST_FAULTS) - 1);
            }
        }
    }

    /// One more try, after a pause.
    pub(super) fn revive(&mut self, now: Duration) {
        (self.out, self.faults, self.rests_until) = (false, MOST_FAULTS - 1, now + PAUSE);
    }

    /// How many connections it is to have. Where more bring more, the line has room for twice as many; where they do
    /// not, the last ones go again. `busy` carry something at the moment; no more than `most` are
    /// tried.
    pub(super) fn try_connections(&mut self, rate: f64, busy: usize, most: usize, now: Duration) -> usize {
        if self.out {
            return 0;
        }
        if self.settled || now.saturating_sub(self.watched_since) < TRIAL || busy < self.connections {
            return self.connections;
        }
        let (before, added) = (self.before as f64, (self.connections - self.before) as f64);
        match self.pace_before {
            Some(pace) if rate < pace * (before + WORTH * added) => {
                self.connections = self.before;
                self.settled = true;
            }
            _ if self.connections >= most => self.settled = self.pace_before.is_some(),
            _ => {
                self.pace_before = Some(rate / self.connections as f64);
                self.before = self.connections;
                self.connections = (self.connections * 2).min(most);
                self.watched_since = now;
            }
        }
        self.connections
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Line, Lost};
    use std::time::Duration;

    #[test]
    fn a_server_is_not_asked_without_end_and_one_with_a_queue_has_one_connection() {
        let mut line = Line::new("a", false, None, 2, Duration::ZERO);
        let mut asked = |seconds: std::ops::Range<u64>| {
            let moments = seconds.start * 100..seconds.end * 100;
            let may = moments.filter(|moment| {
                let may = line.may_be_asked(Duration::from_millis(moment * 10));
                may.then(|| line.is_asked());
                may
            });
            may.count()
        };
        assert_eq!(asked(0..2), AT_ONCE as usize + 3);
        assert_eq!(asked(2..12), 20, "two a second from then on");
        assert_eq!(asked(100..102), AT_ONCE as usize + 3, "after a while as at first");
        line.lost(Lost::Busy(Duration::from_secs(1)), &(0..1), true, Duration::from_secs(200));
        assert_eq!(line.try_connections(1e9, 1, 4, Duration::from_secs(300)), 1);
    }

    /// Connections in the end, if each could have `each` bytes a second and all together `all`.
    fn connections(each: f64, all: f64, most: usize) -> usize {
        let mut line = Line::new("a", false, None, 2.min(most), Duration::ZERO);
        for tenths in 0..200 {
            let busy = line.connections;
            line.try_connections((each * busy as f64).min(all), busy, most, Duration::from_millis(tenths * 100));
        }
        line.connections
    }

    #[test]
    fn connections_are_added_while_they_bring_more() {
        for (each, all, most, expected) in
            [(1e6, 1e9, 4, 4), (1e6, 1e9, 8, 8), (1e6, 1e6, 4, 2), (1e6, 3e6, 8, 4), (1e6, 1e9, 1, 1), (1e6, 1e9, 3, 3)]
        {
            assert_eq!(connections(each, all, most), expected, "{each} {all} {most}");
        }
    }
}
