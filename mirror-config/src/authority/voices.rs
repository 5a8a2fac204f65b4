//! Who said what in a run, one sentence for each voice however many entries were asked for: reports have it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    message::listed,
    trust::{Believed, Stance},
};

/// Who speaks by what was written down before the run: a lock, pins, hashes among requirements.
const PROJECT: &str = "the project";

/// What every voice said: of which crates or projects it said what.
#[derive(Debug, Default)]
pub(super) struct Voices(BTreeMap<String, BTreeMap<Stance, BTreeSet<String>>>);

impl Voices {
    /// Notes who said what of a crate or a project.
    pub(super) fn hear(&mut self, what: &str, believed: &Believed) {
        let project = believed.fixed.then(|| (PROJECT.to_owned(), Stance::Same));
        for (who, stance) in believed.said.iter().cloned().chain(project) {
            self.0.entry(who).or_default().entry(stance).or_default().insert(what.to_owned());
        }
    }

    /// Each voice with its sentence.
    pub(super) fn sentences(&self) -> Vec<(String, String)> {
        let part = |(stance, about): (&Stance, &BTreeSet<String>)| {
            let said = match stance {
                Stance::Same => "what is believed of",
                Stance::Other => "something else of",
                Stance::Alone => "what too few attest of",
            };
            format!("{said} {}", listed(about.iter().map(String::as_str)))
        };
        let sentence = |(who, said): (&String, &BTreeMap<Stance, BTreeSet<String>>)| {
            (who.clone(), said.iter().map(part).collect::<Vec<_>>().join("; "))
        };
        self.0.iter().map(sentence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Voices;
    use crate::{
        cargo::index,
        trust::{Speaker, Trust, Word, entries},
    };

    /// A word such as `"ash 1=x 2=y"`, the checksum behind the version.
    fn word(text: &str) -> Word {
        let (operator, versions) = text.split_once(' ').expect("an operator");
        let line = |pair: &str| {
            let (number, checksum) = pair.split_once('=').expect("a version");
            format!("{{\"vers\":\"{number}\",\"cksum\":\"{checksum}\",\"yanked\":false}}")
        };
        let entry: Vec<String> = versions.split_whitespace().map(line).collect();
        let versions = index::versions(entry.join("\n").as_bytes()).expect("lines of an index");
        let (operator, address) = (operator.to_owned(), format!("https://{operator}.example/"));
        Word { who: Speaker { mirror: operator.clone(), trusted: operator == "own", operator, address }, versions }
    }

    #[test]
    fn each_voice_has_one_sentence() {
        type Case<'a> = (&'a str, &'a [&'a str], Trust, Option<&'a str>, &'a [(&'a str, &'a str)]);
        let cases: &[Case<'_>] = &[
            (
                "two agree",
                &["ash 1=x", "birch 1=x"],
                Trust::Quorum,
                None,
                &[("ash", "what is believed of a"), ("birch", "what is believed of a")],
            ),
            (
                "one lies about one version and is right about another",
                &["ash 1=x 2=evil", "birch 1=x 2=y", "cedar 1=x 2=y"],
                Trust::Quorum,
                None,
                &[
                    ("ash", "what is believed of a; something else of a"),
                    ("birch", "what is believed of a"),
                    ("cedar", "what is believed of a"),
                ],
            ),
            ("one alone", &["ash 1=x"], Trust::Quorum, None, &[("ash", "what too few attest of a")]),
            ("one alone is enough", &["ash 1=x"], Trust::Tofu, None, &[("ash", "what is believed of a")]),
            (
                "the lock decides",
                &["ash 1=x", "birch 1=evil"],
                Trust::Quorum,
                Some("x"),
                &[
                    ("ash", "what is believed of a"),
                    ("birch", "something else of a"),
                    ("the project", "what is believed of a"),
                ],
            ),
            ("an own server", &["own 1=x", "birch 1=y"], Trust::Quorum, None, &[("own", "what is believed of a")]),
            ("nobody", &[], Trust::Quorum, None, &[]),
        ];
        for (case, words, least, locked, expected) in cases {
            let words: Vec<Word> = words.iter().map(|text| word(text)).collect();
            let mut voices = Voices::default();
            voices.hear("a", &entries::weigh(&words, *least, &|version| *locked == Some(version.checksum.as_str())));
            let said = voices.sentences();
            let said: Vec<(&str, &str)> = said.iter().map(|(who, said)| (who.as_str(), said.as_str())).collect();
            assert_eq!(said, *expected, "{case}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let mut voices = Voices::default();
        let believed = entries::weigh(&[word("ash 1=x"), word("birch 1=x")], Trust::Quorum, &|_| false);
        for name in ["e", "a", "d", "b", "c", "a"] {
            voices.hear(name, &believed);
        }
        assert_eq!(voices.sentences()[0].1, "what is believed of a, b, c and 2 more");
    }
}
