//! One line on a terminal while git waits: for whom; and while bytes arrive: how much, how fast, how long still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mirror_config::{
    message::units,
    report::{Look, Snapshot},
};

use super::rate::Rate;

/// Between two updates of the line.
const EVERY: Duration = Duration::from_millis(200);
/// A wait that nobody notices.
const MOMENT: Duration = Duration::from_millis(700);

/// A line that redraws itself until it is dropped.
#[derive(Debug)]
pub struct Line {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    /// Shows how something gets on; `verbose` names each source with its rate.
    pub fn receiving(verbose: bool, look: &Look) -> Self {
        let (look, since, mut rate) = (Arc::clone(look), Instant::now(), Rate::default());
        Self::start(move || {
            let (snapshot, now) = (look(), since.elapsed());
            rate.note(now, snapshot.received);
            Some(text(&snapshot, rate.at(now), verbose))
        })
    }

    /// Shows that an answer is waited for, once that takes a while.
    pub fn waiting(since: Instant) -> Self {
        Self::start(move || {
            let waited = since.elapsed();
            let seconds = match waited.as_secs() {
                0 => String::new(),
                seconds => format!(", {seconds} s"),
            };
            (waited >= MOMENT).then(|| format!("Waiting for an answer{seconds}"))
        })
    }

    fn start(look: impl FnMut() -> Option<String> + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        let thread = Some(thread::spawn(move || draw(&over, look)));
        Self { ended, thread }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A line that could not be drawn is no loss.
            let _ = thread.join();
        }
    }
}

fn draw(ended: &AtomicBool, mut look: impl FnMut() -> Option<String>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("a template of our own"));
    let mut is_shown = false;
    while !ended.load(Ordering::Relaxed) {
        if let Some(text) = look() {
            bar.set_message(text);
            bar.tick();
            is_shown = true;
        }
        thread::park_timeout(EVERY);
    }
    if is_shown {
        bar.finish_and_clear();
    }
}

/// The line.
fn text(snapshot: &Snapshot, rate: f64, verbose: bool) -> String {
    let per_second = |rate: f64| format!("{}/s", units::bytes(rate as u64));
    let mut text = "Receiving".to_owned();
    if let Some(left) = snapshot.left {
        text += &format!(": {:3}%", snapshot.received * 100 / (snapshot.received + left).max(1));
    }
    text += &format!(", {} | {}", units::bytes(snapshot.received), per_second(rate));
    if let (Some(left), true) = (snapshot.left, rate >= 1.0) {
        text += &format!(" | {} left", units::age(Duration::from_secs_f64(left as f64 / rate)));
    }
    let at_work: Vec<_> = snapshot.rates.iter().filter(|(_, rate)| *rate >= 1.0).collect();
    match at_work.as_slice() {
        [(name, _)] => text += &format!(" | {name}"),
        several if verbose => {
            let each = several.iter().map(|(name, rate)| format!("{name} {}", per_second(*rate)));
            text += &format!(" | {}", each.collect::<Vec<_>>().join(", "));
        }
        [] => {}
        several => text += &format!(" | {} sources", several.len()),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use mirror_config::report::Snapshot;

    #[test]
    fn the_line_says_how_much_how_fast_and_how_long() {
        let one = |left| Snapshot {
            received: 12_000_000,
            left,
            rates: vec![("tuna".into(), 3e6), ("sjtug".into(), 0.0)],
            ..Snapshot::default()
        };
        let two = Snapshot { rates: vec![("tuna".into(), 3e6), ("ustc".into(), 1e6)], ..one(Some(36_000_000)) };
        for (snapshot, rate, verbose, expected) in [
            (one(None), 3e6, false, "Receiving, 12 MB | 3.0 MB/s | tuna"),
            (one(Some(36_000_000)), 3e6, true, "Receiving:  25%, 12 MB | 3.0 MB/s | 12 s left | tuna"),
            (two.clone(), 4e6, false, "Receiving:  25%, 12 MB | 4.0 MB/s | 9 s left | 2 sources"),
            (two, 4e6, true, "Receiving:  25%, 12 MB | 4.0 MB/s | 9 s left | tuna 3.0 MB/s, ustc 1.0 MB/s"),
            (Snapshot::default(), 0.0, false, "Receiving, 0 B | 0 B/s"),
        ] {
            assert_eq!(text(&snapshot, rate, verbose), expected);
        }
    }
}
