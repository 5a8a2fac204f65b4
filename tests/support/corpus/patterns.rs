//! Every good/bad pattern of five mirrors, by eight kinds of lie, by three tools; and what the rules make of each.
//!
//! The rules are those of the README: when upstream cannot be asked, at least two operators, and more than half of those
//! that speak of a thing; who has not got it yet does not object. What follows from them is counted here from the number
//! of liars alone, so that it rests on nothing of the library's.

use super::{
    case::{Case, Expect, NAMES, Policy, Source, TRUTH, Tool},
    kinds::{KINDS, Rule},
    play::Got,
    run::Finished,
};

/// Mirrors of a pattern.
const MIRRORS: usize = NAMES.len();

/// One pattern: which of the five lie, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    kind: usize,
    bad: u32,
    alike: bool,
    upstream: bool,
}

impl Pattern {
    /// All 768. Those that lie tell the same lie when they are `alike`, else each its own, as far as there are several.
    pub fn all(alike: bool, upstream: bool) -> Vec<Self> {
        let patterns = 0..1 << MIRRORS;
        (0..KINDS.len()).flat_map(|kind| patterns.clone().map(move |bad| Self { kind, bad, alike, upstream })).collect()
    }

    /// Its tool.
    pub fn tool(&self) -> Tool {
        KINDS[self.kind].tool
    }

    /// The case that plays it.
    pub fn case(&self) -> Case {
        let kind = &KINDS[self.kind];
        let source = |number: usize| {
            if self.bad >> number & 1 == 0 {
                return Source::default();
            }
            let number = if self.alike { 0 } else { number };
            let (lies, faults) = (kind.tell)(if self.alike { "alike" } else { NAMES[number] }, number);
            Source { lies, faults, ..Source::default() }
        };
        let action = match kind.tool {
            Tool::Git => "clone",
            Tool::Cargo => "fetch",
            Tool::Pip => "download demo",
        };
        Case {
            name: format!("{}_pattern_{:05b}_{}", kind.tool, self.bad, kind.name.replace(' ', "_")),
            claim: format!("What follows when these lie: {}.", kind.name),
            tool: kind.tool,
            action: action.to_owned(),
            policy: Policy::default(),
            world: Vec::new(),
            before: None,
            files: Default::default(),
            upstream: Source { reachable: self.upstream, ..Source::default() },
            mirrors: (0..MIRRORS).map(source).collect(),
            expect: Expect { same_as: Some(TRUTH.to_owned()), ..Expect::default() },
        }
    }

    fn liars(&self) -> usize {
        self.bad.count_ones() as usize
    }

    /// Whether they tell the same.
    fn is_one_lie(&self) -> bool {
        self.alike || KINDS[self.kind].one
    }

    /// What may come of it.
    pub fn allowed(&self) -> &'static [Got] {
        let bad = self.liars();
        let good = MIRRORS - bad;
        if self.upstream {
            return &[Got::Right];
        }
        let most = |count: usize| count >= 2 && count * 2 > MIRRORS;
        match KINDS[self.kind].rule {
            Rule::Carried if good > 0 => &[Got::Right],
            Rule::Carried => &[Got::Nothing],
            Rule::Contradicted { .. } if most(good) => &[Got::Right],
            Rule::Contradicted { won, .. } if most(bad) && self.is_one_lie() => match won {
                Got::Lie => &[Got::Lie],
                Got::Nothing => &[Got::Nothing],
                Got::Less | Got::Right => &[Got::Less],
            },
            Rule::Contradicted { all: true, .. } => &[Got::Nothing],
            Rule::Contradicted { all: false, .. } => &[Got::Less],
            // Nobody names the commit that all attest, so that no branch is left to stand for HEAD.
            Rule::Added if good == 0 && !self.is_one_lie() && self.tool() == Tool::Git => &[Got::Nothing],
            Rule::Added if bad < 2 || !self.is_one_lie() => &[Got::Right],
            // Whether they are heard depends on who answers first; for git all are.
            Rule::Added if bad == 2 && self.tool() != Tool::Git => &[Got::Right, Got::Lie],
            Rule::Added => &[Got::Lie],
            Rule::Named if most(bad) && self.is_one_lie() => &[Got::Lie],
            Rule::Named => &[Got::Right],
            Rule::Lacking { .. } if good < 2 => &[Got::Less],
            Rule::Lacking { all_are_heard: false } if bad > 2 => &[Got::Right, Got::Less],
            Rule::Lacking { .. } => &[Got::Right],
        }
    }
}

/// What came of patterns, as a table, and each that is not as the rules have it.
pub fn table(patterns: &[Pattern], finished: &[Finished<'_>]) -> (String, Vec<String>) {
    let mut odd = Vec::new();
    let mut text = format!(
        "{:6} {:32} {:>5} {:>6} {:>5} {:>8} {:>5}  {}\n",
        "tool", "lie", "runs", "right", "less", "refused", "lies", "believed from so many liars"
    );
    for (place, kind) in KINDS.iter().enumerate() {
        let mut counts = [0; 4];
        let mut fewest: Option<usize> = None;
        for (pattern, done) in patterns.iter().zip(finished).filter(|(pattern, _)| pattern.kind == place) {
            let name = &done.case.name;
            let played = match &done.played {
                Ok(played) => played,
                Err(why) => {
                    odd.push(format!("{name}: {why}"));
                    continue;
                }
            };
            counts[played.got as usize] += 1;
            if played.got == Got::Lie {
                fewest = Some(fewest.unwrap_or(MIRRORS).min(pattern.liars()));
            }
            if !pattern.allowed().contains(&played.got) {
                odd.push(format!(
                    "{name}: {:?}, not {:?}: {:?}\n{}",
                    played.got,
                    pattern.allowed(),
                    played.wrong,
                    played.ran
                ));
            }
            // Where liars are believed, their lies are there.
            let believed = pattern.is_one_lie() && pattern.liars() >= 2;
            if !believed && !played.traces.is_empty() {
                odd.push(format!("{name}: {:?}", played.traces));
            }
        }
        if counts.iter().sum::<usize>() > 0 {
            let [right, less, nothing, lies] = counts;
            let fewest = fewest.map_or_else(String::new, |count| format!("{count}"));
            text += &format!(
                "{:6} {:32} {:5} {right:6} {less:5} {nothing:8} {lies:5}  {fewest}\n",
                kind.tool.to_string(),
                kind.name,
                right + less + nothing + lies
            );
        }
    }
    (text, odd)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Pattern, Tool};
    use crate::corpus::play::Got;

    #[test]
    fn there_are_768_and_a_lie_of_one_is_never_believed() {
        for tool in [Tool::Git, Tool::Cargo, Tool::Pip] {
            assert_eq!(KINDS.iter().filter(|kind| kind.tool == tool).count(), 8);
        }
        for (alike, upstream) in [(false, false), (true, false), (false, true), (true, true)] {
            let all = Pattern::all(alike, upstream);
            assert_eq!(all.len(), 768);
            for pattern in all {
                assert!(pattern.liars() > 1 || !pattern.allowed().contains(&Got::Lie), "{pattern:?}");
                assert!(pattern.liars() > 0 || pattern.allowed() == [Got::Right], "{pattern:?}");
                assert!(!upstream || pattern.allowed() == [Got::Right], "{pattern:?}");
            }
        }
    }
}
