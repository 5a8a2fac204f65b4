//! One line on a terminal while answers arrive: how many there are, of how many.

use std::{collections::BTreeMap, sync::Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mirror_config::system::Environment;

/// The line. It goes when it is dropped, and is never there unless standard error is a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    parts: Mutex<BTreeMap<&'static str, (usize, usize)>>,
}

impl Progress {
    /// A line that says what is waited for.
    pub fn start(env: &Environment, what: &'static str) -> Self {
        let shown = env.stderr_is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target).with_message(what);
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}");
        Self { bar: bar.with_style(style.expect("the template is well formed")), parts: Mutex::default() }
    }

    /// So many answers of so many have come in one part of what is waited for.
    pub fn set(&self, part: &'static str, done: usize, of: usize) {
        let mut parts = self.parts.lock().expect("nobody panics while holding it");
        let held = parts.entry(part).or_default();
        *held = (held.0.max(done), of);
        let (done, of) = parts.values().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
