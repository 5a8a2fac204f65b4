//! How fast bytes may go: one cap that any number of threads share, which may change after so many bytes.
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
    course: Mutex<Course>,
}

/// Where a pace is now.
#[derive(Debug)]
struct Course {
    free_at: Instant,
    /// Bytes until the rate is another one, and which.
    ahead: Option<(u64, u64)>,
}

impl Pace {
    /// A rate; 0 is no limit.
    pub(crate) fn new(rate: u64) -> Self {
        Self { rate: AtomicU64::new(rate), course: Mutex::new(Course { free_at: Instant::now(), ahead: None }) }
    }

    /// Another rate from now on.
    pub(crate) fn set(&self, rate: u64) {
        self.course().ahead = None;
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// Another rate for so many bytes from now on, and yet another one after them.
    pub(crate) fn fade(&self, first: u64, bytes: u64, then: u64) {
        self.course().ahead = Some((bytes, then));
        self.rate.store(first, Ordering::Relaxed);
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
        let bytes = bytes as u64;
        let mut course = self.course();
        let rate = self.rate.load(Ordering::Relaxed);
        if let Some((left, then)) = course.ahead {
            course.ahead = Some((left.saturating_sub(bytes), then)).filter(|(left, _)| *left > 0);
            if course.ahead.is_none() {
                self.rate.store(then, Ordering::Relaxed);
            }
        }
        if rate == 0 {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let start = now.checked_sub(BURST).map_or(course.free_at, |earliest| earliest.max(course.free_at));
        course.free_at = start + Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / rate);
        course.free_at.saturating_duration_since(now)
    }

    fn course(&self) -> std::sync::MutexGuard<'_, Course> {
        self.course.lock().expect("no thread panics while it holds this")
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

    #[test]
    fn a_rate_fades_after_so_many_bytes_and_not_once_it_is_set_anew() {
        let pace = Pace::new(1000);
        pace.fade(100_000, 10_000, 1000);
        let fast = (0..10).map(|_| pace.take(1000)).last().expect("ten waits");
        assert!(fast <= Duration::from_millis(100), "{fast:?}");
        assert!(pace.take(1000) > Duration::from_millis(900));
        pace.fade(100_000, 1, 1);
        pace.set(1_000_000);
        pace.take(10);
        assert!(pace.take(1000) < Duration::from_secs(3), "the first of these is what is left of the slow ones");
    }
}
