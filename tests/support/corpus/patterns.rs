//! Every good/bad pattern of five mirrors, by eight kinds of lie, by three tools; and what the rules make of each.
//!
//! The rules are those of the README: when upstream cannot be asked, at least two operators, and more than half of those
//! that speak of a thing; who has not got it yet does not object. For git, what upstream said before is believed where
//! one still says it. What follows from them is counted here from the number of liars alone, so that it rests on nothing
//! of the library's.

use super::{
    case::{Before, Case, Expect, NAMES, Policy, Source, TRUTH, Tool},
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
    told: Variant,
}

/// How the lies of a pattern are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Variant {
    /// Those that lie tell the same lie; else each its own, as far as there are several.
    pub alike: bool,
    /// Upstream can be reached.
    pub upstream: bool,
    /// git; upstream was heard before, and all it said then is here.
    pub seen: bool,
}

impl Pattern {
    /// All 768; of git alone, where what was seen counts, 256.
    pub fn all(told: Variant) -> Vec<Self> {
        let kinds = (0..KINDS.len()).filter(|kind| !told.seen || KINDS[*kind].tool == Tool::Git);
        kinds.flat_map(|kind| (0..1 << MIRRORS).map(move |bad| Self { kind, bad, told })).collect()
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
            let number = if self.told.alike { 0 } else { number };
            let (lies, faults) = (kind.tell)(if self.told.alike { "alike" } else { NAMES[number] }, number);
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
            before: self.told.seen.then(|| Before { action: action.to_owned(), ..Before::default() }),
            files: Default::default(),
            upstream: Source { reachable: self.told.upstream, ..Source::default() },
            mirrors: (0..MIRRORS).map(source).collect(),
            expect: Expect { same_as: Some(TRUTH.to_owned()), ..Expect::default() },
        }
    }

    fn liars(&self) -> usize {
        self.bad.count_ones() as usize
    }

    /// Whether they tell the same.
    fn is_one_lie(&self) -> bool {
        self.told.alike || KINDS[self.kind].one
    }

    /// What may come of it.
    pub fn allowed(&self) -> &'static [Got] {
        let bad = self.liars();
        let good = MIRRORS - bad;
        if self.told.upstream {
            return &[Got::Right];
        }
        let most = |count: usize| count >= 2 && count * 2 > MIRRORS;
        if self.told.seen {
            return self.allowed_where_seen(most(bad));
        }
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
            Rule::Lacked if self.is_one_lie() && bad * 2 < MIRRORS => &[Got::Right],
            Rule::Lacked if self.is_one_lie() || good == 0 => &[Got::Less],
            Rule::Lacked => &[Got::Right],
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

impl Pattern {
    /// The same where upstream was heard before. More than that is for a quorum to say.
    fn allowed_where_seen(&self, most_lie: bool) -> &'static [Got] {
        let bad = self.liars();
        match KINDS[self.kind].rule {
            Rule::Added if bad >= 2 && self.is_one_lie() => &[Got::Lie],
            Rule::Named if most_lie && self.is_one_lie() => &[Got::Lie],
            // One who is honest is enough; who goes on from it attests it as well, and the bytes are here.
            Rule::Carried | Rule::Added | Rule::Named => &[Got::Right],
            _ if bad < MIRRORS => &[Got::Right],
            // Nobody agrees on anything: what is here speaks.
            Rule::Contradicted { all: true, .. } if !self.is_one_lie() => &[Got::Right],
            Rule::Contradicted { .. } if !self.is_one_lie() => &[Got::Less],
            Rule::Contradicted { .. } | Rule::Lacked | Rule::Lacking { .. } => &[Got::Nothing],
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
    use super::{KINDS, Pattern, Tool, Variant};
    use crate::corpus::play::Got;

    #[test]
    fn there_are_768_and_a_lie_of_one_is_never_believed() {
        for tool in [Tool::Git, Tool::Cargo, Tool::Pip] {
            assert_eq!(KINDS.iter().filter(|kind| kind.tool == tool).count(), 8);
        }
        for number in 0..8 {
            let told = Variant { alike: number & 1 == 1, upstream: number & 2 == 2, seen: number & 4 == 4 };
            let all = Pattern::all(told);
            assert_eq!(all.len(), if told.seen { 256 } else { 768 });
            for pattern in all {
                assert!(pattern.liars() > 1 || !pattern.allowed().contains(&Got::Lie), "{pattern:?}");
                assert!(pattern.liars() > 0 || pattern.allowed() == [Got::Right], "{pattern:?}");
                assert!(!told.upstream || pattern.allowed() == [Got::Right], "{pattern:?}");
                let honest = pattern.liars() < 5 && told.seen;
                assert!(!honest || pattern.allowed() == [Got::Right] || pattern.is_one_lie(), "{pattern:?}");
            }
        }
    }
}
