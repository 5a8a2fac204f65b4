//! What several runs come to: medians of one side, or of two sides taking turns. A failed run ends the series.

/// What one run gave, or why it gave nothing.
pub(crate) type Trial = Result<f64, String>;

/// The values of one side's runs.
#[derive(Debug, Default)]
pub(crate) struct Series {
    values: Vec<f64>,
    failure: Option<String>,
}

impl Series {
    /// Takes one more; whether to go on.
    pub(crate) fn push(&mut self, trial: Trial) -> bool {
        match trial {
            Ok(value) => self.values.push(value),
            Err(why) => self.failure = Some(format!("run {} failed: {why}", self.values.len() + 1)),
        }
        self.failure.is_none()
    }

    /// The median; `None` when a run failed or there was none, for the others say little then.
    pub(crate) fn median(&self) -> Option<f64> {
        (self.failure.is_none() && !self.values.is_empty()).then(|| median(&self.values))
    }

    /// Why there is no more.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The least and the most, each times `scale`.
    pub(crate) fn range(&self, scale: f64) -> String {
        if self.values.is_empty() {
            return "none".to_owned();
        }
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("{:.2}–{:.2}", least * scale, most * scale)
    }
}

/// The times of both sides, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) ours: Series,
    pub(crate) beside: Series,
}

impl Times {
    /// Runs both sides by turns, ours second, so many times each; each is told the number of the run, from 0.
    pub(crate) fn by_turns(
        runs: usize,
        mut beside: impl FnMut(usize) -> Trial,
        mut ours: impl FnMut(usize) -> Trial,
    ) -> Self {
        let mut times = Self::default();
        for run in 0..runs {
            // What fails takes long and fails again: the rest of the time is better spent on other scenarios.
            if !(times.beside.push(beside(run)) && times.ours.push(ours(run))) {
                break;
            }
        }
        times
    }

    /// The range of both, for the notes of a row, each value times `scale`; and what failed.
    pub(crate) fn spread(&self, scale: f64) -> String {
        let mut text = format!("ours {}, beside {}", self.ours.range(scale), self.beside.range(scale));
        for (side, series) in [("ours", &self.ours), ("beside", &self.beside)] {
            if let Some(why) = series.failure() {
                text += &format!("; {side}, {why}");
            }
        }
        text
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::{Series, Times};

    #[test]
    fn medians_of_odd_even_and_no_runs() {
        for (values, expected) in
            [(&[3.0, 1.0, 2.0][..], Some(2.0)), (&[4.0, 1.0, 2.0, 3.0], Some(2.5)), (&[-1.0], Some(-1.0)), (&[], None)]
        {
            let mut series = Series::default();
            assert!(values.iter().all(|value| series.push(Ok(*value))));
            assert_eq!(series.median(), expected);
        }
    }

    #[test]
    fn a_failure_ends_both_sides_and_is_told() {
        let mut runs = 0;
        let ours = |run| if run == 1 { Err("no".to_owned()) } else { Ok(1.0) };
        let times = Times::by_turns(
            5,
            |_| {
                runs += 1;
                Ok(2.0)
            },
            ours,
        );
        assert_eq!((times.ours.median(), times.beside.median()), (None, Some(2.0)));
        assert_eq!(times.spread(1.0), "ours 1.00–1.00, beside 2.00–2.00; ours, run 2 failed: no");
        assert_eq!(runs, 2);
    }
}
