//! Many cases, several at once.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
    thread,
    time::Instant,
};

use super::{
    case::Case,
    play::{Client, Played, panicked, play},
};

/// How a case went.
#[derive(Debug)]
pub struct Finished<'a> {
    /// The case.
    pub case: &'a Case,
    /// What came of it; an error when it could not be played.
    pub played: Result<Played, String>,
    /// Wall time.
    pub seconds: f64,
}

impl Finished<'_> {
    /// What is wrong, with all that was said; nothing when all is as it must be.
    pub fn complaint(&self) -> Option<String> {
        let Case { name, claim, .. } = self.case;
        match &self.played {
            Err(why) => Some(format!("{name}: it could not be played: {why}")),
            Ok(played) if played.wrong.is_empty() && played.traces.is_empty() => None,
            Ok(played) => {
                let all = [&played.wrong[..], &played.traces].concat();
                Some(format!("{name}: {claim}\n  wrong: {}\n{}", all.join("\n  wrong: "), played.ran))
            }
        }
    }
}

/// Plays cases, so many at once, and tells of each when it is over. Comes back in the order of the cases.
pub fn run<'a>(
    cases: &'a [Case],
    client: &Client,
    at_once: usize,
    tell: impl Fn(&Finished<'a>) + Sync,
) -> Vec<Finished<'a>> {
    let queue: Mutex<VecDeque<(usize, &Case)>> = Mutex::new(cases.iter().enumerate().collect());
    let finished = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((place, case)) = next(&queue) {
                    let since = Instant::now();
                    let played = panic::catch_unwind(AssertUnwindSafe(|| play(case, client)));
                    let played = played.unwrap_or_else(|why| Err(panicked(&*why)));
                    let done = Finished { case, played, seconds: since.elapsed().as_secs_f64() };
                    tell(&done);
                    finished.lock().expect("nobody panics while holding it").push((place, done));
                }
            });
        }
    });
    let mut finished = finished.into_inner().expect("nobody panics while holding it");
    finished.sort_by_key(|(place, _)| *place);
    finished.into_iter().map(|(_, done)| done).collect()
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Option<T> {
    queue.lock().expect("nobody panics while holding it").pop_front()
}
