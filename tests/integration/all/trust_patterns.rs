//! All good/bad patterns of five operators by every kind of lie, weighed: what is believed follows from how many lie.
//!
//! Pure: no servers, no programs. What is right is counted here from the numbers of liars, not taken from `trust`.

use mirror_config::{
    cargo::index,
    model::{Oid, Ref, Repository},
    trust::{Page, Speaker, Testimony, Trust, Word, agreement::weigh, entries},
};

/// Operators of a pattern.
const VOICES: usize = 5;

/// What came of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All of the truth.
    Right,
    /// Nothing but the truth; older, or without what is in dispute.
    Less,
    /// Nothing.
    Refused,
    /// Something that is not true.
    Lie,
}
use Outcome::{Less, Lie, Refused, Right};

/// A kind of lie: what a liar says, by number, and what must come of so many honest ones and so many liars.
struct Kind<T> {
    name: &'static str,
    tell: fn(usize) -> T,
    expected: fn(usize, usize) -> Outcome,
}

/// Plays all patterns of all kinds, and has a line to say of each.
fn play<T>(
    kinds: &[Kind<T>],
    truth: impl Fn() -> T,
    weighed: impl Fn(Vec<T>) -> Outcome,
    expected: impl Fn(&Kind<T>, usize, usize) -> Outcome,
) -> String {
    let mut text = String::new();
    for kind in kinds {
        let mut counts = [0; 4];
        let mut fewest = None;
        for bad in 0..1_u32 << VOICES {
            let says = |number: usize| if bad >> number & 1 == 1 { (kind.tell)(number) } else { truth() };
            let liars = bad.count_ones() as usize;
            let outcome = weighed((0..VOICES).map(says).collect());
            assert_eq!(outcome, expected(kind, VOICES - liars, liars), "{}: {bad:05b}", kind.name);
            counts[outcome as usize] += 1;
            if outcome == Lie {
                fewest = Some(fewest.unwrap_or(VOICES).min(liars));
            }
        }
        assert!(fewest != Some(1), "{}: one liar is believed", kind.name);
        text += &format!("{:40} right, less, refused, lies: {counts:?}; from so many: {fewest:?}\n", kind.name);
    }
    text
}

/// More than half: what is in dispute goes to whoever is that many.
fn majority(good: usize, bad: usize, otherwise: Outcome) -> Outcome {
    match (good >= 3, bad >= 3) {
        (true, _) => Right,
        (_, true) => otherwise,
        _ => unreachable!("one side of five is more than half"),
    }
}

/// The refs that somebody names: `(name, number of the commit, what it stands for)`.
type Refs = Vec<(&'static str, u8, Option<&'static str>)>;

/// `main` at 9, the last of the line 1 ← … ← 9; the others are related to nothing. 40 to 49 go on from 9.
fn refs() -> Refs {
    vec![
        ("HEAD", 9, Some("refs/heads/main")),
        ("refs/heads/main", 9, None),
        ("refs/heads/topic", 20, None),
        ("refs/tags/light", 5, None),
        ("refs/tags/v1", 30, None),
    ]
}

fn descends(new: u8, old: u8) -> bool {
    new == old || (old < 10 && (40..50).contains(&new)) || (new < 10 && old < 10 && new > old)
}

fn with(name: &'static str, at: u8) -> Refs {
    let mut refs = refs();
    refs.retain(|(known, _, _)| *known != name);
    refs.push((name, at, None));
    if name == "refs/heads/main" {
        refs[0] = ("HEAD", at, Some(name));
    }
    refs
}

fn own(base: u8, number: usize) -> u8 {
    base + u8::try_from(number).expect("below five")
}

const ABOUT_REFS: &[Kind<Refs>] = &[
    Kind {
        name: "a commit on top, alike",
        tell: |_| with("refs/heads/main", 40),
        expected: |_, bad| if bad >= 2 { Lie } else { Right },
    },
    Kind {
        name: "a commit on top, each its own",
        tell: |n| with("refs/heads/main", own(40, n)),
        expected: |good, _| if good > 0 { Right } else { Refused },
    },
    Kind {
        name: "a branch taken back",
        tell: |_| with("refs/heads/main", 6),
        expected: |good, _| if good >= 2 { Right } else { Less },
    },
    Kind {
        name: "a branch taken back, each its own way",
        tell: |n| with("refs/heads/main", own(2, n)),
        expected: |good, _| if good >= 2 { Right } else { Less },
    },
    Kind {
        name: "a tag moved, alike",
        tell: |_| with("refs/tags/v1", 31),
        expected: |good, bad| majority(good, bad, Lie),
    },
    Kind {
        name: "a tag moved, each its own",
        tell: |n| with("refs/tags/v1", own(31, n)),
        expected: |good, bad| majority(good, bad, Less),
    },
    Kind {
        name: "a tag moved to older commits, each its own",
        tell: |n| with("refs/tags/light", [1, 2, 3, 4, 6][n]),
        expected: |good, bad| majority(good, bad, Less),
    },
    Kind {
        name: "a branch more, alike",
        tell: |_| with("refs/heads/evil", 60),
        expected: |_, bad| if bad >= 3 { Lie } else { Right },
    },
    Kind { name: "a branch more, each its own", tell: |n| with("refs/heads/evil", own(60, n)), expected: |_, _| Right },
    Kind {
        name: "a branch hidden",
        tell: |_| refs().into_iter().filter(|(name, _, _)| *name != "refs/heads/topic").collect(),
        expected: |good, bad| majority(good, bad, Less),
    },
    Kind { name: "another history, alike", tell: |_| other(70), expected: |good, bad| majority(good, bad, Lie) },
    Kind {
        name: "another history, each its own",
        tell: |n| other(own(70, 5 * n)),
        expected: |good, bad| majority(good, bad, Refused),
    },
    Kind {
        name: "HEAD elsewhere",
        tell: |_| {
            let mut refs = refs();
            refs[0] = ("HEAD", 20, Some("refs/heads/topic"));
            refs
        },
        expected: |good, bad| majority(good, bad, Lie),
    },
];

fn other(base: u8) -> Refs {
    let all = refs().into_iter().zip(0..);
    all.map(|((name, _, symref), number)| (name, if number == 0 { base + 1 } else { base + number }, symref)).collect()
}

fn testimony(number: usize, refs: &Refs) -> Testimony {
    let oid = |n: u8| -> Oid { format!("{n:040x}").parse().expect("an id") };
    let found = |(name, at, symref): &(&str, u8, Option<&str>)| Ref {
        name: (*name).to_owned(),
        oid: Some(oid(*at)),
        symref: symref.map(str::to_owned),
        peeled: None,
    };
    Testimony { who: speaker(number, &format!("mirror-{number}")), refs: refs.iter().map(found).collect() }
}

fn speaker(number: usize, operator: &str) -> Speaker {
    let mirror = format!("mirror-{number}");
    let address = format!("https://{mirror}.example/");
    Speaker { mirror, operator: operator.to_owned(), address, trusted: false }
}

/// What comes of words about refs, where these were seen before.
fn weighed(page: &Page, said: &[Refs]) -> Outcome {
    let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
    let number = |oid: &Oid| u8::from_str_radix(&oid.as_str()[38..], 16).expect("two digits");
    let testimonies: Vec<Testimony> = said.iter().enumerate().map(|(n, refs)| testimony(n, refs)).collect();
    let mut asks = |new: &Oid, old: &Oid| descends(number(new), number(old));
    let agreement = weigh(&repository, &testimonies, page, Trust::Quorum, &mut asks)
        .and_then(|agreement| page.check(&repository, &agreement.refs, &mut asks).map(|()| agreement));
    let Ok(agreement) = agreement else { return Refused };
    let truth = testimony(0, &refs()).refs;
    let is_older = |found: &Ref| {
        let main = found.name == "refs/heads/main" || found.symref.as_deref() == Some("refs/heads/main");
        main && found.oid.as_ref().is_some_and(|oid| number(oid) < 10)
    };
    if !agreement.refs.iter().all(|found| truth.contains(found) || is_older(found)) {
        return Lie;
    }
    if truth.iter().all(|found| agreement.refs.contains(found)) { Right } else { Less }
}

#[test]
fn what_is_believed_of_refs_follows_from_how_many_lie() {
    let expected = |kind: &Kind<Refs>, good, bad| (kind.expected)(good, bad);
    println!("{}", play(ABOUT_REFS, refs, |said| weighed(&Page::default(), &said), expected));
}

#[test]
fn where_upstream_was_heard_before_one_honest_mirror_is_enough_for_that() {
    let mut page = Page::default();
    page.remember(&testimony(0, &refs()).refs, Trust::Upstream, true, 1);
    let expected = |kind: &Kind<Refs>, good, bad| match kind.name {
        // More than what was seen is for a quorum to say, as ever.
        "a commit on top, alike" if bad >= 2 => Lie,
        "a branch more, alike" if bad >= 3 => Lie,
        _ if good > 0 => Right,
        // Nobody honest: what goes on from it attests it, and what contradicts it is left out or refused.
        "a commit on top, each its own" | "a branch more, each its own" => Right,
        "a tag moved, each its own" | "a tag moved to older commits, each its own" | "a branch hidden" => Less,
        _ => Refused,
    };
    println!("{}", play(ABOUT_REFS, refs, |said| weighed(&page, &said), expected));
}

#[test]
fn one_mirror_alone_brings_nothing_but_what_was_seen() {
    let mut page = Page::default();
    page.remember(&testimony(0, &refs()).refs, Trust::Upstream, true, 1);
    for kind in ABOUT_REFS {
        let outcome = weighed(&page, &[(kind.tell)(0)]);
        assert_ne!(outcome, Lie, "{}", kind.name);
        assert_eq!(weighed(&Page::default(), &[(kind.tell)(0)]), Refused, "{}: nothing was seen", kind.name);
    }
    assert_eq!(weighed(&page, &[refs()]), Right);
}

/// What an index says of a crate: lines, as they stand there.
type Lines = Vec<String>;

fn line(number: &str, checksum: &str, deps: &str, yanked: bool) -> String {
    format!("{{\"name\":\"a\",\"vers\":\"{number}\",\"deps\":[{deps}],\"cksum\":\"{checksum}\",\"yanked\":{yanked}}}")
}

fn lines() -> Lines {
    vec![line("1.0.0", "aa", "", false), line("1.1.0", "bb", "", false)]
}

fn newest(line: String) -> Lines {
    vec![lines().swap_remove(0), line]
}

fn added(line: String) -> Lines {
    let mut lines = lines();
    lines.push(line);
    lines
}

const ABOUT_ENTRIES: &[Kind<Lines>] = &[
    Kind {
        name: "another checksum, alike",
        tell: |_| newest(line("1.1.0", "ee", "", false)),
        expected: |good, bad| majority(good, bad, Lie),
    },
    Kind {
        name: "another checksum, each its own",
        tell: |n| newest(line("1.1.0", &format!("e{n}"), "", false)),
        expected: |good, bad| majority(good, bad, Less),
    },
    Kind {
        name: "another dependency, alike",
        tell: |_| newest(line("1.1.0", "bb", "{\"name\":\"x\",\"req\":\"1\"}", false)),
        expected: |good, bad| majority(good, bad, Lie),
    },
    Kind {
        name: "another dependency, each its own",
        tell: |n| newest(line("1.1.0", "bb", &format!("{{\"name\":\"x{n}\",\"req\":\"1\"}}"), false)),
        expected: |good, bad| majority(good, bad, Less),
    },
    Kind {
        name: "a version more, alike",
        tell: |_| added(line("9.0.0", "ee", "", false)),
        expected: |_, bad| if bad >= 2 { Lie } else { Right },
    },
    Kind {
        name: "a version more, each its own",
        tell: |n| added(line("9.0.0", &format!("e{n}"), "", false)),
        expected: |_, _| Right,
    },
    Kind {
        name: "yanked",
        tell: |_| newest(line("1.1.0", "bb", "", true)),
        expected: |good, bad| majority(good, bad, Lie),
    },
    Kind {
        name: "the newest version hidden",
        tell: |_| lines()[..1].to_vec(),
        expected: |good, _| if good >= 2 { Right } else { Less },
    },
    Kind {
        name: "all of it hidden",
        tell: |_| Vec::new(),
        expected: |good, _| if good >= 2 { Right } else { Refused },
    },
];

#[test]
fn what_is_believed_of_entries_follows_from_how_many_lie() {
    let weighed = |said: Vec<Lines>| {
        let word = |(number, lines): (usize, &Lines)| Word {
            who: speaker(number, &format!("mirror-{number}")),
            versions: index::versions(lines.join("\n").as_bytes()).expect("lines of an index"),
        };
        let words: Vec<Word> = said.iter().enumerate().map(word).collect();
        let believed = entries::weigh(&words, Trust::Quorum, &|_| false);
        let believed: Lines = believed.versions.into_iter().map(|version| version.line).collect();
        // Written anew, as what is believed is.
        let versions = index::versions(lines().join("\n").as_bytes()).expect("lines of an index");
        let truth: Lines = versions.into_iter().map(|version| version.line).collect();
        match believed.iter().all(|line| truth.contains(line)) {
            _ if believed.is_empty() => Refused,
            false => Lie,
            true if believed == truth => Right,
            true => Less,
        }
    };
    let expected = |kind: &Kind<Lines>, good, bad| (kind.expected)(good, bad);
    println!("{}", play(ABOUT_ENTRIES, lines, weighed, expected));
}

#[test]
fn mirrors_of_one_operator_are_one_voice_however_many_they_are() {
    let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
    let one =
        |number: usize| Testimony { who: speaker(number, "one"), ..testimony(number, &with("refs/heads/main", 40)) };
    let honest = |number: usize| testimony(number, &refs());
    let mut asks = |_: &Oid, _: &Oid| false;
    for honest_ones in [2, 3] {
        let all: Vec<Testimony> = (0..4).map(one).chain((4..4 + honest_ones).map(honest)).collect();
        let agreement = weigh(&repository, &all, &Page::default(), Trust::Quorum, &mut asks).expect("a quorum");
        assert!(honest(0).refs.iter().all(|found| agreement.refs.contains(found)), "{honest_ones}");
    }
}
