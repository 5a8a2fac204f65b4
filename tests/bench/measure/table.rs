//! The rows of the result, as a table for people and as JSON.

use serde_json::json;

/// One comparison.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    /// The history it was measured on; empty where there is no choice.
    pub(crate) history: String,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// `None` when a clone failed.
    pub(crate) ours: Option<f64>,
    /// What it is held against, mostly plain git's need; not everything can be compared.
    pub(crate) beside: Option<f64>,
    pub(crate) goal: Option<Goal>,
    pub(crate) notes: String,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// At most so many times what stands beside.
    Ratio(f64),
    /// The same as a wish: it is shown, and nothing is missed.
    Wish(f64),
    /// At most so much more than what stands beside.
    More(f64),
    /// Less than this.
    Below(f64),
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Row {
    /// What there is to say where nothing could be measured: a missed goal.
    pub(crate) fn failed(scenario: &'static str, why: String) -> Self {
        let (what, history) = ("all".to_owned(), String::new());
        Self { scenario, history, what, unit: "", ours: None, beside: None, goal: None, notes: why }
    }

    /// Our share of what stands beside.
    fn ratio(&self) -> Option<f64> {
        Some(self.ours? / self.beside?)
    }

    /// Whether the goal is reached; `None` without a goal. What failed reached nothing.
    fn is_reached(&self) -> Option<bool> {
        let Some(ours) = self.ours else { return Some(false) };
        Some(match (self.goal?, self.beside) {
            (Goal::Wish(_), _) => return None,
            (Goal::Ratio(most), Some(beside)) => ours / beside <= most,
            (Goal::More(most), Some(beside)) => ours - beside <= most,
            (Goal::Below(limit), _) => ours < limit,
            (Goal::AtMost(limit), _) => ours <= limit,
            (Goal::AtLeast(limit), _) => ours >= limit,
            // There is nothing to hold it against: that run failed.
            (Goal::Ratio(_) | Goal::More(_), None) => false,
        })
    }

    /// Whether it failed, or there is a goal and it is not reached.
    pub(crate) fn is_missed(&self) -> bool {
        self.is_reached() == Some(false)
    }

    fn goal(&self) -> String {
        match self.goal {
            None => String::new(),
            Some(Goal::Ratio(most)) => format!("≤ {most:.2} ×"),
            Some(Goal::Wish(most)) => format!("wish {most:.2} ×"),
            Some(Goal::More(most)) => format!("≤ {most} {} more", self.unit),
            Some(Goal::Below(limit)) => format!("< {limit} {}", self.unit),
            Some(Goal::AtMost(limit)) => format!("≤ {limit} {}", self.unit),
            Some(Goal::AtLeast(limit)) => format!("≥ {limit} {}", self.unit),
        }
    }

    fn cells(&self) -> [String; 9] {
        let number = |value: f64| format!("{value:.2} {}", self.unit);
        let verdict = match self.is_reached() {
            None => "",
            Some(true) => "pass",
            Some(false) => "MISS",
        };
        [
            self.scenario.to_owned(),
            self.history.clone(),
            self.what.clone(),
            self.ours.map_or("failed".to_owned(), number),
            self.beside.map(number).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            self.goal(),
            verdict.to_owned(),
            self.notes.clone(),
        ]
    }
}

/// The table.
pub(crate) fn text(rows: &[Row]) -> String {
    let head = ["scenario", "history", "what", "ours", "beside", "ratio", "goal", "", "notes"].map(str::to_owned);
    let lines: Vec<[String; 9]> = [head].into_iter().chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    let mut table = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        table += cells.collect::<Vec<_>>().join("  ").trim_end();
        table.push('\n');
    }
    table
}

/// The same for programs: a list with an object for each row.
pub(crate) fn json(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "scenario": row.scenario, "history": row.history, "what": row.what, "unit": row.unit, "ours": row.ours,
                "beside": row.beside, "ratio": row.ratio(), "goal": row.goal(), "pass": row.is_reached(), "notes": row.notes,
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}

#[cfg(test)]
mod tests {
    use super::{Goal, Row};

    #[test]
    fn a_goal_is_reached_missed_or_absent() {
        for (ours, beside, goal, reached) in [
            (Some(1.0), Some(2.0), Some(Goal::Ratio(0.5)), Some(true)),
            (Some(1.1), Some(2.0), Some(Goal::Ratio(0.5)), Some(false)),
            (Some(5.0), Some(2.0), Some(Goal::More(3.0)), Some(true)),
            (Some(5.1), Some(2.0), Some(Goal::More(3.0)), Some(false)),
            (Some(5.0), None, Some(Goal::More(3.0)), Some(false)),
            (Some(5.0), None, Some(Goal::Below(5.0)), Some(false)),
            (Some(5.0), None, Some(Goal::AtMost(5.0)), Some(true)),
            (Some(5.0), None, Some(Goal::AtLeast(5.0)), Some(true)),
            (Some(4.9), None, Some(Goal::AtLeast(5.0)), Some(false)),
            (Some(5.0), Some(2.0), Some(Goal::Wish(0.5)), None),
            (Some(5.0), None, None, None),
            (None, None, Some(Goal::Wish(0.5)), Some(false)),
            (None, None, None, Some(false)),
            (None, Some(1.0), Some(Goal::Below(5.0)), Some(false)),
        ] {
            let row = Row { ours, beside, goal, ..Row::failed("row", String::new()) };
            assert_eq!(row.is_reached(), reached, "{row:?}");
        }
    }
}
