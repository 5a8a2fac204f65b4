//! What mirrors say of refs, voice by voice, and where two cannot both be right. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{Oid, Ref};

/// Who says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The mirror's name.
    pub mirror: String,
    /// Who runs it: two mirrors of one operator are one voice.
    pub operator: String,
    /// Where it is, without credentials.
    pub address: String,
    /// An authority of its own.
    pub trusted: bool,
}

/// What one mirror says the refs are.
#[derive(Debug, Clone, PartialEq)]
pub struct Testimony {
    /// Whose word it is.
    pub who: Speaker,
    /// The refs.
    pub refs: Vec<Ref>,
}

/// What one operator says of one thing: a ref, a version of a crate, a file of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The ref, the version or the file name.
    pub about: String,
    /// Who says so.
    pub operator: String,
    /// Through which of its mirrors.
    pub mirror: String,
    /// Where that is, without credentials.
    pub address: String,
    /// The object id or the checksum.
    pub said: String,
}

/// What operators say of refs of which they cannot all be right: neither value reaches the other. `descends` as in
/// [`super::agreement::weigh`].
pub fn contradictions(testimonies: &[Testimony], descends: &mut dyn FnMut(&Oid, &Oid) -> bool) -> Vec<Claim> {
    let voices = voices(testimonies);
    let mut found = Vec::new();
    for (name, words) in by_name(&voices).into_iter().filter(|(name, _)| *name != "HEAD") {
        let values: BTreeSet<&Oid> = words.values().filter_map(|word| word.oid.as_ref()).collect();
        let values: Vec<&Oid> = values.into_iter().collect();
        let moves = !name.starts_with("refs/tags/");
        let mut descends = |new: &Oid, old: &Oid| moves && descends(new, old);
        let apart = values
            .iter()
            .enumerate()
            .any(|(at, one)| values[at + 1..].iter().any(|other| !descends(one, other) && !descends(other, one)));
        if apart {
            let claims = words.iter().filter_map(|(who, word)| Some(claim(voices[who], name, word.oid.as_ref()?)));
            found.extend(claims);
        }
    }
    found
}

/// What one says of a ref.
pub(super) fn claim(testimony: &Testimony, name: &str, oid: &Oid) -> Claim {
    Claim::new(&testimony.who, name, oid.to_string())
}

impl Claim {
    /// What somebody says of something.
    pub(super) fn new(who: &Speaker, about: &str, said: String) -> Self {
        let Speaker { mirror, operator, address, .. } = who.clone();
        Self { about: about.to_owned(), operator, mirror, address, said }
    }
}

/// Two mirrors of one operator are one voice; the first to be asked speaks.
pub(super) fn voices(testimonies: &[Testimony]) -> BTreeMap<&str, &Testimony> {
    let mut voices: BTreeMap<&str, &Testimony> = BTreeMap::new();
    for testimony in testimonies {
        voices.entry(&testimony.who.operator).or_insert(testimony);
    }
    voices
}

/// Who says what of each ref.
pub(super) fn by_name<'a>(voices: &BTreeMap<&'a str, &'a Testimony>) -> BTreeMap<&'a str, BTreeMap<&'a str, &'a Ref>> {
    let mut said: BTreeMap<&str, BTreeMap<&str, &Ref>> = BTreeMap::new();
    for (operator, testimony) in voices {
        for found in &testimony.refs {
            said.entry(&found.name).or_default().insert(operator, found);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{Speaker, Testimony, contradictions};
    use crate::model::{Oid, Ref};

    fn speaker(mirror: &str, operator: &str) -> Speaker {
        let address = format!("https://{mirror}.example/a/b.git");
        Speaker { mirror: mirror.into(), operator: operator.into(), address, trusted: false }
    }

    /// `main` at `n`.
    fn says(operator: &str, n: u8) -> Testimony {
        let oid = format!("{n:040x}").parse().expect("an id");
        Testimony {
            who: speaker(operator, operator),
            refs: vec![Ref { name: "refs/heads/main".into(), oid: Some(oid), symref: None, peeled: None }],
        }
    }

    /// One line of history up to 0x49; the others are unrelated.
    fn line(new: &Oid, old: &Oid) -> bool {
        let short = |oid: &Oid| oid.as_str()[38..] < *"4a";
        short(new) && short(old) && new.as_str() >= old.as_str()
    }

    #[test]
    fn operators_that_cannot_both_be_right_contradict_each_other() {
        let said = [says("a", 5), says("b", 77), says("c", 3), Testimony { who: speaker("a-2", "a"), ..says("a", 88) }];
        assert_eq!(contradictions(&[says("a", 6), says("b", 4), says("c", 4)], &mut line), []);
        let found = contradictions(&said, &mut line);
        let who: Vec<_> = found.iter().map(|c| (c.operator.as_str(), c.about.as_str())).collect();
        assert_eq!(who, [("a", "refs/heads/main"), ("b", "refs/heads/main"), ("c", "refs/heads/main")]);
    }
}
