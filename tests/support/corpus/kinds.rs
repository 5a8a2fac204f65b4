//! Eight kinds of lie for each tool, and the rule that says what follows from how many tell it.
//!
//! Data; what is played is `patterns`' matter.

use super::{
    case::{Flaw, Lie, NAMES, Tool},
    play::Got,
};

/// What follows from how many lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The words are true and the bytes are not: one who is honest is enough.
    Carried,
    /// Words against words about one thing: more than half are needed. What is in dispute is left out; if `all` is, nothing
    /// is left. What believed liars bring about is `won`.
    Contradicted { all: bool, won: Got },
    /// Something more than there is: those who have not got it do not object, so that two are enough.
    Added,
    /// Something that the others lack, which is no contradiction: half of all have to say the same for it to count.
    Lacked,
    /// A ref more than there is: of those who name refs, more than half are needed.
    Named,
    /// Less than there is, as an honest laggard has it: two who have it are enough, if they are heard.
    Lacking { all_are_heard: bool },
}

/// How a liar differs from the truth, and what goes wrong on the way.
pub(super) type Told = (Vec<Lie>, Vec<Flaw>);

/// A kind of lie.
pub(super) struct Kind {
    pub(super) tool: Tool,
    pub(super) name: &'static str,
    pub(super) rule: Rule,
    /// Whether liars can tell nothing but the same.
    pub(super) one: bool,
    pub(super) tell: fn(&str, usize) -> Told,
}

/// Places for a tag that no other place attests.
const ELSEWHERE: [&str; NAMES.len()] =
    ["main:README.md", "main^{tree}", "main:src/main.txt", "topic:src/topic.txt", "main~1^{tree}"];

fn lies(lies: impl IntoIterator<Item = Lie>) -> Told {
    (lies.into_iter().collect(), Vec::new())
}

fn s(text: &str) -> String {
    text.to_owned()
}

/// The kinds, eight for each tool. Each tells its lie in words of its own: a text, and a number.
pub(super) const KINDS: &[Kind] = &[
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
        tell: |text, _| lies([Lie::Commit { on: s("main"), text: s(text), years_ahead: 0, signed_by: None }]),
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
        rule: Rule::Lacked,
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
