//! Candidates in order until one serves, and why the others did not.
//!
//! The next one starts when one before it has failed, or has not answered within a moment: a dead candidate costs that
//! moment, not a timeout. Those that answer later still count, as do those that fail later.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use crate::errors::Fault;

/// How long a candidate has the field for itself (DESIGN 5: a dead one costs at most about 0.3 s).
pub const HEAD_START: Duration = Duration::from_millis(250);

type Attempt<C, T> = dyn Fn(&C) -> Result<T, Fault> + Send + Sync;

/// Candidates on their way.
pub struct Lineup<C, T> {
    waiting: VecDeque<C>,
    under_way: usize,
    attempt: Arc<Attempt<C, T>>,
    sender: Sender<(C, Result<T, Fault>)>,
    arrived: Receiver<(C, Result<T, Fault>)>,
    failed: Vec<(C, Fault)>,
}

impl<C, T> std::fmt::Debug for Lineup<C, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lineup({} waiting, {} under way)", self.waiting.len(), self.under_way)
    }
}

impl<C: Send + 'static, T: Send + 'static> Lineup<C, T> {
    /// Starts the first `width` candidates at once.
    pub fn start(
        candidates: impl IntoIterator<Item = C>,
        width: usize,
        attempt: impl Fn(&C) -> Result<T, Fault> + Send + Sync + 'static,
    ) -> Self {
        let (sender, arrived) = channel();
        let mut lineup = Self {
            waiting: candidates.into_iter().collect(),
            under_way: 0,
            attempt: Arc::new(attempt),
            sender,
            arrived,
            failed: Vec::new(),
        };
        for _ in 0..width {
            lineup.launch();
        }
        lineup
    }

    /// Starts all that still wait.
    pub fn launch_all(&mut self) {
        while !self.waiting.is_empty() {
            self.launch();
        }
    }

    /// Whether anybody is left, waiting or under way.
    pub fn has_more(&self) -> bool {
        self.under_way > 0 || !self.waiting.is_empty()
    }

    /// The next candidate that serves; `None` when there is none left.
    pub fn next_ready(&mut self) -> Option<(C, T)> {
        self.next_ready_within(Duration::MAX)
    }

    /// As [`Lineup::next_ready`], for no longer than this.
    pub fn next_ready_within(&mut self, longest: Duration) -> Option<(C, T)> {
        let started = Instant::now();
        while self.has_more() {
            if self.under_way == 0 {
                self.launch();
            }
            let left = longest.saturating_sub(started.elapsed());
            match self.arrived.recv_timeout(HEAD_START.min(left)) {
                Ok((candidate, outcome)) => {
                    self.under_way -= 1;
                    match outcome {
                        Ok(ready) => return Some((candidate, ready)),
                        Err(fault) => {
                            self.failed.push((candidate, fault));
                            self.launch();
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) if started.elapsed() >= longest => return None,
                Err(RecvTimeoutError::Timeout) => self.launch(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }

    /// Those that failed so far, with their reasons; forgotten here by asking.
    pub fn take_failed(&mut self) -> Vec<(C, Fault)> {
        std::mem::take(&mut self.failed)
    }

    fn launch(&mut self) {
        let Some(candidate) = self.waiting.pop_front() else { return };
        let (attempt, sender) = (Arc::clone(&self.attempt), self.sender.clone());
        self.under_way += 1;
        std::thread::spawn(move || {
            // A defect here must not leave others waiting for ever.
            let outcome = catch_unwind(AssertUnwindSafe(|| attempt(&candidate)))
                .unwrap_or_else(|_| Err(Fault::Said("a defect of this program".to_owned())));
            // Nobody may be listening any more, and that is well.
            let _ = sender.send((candidate, outcome));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Lineup;
    use crate::errors::Fault;
    use std::time::{Duration, Instant};

    /// Milliseconds until the answer, and the answer.
    type Script = (u64, Result<u8, Fault>);

    fn first(scripts: &[Script]) -> (Option<u8>, Vec<&'static str>, Duration) {
        let started = Instant::now();
        let mut lineup = Lineup::start(scripts.to_vec(), 1, |(after, answer): &Script| {
            std::thread::sleep(Duration::from_millis(*after));
            answer.clone()
        });
        let found = lineup.next_ready().map(|(_, answer)| answer);
        (found, lineup.take_failed().iter().map(|(_, fault)| fault.name()).collect(), started.elapsed())
    }

    #[test]
    fn the_first_that_serves_wins_and_the_others_say_why_not() {
        let refused = || (0, Err(Fault::Refused));
        let silent = || (3000, Ok(9));
        for (scripts, found, failed, at_most) in [
            (vec![(0, Ok(1)), (0, Ok(2))], Some(1), vec![], 200),
            (vec![refused(), (0, Ok(2))], Some(2), vec!["refused"], 200),
            (vec![silent(), (0, Ok(2))], Some(2), vec![], 500),
            (vec![silent(), silent(), (0, Ok(3))], Some(3), vec![], 750),
            (vec![(400, Ok(1)), (2000, Ok(2))], Some(1), vec![], 600),
            (vec![refused(), (50, Err(Fault::Dns))], None, vec!["refused", "dns"], 300),
            (vec![], None, vec![], 100),
        ] {
            let (winner, faults, took) = first(&scripts);
            assert_eq!((winner, faults), (found, failed));
            assert!(took < Duration::from_millis(at_most), "{took:?}");
        }
    }
}
