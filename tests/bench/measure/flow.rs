//! How fast bytes came, from looks at a counter while a clone ran. Pure.

use std::time::Duration;

/// A few bytes come before a pack: its section's name, and acknowledgments.
const PREAMBLE: u64 = 512;

/// When the first and the last byte of packs were counted.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    first: Option<Duration>,
    last: Duration,
    bytes: u64,
}

impl Flow {
    /// The counter showed so many bytes at this time.
    pub(crate) fn see(&mut self, at: Duration, bytes: u64) {
        if bytes > self.bytes {
            (self.last, self.bytes) = (at, bytes);
            if bytes > PREAMBLE {
                self.first.get_or_insert(at);
            }
        }
    }

    /// Seconds from the last byte to this time.
    pub(crate) fn after(&self, end: f64) -> f64 {
        end - self.last.as_secs_f64()
    }

    /// Bytes a second from the first to the last; 0 when nothing came.
    pub(crate) fn rate(&self) -> f64 {
        let seconds = self.first.map_or(0.0, |first| (self.last - first).as_secs_f64());
        if seconds > 0.0 { self.bytes as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Flow;
    use std::time::Duration;

    #[test]
    fn the_rate_is_that_of_the_time_when_bytes_came() {
        for (looks, expected) in [
            (&[][..], 0.0),
            (&[(1, 0), (2, 0)], 0.0),
            (&[(1, 0), (2, 10_000)], 0.0),
            // Waiting for a pack to begin, and working after it has come, are not downloading.
            (&[(0, 0), (1, 40), (5, 1000), (6, 1000), (7, 2000), (9, 2000)], 1000.0),
        ] {
            let mut flow = Flow::default();
            looks.iter().for_each(|(second, bytes)| flow.see(Duration::from_secs(*second), *bytes));
            assert_eq!(flow.rate(), expected, "{looks:?}");
        }
    }

    #[test]
    fn what_comes_after_the_last_byte_is_counted_from_when_it_was_seen_first() {
        let mut flow = Flow::default();
        for (second, bytes) in [(0, 40), (1, 1000), (7, 2000), (8, 2000)] {
            flow.see(Duration::from_secs(second), bytes);
        }
        assert_eq!(flow.after(9.5), 2.5);
    }
}
