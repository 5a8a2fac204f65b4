//! How fast bytes may go: one cap that any number of threads share.
//!
//! Knows nothing of sockets.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What may be sent at once after a pause, as time at the full rate.
const BURST: Duration = Duration::from_millis(20);

/// A rate in bytes a second, shared by all who ask it.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: AtomicU64,
    free_at: Mutex<Instant>,
}

impl Pace {
    /// A rate; 0 is no limit.
    pub(crate) fn new(rate: u64) -> Self {
        Self { rate: AtomicU64::new(rate), free_at: Mutex::new(Instant::now()) }
    }

    /// Another rate from now on.
    pub(crate) fn set(&self, rate: u64) {
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// The bytes to send in one go: few enough that callers take turns every 10 ms or so.
    pub(crate) fn piece(&self) -> usize {
        match self.rate.load(Ordering::Relaxed) {
            0 => usize::MAX,
            rate => usize::try_from(rate / 100).unwrap_or(usize::MAX).max(1),
        }
    }

    /// Takes the right to send so many bytes, and says how long to wait first.
    pub(crate) fn take(&self, bytes: usize) -> Duration {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == 0 {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let mut free_at = self.free_at.lock().expect("no thread panics while it holds this");
        let start = now.checked_sub(BURST).map_or(*free_at, |earliest| earliest.max(*free_at));
        *free_at = start + Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / rate);
        free_at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    #[test]
    fn all_who_take_share_one_rate() {
        let pace = Pace::new(1000);
        let waits: Vec<Duration> = (0..10).map(|_| pace.take(100)).collect();
        assert!(waits[9] > Duration::from_millis(900) && waits[9] <= Duration::from_secs(1), "{waits:?}");
        assert_eq!(Pace::new(0).take(1 << 30), Duration::ZERO);
    }
}
