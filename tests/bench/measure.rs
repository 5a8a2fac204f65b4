//! Two sides taking turns, and what their times come to.

/// The times of both sides, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    ours: Vec<f64>,
    git: Vec<f64>,
}

impl Times {
    /// Runs both sides by turns, git first, so many times each.
    pub(crate) fn by_turns(runs: usize, mut git: impl FnMut() -> f64, mut ours: impl FnMut() -> f64) -> Self {
        let mut times = Self::default();
        for _ in 0..runs {
            times.git.push(git());
            times.ours.push(ours());
        }
        times
    }

    /// The suite's median.
    pub(crate) fn ours(&self) -> f64 {
        median(&self.ours)
    }

    /// git's median.
    pub(crate) fn git(&self) -> f64 {
        median(&self.git)
    }

    /// The range of both, for the notes of a row, each value times `scale`.
    pub(crate) fn spread(&self, scale: f64) -> String {
        let range = |times: &[f64]| {
            let least = times.iter().copied().fold(f64::INFINITY, f64::min);
            let most = times.iter().copied().fold(0.0, f64::max);
            format!("{:.2}–{:.2}", least * scale, most * scale)
        };
        format!("ours {}, git {}", range(&self.ours), range(&self.git))
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}
