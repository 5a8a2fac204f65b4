//! Which source fetches which segment of a file. Pure, but for the clock that it is handed.
//!
//! Whoever answered first goes on from the beginning for as long as nobody else has taken what comes next; the others
//! take segments from the end, each one after the other. A segment that was lost goes back, and one that is late at the
//! end is asked for once more elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{lateness::UnderWay, part::Part, repair::Sent, sources::SourceId};

/// Bytes of a segment, at least: a request costs a round trip.
const LEAST: u64 = 256 << 10;
/// And at most: it is what a lost one costs.
const MOST: u64 = 2 << 20;
/// There are so many segments if they are not too small for that.
const COUNT: u64 = 48;
/// A segment is late when it is expected to take so much longer than it would take elsewhere.
const LATE: Duration = Duration::from_millis(500);

/// A segment on its way; times are since the transfer began.
#[derive(Debug)]
struct Running {
    source: SourceId,
    began: Duration,
    heard: Duration,
    received: u64,
    doubled: bool,
}

/// What is still to be done.
#[derive(Debug)]
pub(super) struct SegmentPlan {
    size: u64,
    segment: u64,
    /// Segments that nobody has begun, by number.
    free: Vec<u64>,
    running: BTreeMap<u64, Vec<Running>>,
    left: u64,
    /// Who sent what is here.
    sent: BTreeMap<u64, SourceId>,
    /// Who has sent anything of a segment: of two at once each writes over the other.
    touched: BTreeSet<(u64, SourceId)>,
}

impl SegmentPlan {
    /// A file of so many bytes, nothing of which is here.
    pub(super) fn new(size: u64) -> Self {
        let segment = (size / COUNT).clamp(LEAST, MOST);
        let left = size.div_ceil(segment);
        Self {
            size,
            segment,
            free: (0..left).collect(),
            running: BTreeMap::new(),
            left,
            sent: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Whether all segments are here.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Who sent which segment.
    pub(super) fn sent(&self) -> Sent {
        Sent {
            size: self.size,
            segment: self.segment,
            by: self.sent.clone(),
            touched: self.touched.clone(),
            liars: Vec::new(),
        }
    }

    /// The bytes of a segment.
    pub(super) fn part(&self, number: u64) -> Part {
        let from = number * self.segment;
        Part { from, to: Some((from + self.segment).min(self.size)), alone: false }
    }

    /// How many bytes a segment has.
    pub(super) fn bytes(&self, number: u64) -> u64 {
        let part = self.part(number);
        part.to.unwrap_or(self.size) - part.from
    }

    /// The next segment for a source of this rate, in bytes a second: a free one from the end, or one that is late elsewhere.
    pub(super) fn next(&mut self, id: SourceId, rate: Option<f64>, now: Duration) -> Option<u64> {
        let number = self.free.pop().or_else(|| self.late(id, rate?, now))?;
        self.run(number, id, now);
        Some(number)
    }

    /// Takes this very segment, if nobody has begun it.
    pub(super) fn claim(&mut self, number: u64, id: SourceId, now: Duration) -> bool {
        let Some(at) = self.free.iter().position(|free| *free == number) else { return false };
        self.free.remove(at);
        self.run(number, id, now);
        true
    }

    /// Bytes of a segment came. False when somebody else was faster.
    pub(super) fn received(&mut self, number: u64, id: SourceId, bytes: u64, now: Duration) -> bool {
        let running = self.running.get_mut(&number).and_then(|all| all.iter_mut().find(|one| one.source == id));
        let Some(running) = running else { return false };
        running.received += bytes;
        self.touched.insert((number, id));
        running.heard = now;
        true
    }

    /// A segment is here. Those who are fetching it as well need not go on.
    pub(super) fn arrived(&mut self, number: u64, id: SourceId) -> Vec<SourceId> {
        let Some(running) = self.running.remove(&number) else { return Vec::new() };
        self.left -= 1;
        self.sent.insert(number, id);
        running.into_iter().map(|one| one.source).filter(|source| *source != id).collect()
    }

    /// A source did not deliver a segment. False when that does not matter any more, since another one has.
    pub(super) fn lost(&mut self, number: u64, id: SourceId) -> bool {
        let Some(running) = self.running.get_mut(&number) else { return false };
        running.retain(|one| one.source != id);
        running.iter_mut().for_each(|one| one.doubled = false);
        if running.is_empty() {
            self.running.remove(&number);
            self.free.push(number);
        }
        true
    }

    /// What one is about to send is to come from others, and this segment came from another one in its place.
    pub(super) fn revoke(&mut self, id: SourceId, replaced: Option<(u64, SourceId)>) {
        let under_way: Vec<u64> = self.running.keys().copied().collect();
        for number in under_way {
            if self.running[&number].iter().any(|one| one.source == id) {
                self.lost(number, id);
            }
        }
        self.sent.extend(replaced);
    }

    /// A segment under way that is late, the latest of them.
    fn late(&mut self, id: SourceId, rate: f64, now: Duration) -> Option<u64> {
        let late = |(number, running): (&u64, &Vec<Running>)| {
            let [only] = running.as_slice() else { return None };
            if only.source == id || only.doubled {
                return None;
            }
            let time = now.saturating_sub(only.began).as_secs_f64().max(0.001);
            let under_way = UnderWay {
                size: self.bytes(*number),
                received: only.received,
                pace: only.received as f64 / time,
                silent: now.saturating_sub(only.heard),
            };
            under_way.is_late(rate, LATE).then_some((under_way.finish(), *number))
        };
        let (_, number) = self.running.iter().filter_map(late).max_by(|a, b| a.0.total_cmp(&b.0))?;
        self.running.get_mut(&number).into_iter().flatten().for_each(|one| one.doubled = true);
        Some(number)
    }

    fn run(&mut self, number: u64, source: SourceId, now: Duration) {
        let running = Running { source, began: now, heard: now, received: 0, doubled: false };
        self.running.entry(number).or_default().push(running);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SegmentPlan;

    /// Bytes a second of a line, after this many milliseconds; its last rate lasts.
    type Line = fn(u64) -> f64;

    /// Milliseconds of one step: a segment ends with one, so long ones would cost.
    const STEP: u64 = 1;

    /// Milliseconds until a file of this size is here over these lines, and how many bytes came in vain.
    fn simulated(size: u64, lines: &[Line]) -> (u64, u64) {
        let mut plan = SegmentPlan::new(size);
        // What each line is fetching: the segment, and the bytes it has of it.
        let mut busy: Vec<Option<(u64, f64)>> = vec![None; lines.len()];
        let (mut bytes, mut ms) = (0.0, 0);
        while !plan.is_done() {
            assert!(ms < 600_000, "no end: {plan:?}");
            let now = Duration::from_millis(ms);
            for (id, line) in lines.iter().enumerate() {
                if busy[id].is_none() {
                    let rate = Some(line(0)).filter(|_| ms > 0);
                    busy[id] = plan.next(id, rate, now).map(|number| (number, 0.0));
                }
                let Some((number, had)) = &mut busy[id] else { continue };
                let came = line(ms) * STEP as f64 / 1000.0;
                let (number, before) = (*number, *had as u64);
                *had += came;
                bytes += came;
                let come = (*had as u64).saturating_sub(before);
                if come > 0 && !plan.received(number, id, come, now) {
                    busy[id] = None;
                } else if *had >= plan.bytes(number) as f64 {
                    busy[id] = None;
                    for twin in plan.arrived(number, id) {
                        busy[twin] = None;
                    }
                }
            }
            ms += STEP;
        }
        (ms, (bytes as u64).saturating_sub(size))
    }

    #[test]
    fn lines_are_shared_by_what_they_carry() {
        let (fast, middle, slow): (Line, Line, Line) = (|_| 8e6, |_| 4e6, |_| 0.5e6);
        let falls_silent: Line = |ms| if ms < 1000 { 4e6 } else { 0.0 };
        let breaks_in: Line = |ms| if ms < 1000 { 4e6 } else { 0.1e6 };
        for (case, lines, share) in [
            ("one", vec![fast], 0.98),
            ("two alike", vec![middle, middle], 0.95),
            ("three of a kind each", vec![fast, middle, slow], 0.9),
            ("a very slow one beside a fast one", vec![fast, slow], 0.9),
            ("one falls silent", vec![fast, falls_silent], 0.55),
            ("one breaks in", vec![fast, breaks_in], 0.55),
        ] {
            let size = 50_000_000;
            let sum: f64 = lines.iter().map(|line| line(0)).sum();
            let (took, wasted) = simulated(size, &lines);
            let best = size as f64 / sum * 1000.0;
            assert!(best / took as f64 >= share, "{case}: {took} ms, {best:.0} ms at best");
            assert!(wasted < size / 20, "{case}: {wasted} bytes in vain");
        }
    }

    #[test]
    fn what_a_liar_is_sending_comes_from_others_and_what_it_sent_is_known() {
        let mut plan = SegmentPlan::new(10 << 20);
        let now = Duration::ZERO;
        assert!(plan.claim(0, 0, now));
        let last = plan.next(1, None, now).expect("the last one");
        plan.arrived(last, 1);
        let next = plan.next(1, None, now).expect("one more");
        plan.revoke(1, Some((last, 2)));
        assert_eq!(plan.sent().by, [(last, 2)].into_iter().collect());
        assert!(!plan.received(next, 1, 1, now), "it need not go on");
        assert!(plan.claim(next, 0, now) && !plan.claim(last, 0, now));
    }

    #[test]
    fn who_answered_first_goes_on_until_it_meets_the_others() {
        let mut plan = SegmentPlan::new(10 << 20);
        let now = Duration::ZERO;
        assert!(plan.claim(0, 0, now) && !plan.claim(0, 1, now));
        let last = plan.next(1, None, now).expect("the last one");
        assert_eq!(plan.part(last).to, Some(10 << 20));
        assert!(plan.arrived(0, 0).is_empty());
        assert!(plan.claim(1, 0, now) && !plan.claim(last, 0, now));
        assert!(plan.lost(last, 1) && plan.claim(last, 0, now), "what was lost goes back");
        assert_eq!(plan.arrived(last, 0), Vec::<usize>::new());
        assert!(!plan.lost(last, 1), "what is here is not lost");
    }
}
