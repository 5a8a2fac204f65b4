//! Measurements in, ordered candidates with reasons out. Pure: no clock, no disk, no network.
//!
//! The order is by the expected time to finish this request. Near-equals are shuffled by weight, so that a cluster does
//! not send all its load to one of them, and now and then one that was not measured lately goes first, so that a
//! recovered mirror is found again.

use std::time::Duration;

use super::health::Record;

/// Expected of a mirror of which nothing is known: seconds to the first byte, bytes per second.
const UNKNOWN: (f64, f64) = (0.4, 1_000_000.0);
/// Seconds after which a measurement counts half.
const HALF_LIFE: f64 = 3.0 * 86_400.0;
/// Candidates within this factor of the best are near-equals.
const NEAR: f64 = 1.25;
/// One request in so many explores.
const EXPLORE_EVERY: u64 = 20;
/// Seconds after which a measurement is old enough to be worth exploring.
const STALE: u64 = 86_400;

/// What is known of one candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// What was measured.
    pub record: Record,
    /// Its share of the load among near-equals.
    pub weight: f64,
}

/// A candidate's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Which candidate of those given.
    pub index: usize,
    /// Expected time to finish the request.
    pub expected: Duration,
    /// Why it stands here, for `--json` and diagnostics.
    pub reason: &'static str,
}

/// Orders candidates for a request of about `size` bytes. `now` is in seconds since 1970, `dice` any random number.
pub fn rank(inputs: &[Input], size: u64, now: u64, dice: u64) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let record = &input.record;
            let reason = match (record.until > now, record.goodput.or(record.first_byte)) {
                (true, _) => "it failed lately",
                (false, Some(_)) => "measured",
                (false, None) => "not measured yet",
            };
            Ranked { index, expected: expected(record, size, now), reason }
        })
        .collect();
    ranked.sort_by_key(|r| (inputs[r.index].record.until > now, r.expected));
    let well = ranked.iter().take_while(|r| inputs[r.index].record.until <= now).count();
    let near = ranked[..well]
        .iter()
        .take_while(|r| r.expected.as_secs_f64() <= ranked[0].expected.as_secs_f64() * NEAR)
        .count();
    let mut dice = Dice(dice);
    for place in 0..near.saturating_sub(1) {
        let weights: Vec<f64> = ranked[place..near].iter().map(|r| inputs[r.index].weight).collect();
        let drawn = place + dice.draw(&weights);
        if drawn != place {
            ranked[place..=drawn].rotate_right(1);
            ranked[place].reason = "its turn among equals";
        }
    }
    let is_stale = |ranked: &Ranked| inputs[ranked.index].record.measured + STALE < now;
    // Where the first one was not measured lately either, asking it is what exploring would be, and weights hold.
    if dice.next().is_multiple_of(EXPLORE_EVERY)
        && !ranked.first().is_some_and(is_stale)
        && let Some(place) = (1..well).find(|place| is_stale(&ranked[*place]))
    {
        ranked[..=place].rotate_right(1);
        ranked[0].reason = "measured again, since the last time is long ago";
    }
    ranked
}

fn expected(record: &Record, size: u64, now: u64) -> Duration {
    let age = now.saturating_sub(record.measured) as f64;
    let trust = 0.5_f64.powf(age / HALF_LIFE);
    let blend =
        |known: Option<f64>, unknown: f64| known.map_or(unknown, |known| known * trust + unknown * (1.0 - trust));
    let rate = blend(record.goodput, UNKNOWN.1).max(1.0);
    Duration::from_secs_f64((blend(record.first_byte, UNKNOWN.0) + size as f64 / rate).clamp(0.0, 1e9))
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough chance to spread load.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An index, as often as its weight asks.
    fn draw(&mut self, weights: &[f64]) -> usize {
        let sum: f64 = weights.iter().sum();
        let mut left = (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        weights
            .iter()
            .position(|weight| {
                left -= weight;
                left < 0.0
            })
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, rank};
    use crate::select::Record;

    const NOW: u64 = 1_800_000_000;

    fn measured(goodput: f64, first_byte: f64) -> Input {
        Input {
            record: Record { goodput: Some(goodput), first_byte: Some(first_byte), measured: NOW, faults: 0, until: 0 },
            weight: 1.0,
        }
    }

    fn order(inputs: &[Input], size: u64, dice: u64) -> Vec<usize> {
        rank(inputs, size, NOW, dice).iter().map(|r| r.index).collect()
    }

    #[test]
    fn goodput_decides_large_requests_and_latency_small_ones() {
        let (far_and_fast, near_and_slow) = (measured(8e6, 0.3), measured(4e5, 0.02));
        for dice in 0..100 {
            assert_eq!(order(&[near_and_slow, far_and_fast], 50_000_000, dice), [1, 0]);
            assert_eq!(order(&[far_and_fast, near_and_slow], 1000, dice), [1, 0]);
        }
    }

    #[test]
    fn an_open_breaker_goes_last_but_is_not_lost() {
        let mut broken = measured(9e9, 0.0);
        broken.record.until = NOW + 10;
        for dice in 0..100 {
            assert_eq!(order(&[broken, measured(1e3, 1.0)], 1_000_000, dice), [1, 0]);
        }
    }

    #[test]
    fn equals_share_the_load_by_weight() {
        let heavy = Input { weight: 3.0, ..measured(1e6, 0.1) };
        let firsts = (0..1000).filter(|dice| order(&[measured(1e6, 0.1), heavy], 1_000_000, *dice)[0] == 1).count();
        assert!((680..820).contains(&firsts), "{firsts} of 1000");
    }

    #[test]
    fn an_old_measurement_is_tried_again_now_and_then() {
        let mut old = measured(1e4, 0.5);
        old.record.measured = NOW - 2 * 86_400;
        let explored = (0..1000).filter(|dice| order(&[measured(1e7, 0.1), old], 10_000_000, *dice)[0] == 1).count();
        assert!((20..100).contains(&explored), "{explored} of 1000");
    }

    #[test]
    fn among_those_that_were_not_measured_lately_weights_decide() {
        let unknown = Input { record: Record::default(), weight: 1.0 };
        let stale = |goodput| {
            let mut old = measured(goodput, 0.1);
            old.record.measured = NOW - 2 * 86_400;
            old
        };
        for (others, what) in [
            (vec![unknown, unknown], "nobody was ever measured"),
            (vec![stale(1e6), stale(1e6)], "all were, days ago"),
            (vec![unknown], "two of whom nothing is known"),
        ] {
            let first = Input { weight: 1e12, ..others[0] };
            let all: Vec<Input> = others.into_iter().chain([first]).collect();
            let firsts = (0..1000).filter(|dice| order(&all, 1_000_000, *dice)[0] == all.len() - 1).count();
            assert_eq!(firsts, 1000, "{what}");
        }
    }
}
