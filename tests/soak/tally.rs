//! What came of everything: counts, and whether what must not be was.
//!
//! Shows what is wrong at once, for the state it is in will not come again.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use mirror_tests::Ran;

/// Counts of one kind of operation.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) done: Vec<f64>,
    pub(crate) killed: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) hung: u64,
    pub(crate) wrong: u64,
}

/// Counts of all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<(BTreeMap<&'static str, Counts>, u64)>,
}

impl Tally {
    /// It succeeded, and is right.
    pub(crate) fn done(&self, operation: &'static str, took: Duration) {
        self.lock().0.entry(operation).or_default().done.push(took.as_secs_f64());
    }

    /// It was killed, as was meant.
    pub(crate) fn killed(&self, operation: &'static str) {
        self.lock().0.entry(operation).or_default().killed += 1;
    }

    /// It failed with a reason.
    pub(crate) fn refused(&self, operation: &'static str, kind: &str) {
        *self.lock().0.entry(operation).or_default().refused.entry(kind.to_owned()).or_default() += 1;
    }

    /// It did not end.
    pub(crate) fn hung(&self, operation: &'static str, ran: &Ran) {
        self.lock().0.entry(operation).or_default().hung += 1;
        show(&format!("{operation} hung: {ran}\n"));
    }

    /// It ended as it must not, or left something else than upstream has.
    pub(crate) fn wrong(&self, operation: &'static str, why: &str) {
        self.lock().0.entry(operation).or_default().wrong += 1;
        show(&format!("{operation} is wrong: {why}\n"));
    }

    /// So many processes stayed behind.
    pub(crate) fn left_over(&self, processes: usize) {
        if processes > 0 {
            self.lock().1 += processes as u64;
            show(&format!("{processes} processes left over\n"));
        }
    }

    /// The counts of each operation, and of processes left over.
    pub(crate) fn counts(&self) -> (BTreeMap<&'static str, Counts>, u64) {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, (BTreeMap<&'static str, Counts>, u64)> {
        self.counts.lock().expect("nobody panics while holding it")
    }
}

/// To standard error, while it runs.
pub(crate) fn show(text: &str) {
    // Whoever closed it does not want to know.
    let _ = io::stderr().write_all(text.as_bytes());
}
