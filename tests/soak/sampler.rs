//! What helpers use while they run: the most memory, open files and threads of each.
//!
//! What that means is `tally`'s matter.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use mirror_tests::{Process, helpers_with};

use crate::worker::OPERATION;

/// How often helpers are looked at.
pub(crate) const EVERY: Duration = Duration::from_millis(50);

/// The most that one helper used.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) operation: String,
    /// When it was seen last.
    pub(crate) at: Duration,
    pub(crate) memory: u64,
    pub(crate) files: u64,
    pub(crate) threads: u64,
}

/// All helpers seen so far.
#[derive(Debug)]
pub(crate) struct Sampler {
    started: Instant,
    running: HashMap<String, Sample>,
    pub(crate) ended: Vec<Sample>,
}

impl Sampler {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), running: HashMap::new(), ended: Vec::new() }
    }

    /// Looks at who runs now with this in its environment.
    pub(crate) fn look(&mut self, mark: &str) {
        let mut now: HashMap<String, Sample> = HashMap::new();
        for helper in helpers_with(mark) {
            let before = self.running.remove(&helper.id);
            if let Some(sample) = sample(&helper, self.started.elapsed(), before) {
                now.insert(helper.id, sample);
            }
        }
        self.ended.extend(std::mem::replace(&mut self.running, now).into_values());
    }
}

/// Its use now, or before where that was more; what is about to end can no longer be asked.
fn sample(helper: &Process, at: Duration, before: Option<Sample>) -> Option<Sample> {
    let operation = before.as_ref().map(|sample| sample.operation.clone()).or_else(|| helper.variable(OPERATION));
    let now = operation.and_then(|operation| {
        let (memory, files, threads) = (helper.peak_memory()?, helper.open_files()?, helper.threads()?);
        Some(Sample { operation, at, memory, files, threads })
    });
    match (now, before) {
        (Some(now), Some(before)) => Some(Sample {
            memory: now.memory.max(before.memory),
            files: now.files.max(before.files),
            threads: now.threads.max(before.threads),
            ..now
        }),
        (now, before) => now.or(before),
    }
}
