//! Whether a pack that comes from one source takes so long that others should help. Pure: bytes and times in.
//!
//! It is asked again and again while the pack comes: what the first bytes promise is a guess.

use std::{collections::VecDeque, time::Duration};

/// A pack that takes no longer than this is not worth sharing; and where nobody else could help, neither is one that
/// takes a while.
const SHORT: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
/// The pace is that of this stretch of time.
const WINDOW: Duration = Duration::from_secs(2);
/// And nothing is decided before this much of it.
const FIRST: Duration = Duration::from_millis(500);
/// Where less than this share of the time was spent waiting for the line, it is this machine that is slow.
const WAITED: f64 = 0.5;

/// Whether so many bytes take long at so many a second. `alone`: there is no other source.
pub fn is_long(left: u64, rate: f64, alone: bool) -> bool {
    left as f64 / rate.max(1.0) > SHORT[usize::from(alone)].as_secs_f64()
}

/// The pace of a pack.
#[derive(Debug)]
pub struct Outlook {
    alone: bool,
    /// Moments, the bytes that had come by then, and how long they were waited for.
    seen: VecDeque<(Duration, u64, Duration)>,
}

impl Outlook {
    /// Of a pack of which nothing has come. `alone`: there is no other source.
    pub fn new(alone: bool) -> Self {
        Self { alone, seen: VecDeque::new() }
    }

    /// So many bytes have come in all by now, for which the line was waited for so long, and so many are left. Whether
    /// others should help.
    pub fn wants_help(&mut self, now: Duration, bytes: u64, waited: Duration, left: u64) -> bool {
        self.seen.push_back((now, bytes, waited));
        while self.seen.len() > 2 && self.seen[1].0 + WINDOW < now {
            self.seen.pop_front();
        }
        let (since, before, waited_before) = self.seen[0];
        let time = now.saturating_sub(since);
        let rate = (bytes - before) as f64 / time.as_secs_f64().max(0.001);
        let share = (waited.saturating_sub(waited_before)).as_secs_f64() / time.as_secs_f64().max(0.001);
        time >= FIRST && share > WAITED && is_long(left, rate, self.alone)
    }
}

#[cfg(test)]
mod tests {
    use super::Outlook;
    use std::time::Duration;

    /// Tenths of a second after which help is wanted, of a pack of 100 MB, most of which is not foreseen at first.
    fn asks(alone: bool, share: f64, rate: impl Fn(u64) -> f64, left: impl Fn(u64) -> u64) -> Option<u64> {
        let mut outlook = Outlook::new(alone);
        let (mut bytes, mut waited) = (0.0, Duration::ZERO);
        (0..300).find(|tenth| {
            bytes += rate(*tenth) / 10.0;
            waited += Duration::from_millis((100.0 * share) as u64);
            outlook.wants_help(Duration::from_millis(tenth * 100), bytes as u64, waited, left(bytes as u64))
        })
    }

    #[test]
    fn help_is_wanted_when_the_line_is_slow_for_what_is_left() {
        let all = |bytes: u64| 100_000_000_u64.saturating_sub(bytes);
        let guess = |bytes: u64| if bytes < 5_000_000 { 1_000_000 } else { all(bytes) };
        assert_eq!(asks(false, 0.9, |_| 1e6, all), Some(5), "at once");
        assert_eq!(asks(false, 0.9, |_| 1e8, all), None, "a second in all");
        assert_eq!(asks(false, 0.9, |_| 1e6, guess), Some(49), "when the guess is passed");
        assert_eq!(asks(false, 0.1, |_| 1e6, all), None, "this machine is slow");
        assert_eq!(asks(true, 0.9, |_| 12e6, all), None, "nobody else is there");
        assert_eq!(asks(true, 0.9, |_| 1e6, all), Some(5), "but for more connections");
        let fades = |tenth| if tenth < 5 { 8e6 } else { 1e6 };
        assert!(asks(false, 0.9, fades, |bytes| 12_000_000_u64.saturating_sub(bytes)).is_some_and(|tenth| tenth < 25));
    }
}
