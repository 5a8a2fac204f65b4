//! The table at the end, and the verdict. Pure.

use std::{collections::BTreeMap, time::Duration};

use crate::{sampler::Sample, tally::Counts};

/// Growth of use, last quarter over first, that is a leak.
const MOST_GROWTH: f64 = 1.2;
/// Beyond that, MB or files that do not count: how many mirrors a helper has asked differs.
const SLACK: f64 = 3.0;
/// Fewer samples in a quarter say nothing.
const LEAST_SAMPLES: usize = 5;

/// What a soak ends with.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) counts: BTreeMap<&'static str, Counts>,
    pub(crate) left_over: u64,
    pub(crate) samples: Vec<Sample>,
    /// Sizes of the stores, in bytes, in the order of time.
    pub(crate) stores: Vec<u64>,
    pub(crate) time: Duration,
}

impl Findings {
    /// The table, and whether all that must hold held.
    pub(crate) fn text(&self) -> (String, bool) {
        let mut text = format!(
            "{:<14} {:>6} {:>6} {:>6} {:>6} {:>8}  refused\n",
            "operation", "done", "killed", "hung", "wrong", "seconds"
        );
        let mut bad = self.left_over;
        for (operation, counts) in &self.counts {
            let Counts { done, killed, refused, hung, wrong } = counts;
            let seconds = median(done.clone()).unwrap_or_default();
            let refused: Vec<String> = refused.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            let refused = refused.join(", ");
            text += &format!(
                "{operation:<14} {:>6} {killed:>6} {hung:>6} {wrong:>6} {seconds:>8.2}  {refused}\n",
                done.len()
            );
            bad += hung + wrong;
        }
        text += &format!("processes left over: {}\n\n", self.left_over);
        text += &format!("{:<14} {:<12} {:>10} {:>10}\n", "helper of", "median", "1st quarter", "last");
        let mut leaks = false;
        let operations: Vec<&str> = self.counts.keys().copied().filter(|word| *word != "killed clone").collect();
        for operation in operations {
            type Of = fn(&Sample) -> u64;
            let uses: [(&str, Of, f64); 3] = [
                ("peak MB", |sample| sample.memory, 1e6),
                ("open files", |sample| sample.files, 1.0),
                ("threads", |sample| sample.threads, 1.0),
            ];
            for (what, of, unit) in uses {
                let [first, last] = self.quarters(operation).map(|samples| {
                    let few = samples.len() < LEAST_SAMPLES;
                    median(samples.into_iter().map(|sample| of(sample) as f64 / unit).collect()).filter(|_| !few)
                });
                let (Some(first), Some(last)) = (first, last) else {
                    text += &format!("{operation:<14} {what:<12} {:>11} {:>10}\n", "-", "too few");
                    continue;
                };
                let leak = last > first * MOST_GROWTH + SLACK && what != "threads";
                leaks |= leak;
                text += &format!(
                    "{operation:<14} {what:<12} {first:>11.1} {last:>10.1}{}\n",
                    if leak { "  GROWS" } else { "" }
                );
            }
        }
        let quarter = self.stores.len() / 4;
        let store = |sizes: &[u64]| median(sizes.iter().map(|size| *size as f64 / 1e6).collect()).unwrap_or_default();
        let (first, last) = (store(&self.stores[..quarter]), store(&self.stores[self.stores.len() - quarter..]));
        text += &format!("{:<14} {:<12} {first:>11.1} {last:>10.1}\n", "store", "MB");
        (text, bad == 0 && !leaks && !self.counts.is_empty())
    }

    /// The samples of an operation in the first and in the last quarter of the time.
    fn quarters(&self, operation: &str) -> [Vec<&Sample>; 2] {
        let of = |within: &dyn Fn(Duration) -> bool| -> Vec<&Sample> {
            self.samples.iter().filter(|sample| sample.operation == operation && within(sample.at)).collect()
        };
        [of(&|at| at <= self.time / 4), of(&|at| at > self.time * 3 / 4)]
    }
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::Findings;
    use crate::{sampler::Sample, tally::Counts};

    fn findings(last_files: u64, wrong: u64) -> Findings {
        let sample = |second: u64| Sample {
            operation: "update".to_owned(),
            at: Duration::from_secs(second),
            memory: 30_000_000,
            files: if second > 75 { last_files } else { 20 },
            threads: 4,
        };
        let counts = BTreeMap::from([("update", Counts { done: vec![1.0], wrong, ..Counts::default() })]);
        let (samples, stores) = ((0..100).map(sample).collect(), vec![1; 8]);
        Findings { counts, left_over: 0, samples, stores, time: Duration::from_secs(100) }
    }

    #[test]
    fn a_leak_and_a_wrong_result_are_noticed() {
        assert!(findings(21, 0).text().1);
        assert!(!findings(28, 0).text().1);
        assert!(!findings(21, 1).text().1);
        assert!(!Findings { left_over: 1, ..findings(21, 0) }.text().1);
    }
}
