//! When a part of a job that is under way at one source is worth asking for at another: the one rule, for slices of a
//! history and for segments of a file. Pure.

use std::time::Duration;

/// A part from which nothing comes for so long is as good as stalled.
const SILENT: Duration = Duration::from_secs(1);

/// A part under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnderWay {
    /// Its bytes, as far as they are known.
    pub size: u64,
    /// Those that have arrived.
    pub received: u64,
    /// Bytes a second with which it arrives.
    pub pace: f64,
    /// For how long nothing has come of it.
    pub silent: Duration,
}

impl UnderWay {
    /// Whether nothing has come for too long.
    pub fn is_silent(&self) -> bool {
        self.silent > SILENT
    }

    /// Bytes that are still to come.
    pub fn left(&self) -> u64 {
        self.size.saturating_sub(self.received)
    }

    /// Seconds until all of it is expected to be here.
    pub fn finish(&self) -> f64 {
        if self.is_silent() { f64::INFINITY } else { self.left() as f64 / self.pace.max(1.0) }
    }

    /// Whether it is late: expected later, by more than this, than if it were fetched anew with `rate` bytes a second.
    pub fn is_late(&self, rate: f64, gain: Duration) -> bool {
        self.finish() > anew(self.size, rate, gain)
    }
}

/// Seconds until a part of this size is there that is fetched anew with `rate` bytes a second, `gain` counted in.
pub fn anew(size: u64, rate: f64, gain: Duration) -> f64 {
    size as f64 / rate.max(1.0) + gain.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::UnderWay;

    #[test]
    fn late_is_what_would_be_here_much_sooner_from_elsewhere() {
        let gain = Duration::from_millis(500);
        let part = UnderWay { size: 1_000_000, received: 0, pace: 1e6, silent: Duration::ZERO };
        for (case, part, rate, late) in [
            ("as fast elsewhere", part, 1e6, false),
            ("twice as fast, and the gain eats it", part, 2e6, false),
            ("three times as fast", part, 3e6, true),
            ("nearly here", UnderWay { received: 900_000, ..part }, 1e9, false),
            ("a crawl", UnderWay { pace: 1e4, ..part }, 1e6, true),
            ("no pace at all", UnderWay { pace: 0.0, ..part }, 1e6, true),
            ("silent", UnderWay { received: 999_999, silent: Duration::from_millis(1100), ..part }, 1e6, true),
            (
                "silent for a moment",
                UnderWay { received: 999_999, silent: Duration::from_millis(900), ..part },
                1e9,
                false,
            ),
            ("elsewhere is no line", UnderWay { pace: 1e4, ..part }, 0.0, false),
        ] {
            assert_eq!(part.is_late(rate, gain), late, "{case}");
        }
    }
}
