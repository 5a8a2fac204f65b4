//! How fast bytes have come lately. Pure: moments are given.

use std::time::Duration;

/// Over so long.
const RECENT: Duration = Duration::from_secs(2);
/// Over less than this nothing is known of a rate.
const LEAST: f64 = 0.2;

/// What had come by some moments.
#[derive(Debug, Default)]
pub struct Rate(Vec<(Duration, u64)>);

impl Rate {
    /// So many bytes have come in all by now.
    pub fn note(&mut self, now: Duration, bytes: u64) {
        self.0.push((now, bytes));
        // One moment from before stays, so that something is known of all of it.
        while self.0.len() > 2 && now - self.0[1].0 >= RECENT {
            self.0.remove(0);
        }
    }

    /// Bytes a second, by now.
    pub fn at(&self, now: Duration) -> f64 {
        let (Some((since, before)), Some((_, bytes))) = (self.0.first(), self.0.last()) else { return 0.0 };
        bytes.saturating_sub(*before) as f64 / (now - *since).as_secs_f64().max(LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;
    use std::time::Duration;

    #[test]
    fn it_is_the_rate_of_the_last_seconds() {
        let mut rate = Rate::default();
        let at = |tenths: u64| Duration::from_millis(tenths * 100);
        assert_eq!(rate.at(at(5)), 0.0);
        // A megabyte a second, then half of that, then nothing.
        let mut bytes = 0;
        for tenth in 0..150 {
            bytes += [100_000, 50_000, 0][tenth / 50];
            rate.note(at(tenth as u64), bytes);
            match tenth {
                49 => assert_eq!(rate.at(at(49)), 1e6),
                59 => assert!((7e5..8e5).contains(&rate.at(at(59))), "{}", rate.at(at(59))),
                99 => assert_eq!(rate.at(at(99)), 5e5),
                149 => assert_eq!(rate.at(at(149)), 0.0),
                _ => {}
            }
        }
    }
}
