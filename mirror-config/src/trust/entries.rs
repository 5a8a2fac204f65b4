//! Whom to believe about a crate when its upstream index cannot be asked. Pure.
//!
//! A version is believed when at least two operators say the same of it, and more than half of those that have it. Who
//! has not got it yet does not object. `yanked` may differ; it changes over time. A checksum that the project has written
//! down, in `Cargo.lock` or as a `--hash` of its requirements, was believed once, and is evidence too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{
    level::Trust,
    quorum::enough,
    testimony::{Claim, Speaker},
};

/// One version of a crate, as its index says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The version's number.
    pub number: String,
    /// SHA-256 of its file, in lower-case hex.
    pub checksum: String,
    /// Taken back by its author: new resolutions leave it out, locks may keep it.
    pub yanked: bool,
    /// The line as it stands there.
    pub line: String,
    /// All that must not differ between honest mirrors: what the tool would do with it, but for `yanked`, which changes over
    /// time.
    pub meaning: Value,
    /// What some mirrors lack, and what then is no contradiction, by its name. The stricter is passed on.
    pub extras: BTreeMap<&'static str, Value>,
}

impl Version {
    /// Whether both mean the same, as far as both say it.
    pub fn agrees(&self, other: &Self) -> bool {
        let differs = |(key, value): (&&str, &Value)| other.extras.get(key).is_some_and(|said| said != value);
        self.meaning == other.meaning && !self.extras.iter().any(differs)
    }
}

/// What one mirror says of a crate.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Whose word it is.
    pub who: Speaker,
    /// Its versions; none when it has not got the crate.
    pub versions: Vec<Version>,
}

/// What is believed of a crate.
#[derive(Debug, Clone, PartialEq)]
pub struct Believed {
    /// The weakest evidence that was needed; `Pinned` where all rests on what the project has written down.
    pub verdict: Trust,
    /// The versions, in order.
    pub versions: Vec<Version>,
    /// Numbers of versions of which mirrors contradict each other.
    pub contradicted: Vec<String>,
    /// What they say of those.
    pub claims: Vec<Claim>,
    /// Numbers of versions that too few attest.
    pub unattested: Vec<String>,
    /// How many operators say the same of each version that is believed, at least; all of it, `yanked` too.
    pub support: usize,
    /// Which operators said it, and which said something else.
    pub said: BTreeSet<(String, Stance)>,
    /// Whether the project's own word was needed.
    pub fixed: bool,
}

/// How what an operator says stands to what is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// It is what is believed.
    Same,
    /// It contradicts that, or others where nothing is believed.
    Other,
    /// Too few attest it.
    Alone,
}

/// Whether a version has a checksum that the project has written down.
pub type Locked<'a> = &'a dyn Fn(&Version) -> bool;

/// Weighs words.
pub fn weigh(words: &[Word], least: Trust, locked: Locked<'_>) -> Believed {
    let mut believed = Believed {
        verdict: Trust::Pinned,
        versions: Vec::new(),
        contradicted: Vec::new(),
        claims: Vec::new(),
        unattested: Vec::new(),
        support: usize::MAX,
        said: BTreeSet::new(),
        fixed: false,
    };
    if let Some(own) = words.iter().find(|word| word.who.trusted && !word.versions.is_empty()) {
        let said = BTreeSet::from([(own.who.operator.clone(), Stance::Same)]);
        return Believed { verdict: Trust::Upstream, versions: own.versions.clone(), said, ..believed };
    }
    let mut voices: BTreeMap<&str, &Word> = BTreeMap::new();
    for word in words {
        voices.entry(&word.who.operator).or_insert(word);
    }
    // The order of whoever has the most is the order of the index.
    let mut numbers: Vec<&str> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut by_length: Vec<&&Word> = voices.values().collect();
    by_length.sort_by_key(|word| std::cmp::Reverse(word.versions.len()));
    for version in by_length.iter().flat_map(|word| &word.versions) {
        if seen.insert(&version.number) {
            numbers.push(&version.number);
        }
    }
    let said_by: Vec<HashMap<&str, &Version>> = voices
        .values()
        .map(|word| word.versions.iter().rev().map(|version| (version.number.as_str(), version)).collect())
        .collect();
    for number in numbers {
        let said: Vec<&Version> = said_by.iter().filter_map(|versions| versions.get(number).copied()).collect();
        let attesting = |version: &Version| said.iter().filter(|other| other.agrees(version)).count();
        let Some(most) = said.iter().copied().max_by_key(|version| attesting(version)) else { continue };
        let votes = attesting(most);
        let in_lock = said.iter().copied().find(|version| locked(version));
        // Also many cannot talk the project out of what it has written down.
        let objects = in_lock.is_some() && !locked(most);
        let (found, evidence) = if least <= Trust::Quorum && enough(votes, said.len()) && !objects {
            (most, Trust::Quorum)
        } else if let Some(found) = in_lock {
            (found, Trust::Pinned)
        } else if least == Trust::Tofu && votes == said.len() {
            (most, Trust::Tofu)
        } else {
            let list = if votes < said.len() { &mut believed.contradicted } else { &mut believed.unattested };
            list.push(number.to_owned());
            continue;
        };
        if votes < said.len() {
            believed.contradicted.push(number.to_owned());
        }
        believed.verdict = believed.verdict.min(evidence);
        believed.fixed |= evidence == Trust::Pinned;
        let (found, support) = as_most_have_it(found, &said);
        believed.support = believed.support.min(support);
        believed.versions.push(found.clone());
    }
    let contradicted = believed.contradicted.iter();
    believed.claims = contradicted.flat_map(|number| claims(&voices, number)).collect();
    believed.said = voices.values().flat_map(|word| stances(word, &believed)).collect();
    believed
}

/// How each version that an operator names stands to what is believed.
fn stances(word: &Word, believed: &Believed) -> BTreeSet<(String, Stance)> {
    let known: HashMap<&str, &Version> = believed.versions.iter().map(|v| (v.number.as_str(), v)).collect();
    let stance = |version: &Version| match known.get(version.number.as_str()) {
        Some(known) if known.agrees(version) => Stance::Same,
        None if !believed.contradicted.contains(&version.number) => Stance::Alone,
        _ => Stance::Other,
    };
    word.versions.iter().map(|version| (word.who.operator.clone(), stance(version))).collect()
}

/// What everyone says of a version.
fn claims(voices: &BTreeMap<&str, &Word>, number: &str) -> Vec<Claim> {
    let said = |word: &&Word| word.versions.iter().rev().find(|version| version.number == number).cloned();
    let claim = |word: &&Word| Some(Claim::new(&word.who, number, said(word)?.checksum));
    voices.values().filter_map(claim).collect()
}

/// A version as most have it of those who mean the same by it, and how many say all of that. They may differ in `yanked`, and in
/// what some lack: half is enough for either, since whoever lags behind does not know of it yet, or never had it.
fn as_most_have_it<'a>(found: &'a Version, said: &[&'a Version]) -> (&'a Version, usize) {
    let same: Vec<&Version> = said.iter().copied().filter(|version| version.agrees(found)).collect();
    let (with, without): (Vec<&Version>, Vec<&Version>) = same.iter().partition(|version| version.yanked);
    let most = if with.len() >= without.len() { with } else { without };
    let is_held = |(key, value): &(&&str, &Value)| {
        same.iter().filter(|version| version.extras.get(*key) == Some(*value)).count() * 2 >= same.len()
    };
    let fit = |version: &Version| {
        let (held, alone): (Vec<_>, Vec<_>) = version.extras.iter().partition(is_held);
        (held.len(), std::cmp::Reverse(alone.len()))
    };
    // The first of those that fit best.
    let best = most.iter().copied().rev().max_by_key(|version| fit(version)).unwrap_or(found);
    (best, most.iter().filter(|version| version.extras == best.extras).count())
}

#[cfg(test)]
mod tests {
    use super::{Speaker, Word, weigh};
    use crate::{cargo::index, trust::Trust};

    /// A word such as `"a: 1=x 2=y"`, the checksum behind the version.
    fn word(text: &str) -> Word {
        let (operator, versions) = text.split_once(':').expect("an operator");
        let line = |pair: &str| {
            let (number, checksum) = pair.split_once('=').expect("a version");
            let yanked = operator == "b";
            format!("{{\"vers\":\"{number}\",\"cksum\":\"{checksum}\",\"yanked\":{yanked}}}")
        };
        let entry: Vec<String> = versions.split_whitespace().map(line).collect();
        let versions = index::versions(entry.join("\n").as_bytes()).expect("lines of an index");
        let (mirror, address) = (operator.to_owned(), format!("https://{operator}.example/"));
        let who = Speaker { mirror, address, operator: operator.to_owned(), trusted: operator == "own" };
        Word { who, versions }
    }

    #[test]
    fn two_operators_are_needed_and_more_than_half() {
        type Case<'a> = (&'a [&'a str], Trust, Option<&'a str>, &'a str, Trust);
        let cases: &[Case<'_>] = &[
            (&["a: 1=x 2=y", "b: 1=x 2=y"], Trust::Quorum, None, "1=x 2=y", Trust::Quorum),
            // A laggard does not object, and what only one has is not there.
            (&["a: 1=x 2=y", "b: 1=x", "c: 1=x 2=y 3=z"], Trust::Quorum, None, "1=x 2=y", Trust::Quorum),
            // One lies about an old version.
            (&["a: 1=x", "b: 1=x", "c: 1=evil"], Trust::Quorum, None, "1=x", Trust::Quorum),
            // Two against two: nobody is believed.
            (&["a: 1=x", "b: 1=x", "c: 1=evil", "d: 1=evil"], Trust::Quorum, None, "", Trust::Pinned),
            // One voice is none, twice the same operator neither.
            (&["a: 1=x"], Trust::Quorum, None, "", Trust::Pinned),
            (&["a: 1=x", "a: 1=x"], Trust::Quorum, None, "", Trust::Pinned),
            (&["a: 1=x"], Trust::Tofu, None, "1=x", Trust::Tofu),
            (&["a: 1=x", "b: 1=evil"], Trust::Tofu, None, "", Trust::Pinned),
            // The lock decides.
            (&["a: 1=x", "b: 1=evil"], Trust::Quorum, Some("x"), "1=x", Trust::Pinned),
            (&["a: 1=x", "b: 1=evil", "c: 1=evil"], Trust::Quorum, Some("x"), "1=x", Trust::Pinned),
            (&["a: 1=evil"], Trust::Tofu, Some("x"), "1=evil", Trust::Tofu),
            (&["a: 1=x", "b: 1=x"], Trust::Upstream, None, "", Trust::Pinned),
            (&["a: 1=x", "b: 1=x"], Trust::Upstream, Some("x"), "1=x", Trust::Pinned),
            (&["own: 1=x", "b: 1=y", "c: 1=y"], Trust::Upstream, None, "1=x", Trust::Upstream),
            (&[], Trust::Quorum, None, "", Trust::Pinned),
        ];
        for (words, least, locked, expected, verdict) in cases {
            let words: Vec<_> = words.iter().map(|text| word(text)).collect();
            let believed = weigh(&words, *least, &|version| *locked == Some(version.checksum.as_str()));
            let shown: Vec<String> = believed.versions.iter().map(|v| format!("{}={}", v.number, v.checksum)).collect();
            assert_eq!((shown.join(" ").as_str(), believed.verdict), (*expected, *verdict), "{words:?}");
        }
    }

    #[test]
    fn yanked_is_what_most_say_whoever_is_asked_last() {
        for (yanked, expected, support) in [
            ([false, false, true], false, 2),
            ([true, false, false], false, 2),
            ([true, true, false], true, 2),
            ([true, true, true], true, 3),
        ] {
            let mut words = [word("a: 1=x"), word("c: 1=x"), word("d: 1=x")];
            words.iter_mut().zip(yanked).for_each(|(word, yanked)| word.versions[0].yanked = yanked);
            let believed = weigh(&words, Trust::Quorum, &|_| false);
            assert_eq!((believed.versions[0].yanked, believed.support), (expected, support), "{yanked:?}");
            assert!(believed.contradicted.is_empty(), "it changes over time");
        }
    }

    #[test]
    fn what_some_lack_is_no_contradiction_and_half_of_them_make_it_count() {
        let said = [None, Some("a"), Some("b")];
        for (voices, expected, contradicted) in [
            ([0, 1, 1], Some("a"), false),
            ([0, 0, 1], None, false),
            ([0, 1, 9], Some("a"), false),
            ([1, 1, 2], Some("a"), true),
            ([1, 0, 9], Some("a"), false),
            ([0, 0, 9], None, false),
        ] {
            let words: Vec<Word> = ["a: 1=x", "c: 1=x", "d: 1=x"]
                .iter()
                .zip(voices)
                .filter(|(_, voice)| *voice < said.len())
                .map(|(text, voice)| {
                    let mut word = word(text);
                    word.versions[0].extras.extend(said[voice].map(|value| ("links", serde_json::json!(value))));
                    word
                })
                .collect();
            let believed = weigh(&words, Trust::Quorum, &|_| false);
            let found = believed.versions[0].extras.get("links").and_then(serde_json::Value::as_str);
            assert_eq!((found, !believed.contradicted.is_empty()), (expected, contradicted), "{voices:?}");
        }
    }

    #[test]
    fn changed_dependencies_under_the_same_checksum_are_a_contradiction() {
        let mut honest = [word("a: 1=x"), word("b: 1=x"), word("c: 1=x")];
        honest[2].versions[0].meaning["deps"] = serde_json::json!(["evil"]);
        let believed = weigh(&honest, Trust::Quorum, &|_| false);
        assert_eq!(believed.versions[0].meaning["deps"], serde_json::json!([]));
        assert_eq!(believed.contradicted, ["1"]);
        let who: Vec<&str> = believed.claims.iter().map(|claim| claim.operator.as_str()).collect();
        assert_eq!(who, ["a", "b", "c"]);
    }
}
