//! Every good/bad pattern of five mirrors, by eight kinds of lie, by three tools; and what the rules make of each.
//!
//! The rules are those of the README: when upstream cannot be asked, at least two operators, and more than half of those
//! that speak of a thing; who has not got it yet does not object. What follows from them is counted here from the number
//! of liars alone, so that it rests on nothing of the library's.

use super::{
    case::{Case, Expect, Flaw, Lie, NAMES, Policy, Source, TRUTH, Tool},
    play::Got,
    run::Finished,
};

/// Mirrors of a pattern.
const MIRRORS: usize = NAMES.len();

/// What follows from how many lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The words are true and the bytes are not: one who is honest is enough.
    Carried,
    /// Words against words about one thing: more than half are needed. What is in dispute is left out; if `all` is, nothing
    /// is left. What believed liars bring about is `won`.
    Contradicted { all: bool, won: Got },
    /// Something more than there is: those who have not got it do not object, so that two are enough.
    Added,
    /// A ref more than there is: of those who name refs, more than half are needed.
    Named,
    /// Less than there is, as an honest laggard has it: two who have it are enough, if they are heard.
    Lacking { all_are_heard: bool },
}

/// How a liar differs from the truth, and what goes wrong on the way.
type Told = (Vec<Lie>, Vec<Flaw>);

/// A kind of lie.
struct Kind {
    tool: Tool,
    name: &'static str,
    rule: Rule,
    /// Whether liars can tell nothing but the same.
    one: bool,
    tell: fn(&str, usize) -> Told,
}

/// Places for a tag that no other place attests.
const ELSEWHERE: [&str; MIRRORS] =
    ["main:README.md", "main^{tree}", "main:src/main.txt", "topic:src/topic.txt", "main~1^{tree}"];

fn lies(lies: impl IntoIterator<Item = Lie>) -> Told {
    (lies.into_iter().collect(), Vec::new())
}

fn s(text: &str) -> String {
    text.to_owned()
}

/// The kinds, eight for each tool. Each tells its lie in words of its own: a text, and a number.
const KINDS: &[Kind] = &[
    Kind {
        tool: Tool::Git,
        name: "a bit of the pack turned over",
        rule: Rule::Carried,
        one: true,
        tell: |_, _| (Vec::new(), vec![Flaw { flip_at: Some(0.5), ..Flaw::default() }]),
    },
    Kind {
        tool: Tool::Git,
        name: "files left out of the pack",
        rule: Rule::Carried,
        one: true,
        tell: |_, _| lies([Lie::LeaveOut(s("blob:none"))]),
    },
    Kind {
        tool: Tool::Git,
        name: "an invented commit on top",
        rule: Rule::Added,
        one: false,
        tell: |text, _| lies([Lie::Commit { on: s("main"), text: s(text), years_ahead: 0 }]),
    },
    Kind {
        tool: Tool::Git,
        name: "a branch taken back",
        rule: Rule::Lacking { all_are_heard: true },
        one: true,
        tell: |_, _| lies([Lie::Set { r#ref: s("refs/heads/main"), to: s("main~3") }]),
    },
    Kind {
        tool: Tool::Git,
        name: "a tag moved",
        rule: Rule::Contradicted { all: false, won: Got::Lie },
        one: false,
        tell: |_, number| lies([Lie::Set { r#ref: s("refs/tags/v0.1"), to: s(ELSEWHERE[number]) }]),
    },
    Kind {
        tool: Tool::Git,
        name: "a branch more",
        rule: Rule::Named,
        one: false,
        tell: |text, _| lies([Lie::Set { r#ref: format!("refs/heads/{text}"), to: s("topic~1") }]),
    },
    Kind {
        tool: Tool::Git,
        name: "another history",
        rule: Rule::Contradicted { all: true, won: Got::Lie },
        one: false,
        tell: |text, _| lies([Lie::OtherHistory(s(text))]),
    },
    Kind {
        tool: Tool::Git,
        name: "HEAD elsewhere",
        rule: Rule::Contradicted { all: false, won: Got::Lie },
        one: true,
        tell: |_, _| lies([Lie::Head(s("refs/heads/topic"))]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "another file",
        rule: Rule::Carried,
        one: false,
        tell: |text, _| lies([Lie::SwapFile { of: s("alpha 1.1.0"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "another checksum",
        rule: Rule::Contradicted { all: false, won: Got::Nothing },
        one: false,
        tell: |text, _| lies([Lie::SwapHash { of: s("alpha 1.1.0"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "another file with its checksum",
        rule: Rule::Contradicted { all: false, won: Got::Lie },
        one: false,
        tell: |text, _| lies([Lie::SwapBoth { of: s("alpha 1.1.0"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "another dependency",
        rule: Rule::Contradicted { all: false, won: Got::Lie },
        one: false,
        tell: |_, number| {
            lies([Lie::Depends {
                of: s("alpha 1.1.0"),
                on: s(["gamma 1", "gamma 1.0", "gamma 1.0.0", "gamma 0", "gamma 2"][number]),
            }])
        },
    },
    Kind {
        tool: Tool::Cargo,
        name: "a version more",
        rule: Rule::Added,
        one: false,
        tell: |text, _| lies([Lie::Add { of: s("alpha 1.9.0"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "yanked, as if by its author",
        rule: Rule::Contradicted { all: false, won: Got::Less },
        one: true,
        tell: |_, _| lies([Lie::Yank(s("alpha 1.1.0"))]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "the newest version missing",
        rule: Rule::Lacking { all_are_heard: false },
        one: true,
        tell: |_, _| lies([Lie::Lack(s("alpha 1.1.0"))]),
    },
    Kind {
        tool: Tool::Cargo,
        name: "files where nobody is",
        rule: Rule::Carried,
        one: true,
        tell: |_, _| lies([Lie::Dl(s("{nobody}"))]),
    },
    Kind {
        tool: Tool::Pip,
        name: "another wheel",
        rule: Rule::Carried,
        one: false,
        tell: |text, _| lies([Lie::SwapFile { of: s("demo 1.1"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Pip,
        name: "another hash",
        rule: Rule::Contradicted { all: false, won: Got::Nothing },
        one: false,
        tell: |text, _| lies([Lie::SwapHash { of: s("demo 1.1"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Pip,
        name: "another wheel with its hash",
        rule: Rule::Contradicted { all: false, won: Got::Lie },
        one: false,
        tell: |text, _| lies([Lie::SwapBoth { of: s("demo 1.1"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Pip,
        name: "for another python",
        rule: Rule::Contradicted { all: false, won: Got::Less },
        one: false,
        tell: |_, number| lies([Lie::RequiresPython { of: s("demo 1.1"), python: format!(">=99.{number}") }]),
    },
    Kind {
        tool: Tool::Pip,
        name: "a version more",
        rule: Rule::Added,
        one: false,
        tell: |text, _| lies([Lie::Add { of: s("demo 1.9"), text: s(text) }]),
    },
    Kind {
        tool: Tool::Pip,
        name: "yanked, as if by its author",
        rule: Rule::Contradicted { all: false, won: Got::Less },
        one: true,
        tell: |_, _| lies([Lie::Yank(s("demo 1.1"))]),
    },
    Kind {
        tool: Tool::Pip,
        name: "the newest version missing",
        rule: Rule::Lacking { all_are_heard: false },
        one: true,
        tell: |_, _| lies([Lie::Lack(s("demo 1.1"))]),
    },
    Kind {
        tool: Tool::Pip,
        name: "files where nobody is",
        rule: Rule::Carried,
        one: true,
        tell: |_, _| {
            lies([
                Lie::NoFile(s("demo 1.1")),
                Lie::Url { of: s("demo 1.1"), to: s("{nobody}/demo-1.1-py3-none-any.whl") },
            ])
        },
    },
];

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
    use crate::corpus::Got;

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
