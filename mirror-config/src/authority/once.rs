//! Questions that are asked once, whoever asks them at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

/// Answers by what was asked for; whoever comes second waits for the first.
#[derive(Debug)]
pub struct Once<T>(Mutex<HashMap<String, Arc<OnceLock<T>>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Once<T> {
    /// The place of one answer.
    pub fn cell(&self, key: &str) -> Arc<OnceLock<T>> {
        Arc::clone(lock(&self.0).entry(key.to_owned()).or_default())
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
