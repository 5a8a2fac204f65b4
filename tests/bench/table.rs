//! The rows of the result, as a table for people and as JSON.

use serde_json::json;

/// One comparison.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    /// What plain git needs; not everything can be compared.
    pub(crate) git: Option<f64>,
    pub(crate) goal: Option<Goal>,
    pub(crate) notes: String,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// At most so many times what git needs.
    Ratio(f64),
    /// At most so much more than git needs.
    More(f64),
    /// Less than this.
    Below(f64),
}

impl Row {
    /// Our share of what git needs.
    fn ratio(&self) -> Option<f64> {
        self.git.map(|git| self.ours / git)
    }

    /// Whether the goal is reached; `None` without a goal.
    fn is_reached(&self) -> Option<bool> {
        Some(match (self.goal?, self.git) {
            (Goal::Ratio(most), Some(git)) => self.ours / git <= most,
            (Goal::More(most), Some(git)) => self.ours - git <= most,
            (Goal::Below(limit), _) => self.ours < limit,
            (Goal::Ratio(_) | Goal::More(_), None) => return None,
        })
    }

    /// Whether there is a goal and it is not reached.
    pub(crate) fn is_missed(&self) -> bool {
        self.is_reached() == Some(false)
    }

    fn goal(&self) -> String {
        match self.goal {
            None => String::new(),
            Some(Goal::Ratio(most)) => format!("≤ {most:.2} ×"),
            Some(Goal::More(most)) => format!("≤ git + {most} {}", self.unit),
            Some(Goal::Below(limit)) => format!("< {limit} {}", self.unit),
        }
    }

    fn cells(&self) -> [String; 8] {
        let number = |value: f64| format!("{value:.2} {}", self.unit);
        let verdict = match self.is_reached() {
            None => "",
            Some(true) => "pass",
            Some(false) => "MISS",
        };
        [
            self.scenario.to_owned(),
            self.what.clone(),
            number(self.ours),
            self.git.map(number).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            self.goal(),
            verdict.to_owned(),
            self.notes.clone(),
        ]
    }
}

/// The table.
pub(crate) fn text(rows: &[Row]) -> String {
    let head = ["scenario", "what", "ours", "git", "ratio", "goal", "", "notes"].map(str::to_owned);
    let lines: Vec<[String; 8]> = [head].into_iter().chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
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
                "scenario": row.scenario, "what": row.what, "unit": row.unit, "ours": row.ours, "git": row.git,
                "ratio": row.ratio(), "goal": row.goal(), "pass": row.is_reached(), "notes": row.notes,
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}
