//! What a person should know, kept until the tool that owns the terminal has ended.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{event::Event, journal::Journal};
use crate::errors::Failure;

/// Warnings and denials, each once.
#[derive(Debug, Clone, Default)]
pub struct Later(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    warnings: Vec<String>,
    denied: Vec<Failure>,
}

impl Later {
    /// Listens to a journal.
    pub fn of(journal: &Journal) -> Self {
        let later = Self::default();
        let kept = later.clone();
        journal.listen(Box::new(move |event| match event {
            Event::Warned(text) => once(&mut kept.lock().warnings, text),
            Event::Denied(failure) => once(&mut kept.lock().denied, failure),
            _ => {}
        }));
        later
    }

    /// Warnings since the last time.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().warnings)
    }

    /// What the tool did not get, since the last time: the cause, if it fails.
    pub fn denied(&self) -> Vec<Failure> {
        std::mem::take(&mut self.lock().denied)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

fn once<T: PartialEq + Clone>(known: &mut Vec<T>, new: &T) {
    if !known.contains(new) {
        known.push(new.clone());
    }
}
