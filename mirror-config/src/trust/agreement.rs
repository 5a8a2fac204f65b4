//! Evidence in, verdict out: whom to believe about refs. Pure; what was seen before is in `page`.
//!
//! Upstream's own word needs no rule. This module is for when upstream cannot be asked: what at least two operators
//! attest, and more than half of those that answered; else what was seen before, where one attests it (`seen`). A tip
//! attests its ancestors, so an honest laggard does not object.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    level::Trust,
    page::Page,
    quorum::{enough, possible},
    seen::{Asked, HEAD, Recalled},
    testimony::{Claim, Testimony, by_name, claim, voices},
};
use crate::{
    errors::{Failure, Kind},
    model::{Oid, Ref, Repository},
};

/// What holds, and on whose word.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// How strong the evidence is; the weakest that was needed.
    pub verdict: Trust,
    /// The refs that are believed.
    pub refs: Vec<Ref>,
    /// The operators whose word it is.
    pub voices: Vec<String>,
    /// Values beyond those that are believed: newer, or of refs that too few attest.
    pub unattested: Vec<Claim>,
    /// Which of the refs are believed since they were seen before.
    pub recalled: Recalled,
}

impl Agreement {
    fn of(verdict: Trust, refs: Vec<Ref>, voices: Vec<String>) -> Self {
        Self { verdict, refs, voices, unattested: Vec::new(), recalled: Recalled::default() }
    }
}

/// Weighs testimonies, `page` being what was seen before. `descends(new, old)` answers whether `new` reaches `old`; it is
/// asked only where two differ.
///
/// # Errors
///
/// [`Kind::Quorum`] when the evidence is weaker than `least`; [`Kind::Rollback`] when one alone speaks, and goes back
/// behind what was seen.
pub fn weigh(
    repository: &Repository,
    testimonies: &[Testimony],
    page: &Page,
    least: Trust,
    descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
) -> Result<Agreement, Failure> {
    if let Some(own) = testimonies.iter().find(|t| t.who.trusted) {
        return Ok(Agreement::of(Trust::Upstream, own.refs.clone(), vec![own.who.operator.clone()]));
    }
    let voices = voices(testimonies);
    let names: Vec<String> = voices.keys().map(|operator| (*operator).to_owned()).collect();
    let refused =
        |what: String| Failure::new(Kind::Quorum, format!("{repository}: upstream cannot be reached, and {what}"));
    let Some(first) = voices.values().next() else {
        return Err(Failure::new(Kind::Exhausted, format!("{repository}: neither upstream nor any mirror answers"))
            .hint("look at `cargo mirror probe git`"));
    };
    if least > Trust::Quorum {
        return Err(refused(format!("`git.trust = \"{least}\"` takes nobody else's word"))
            .hint("try again later, or accept agreeing mirrors with `MIRROR_GIT__TRUST=quorum`"));
    }
    let several = possible(voices.len());
    if !several {
        // There is nobody else to hold it against.
        page.check(repository, &first.refs, descends)?;
    }
    let agreement = agreed(&voices, names, page, descends);
    let all = agreement.unattested.is_empty() && agreement.refs.len() == first.refs.len();
    if !several && least == Trust::Tofu && !all {
        return Ok(Agreement::of(Trust::Tofu, first.refs.clone(), agreement.voices));
    }
    let empty = several && voices.values().flat_map(|t| &t.refs).all(|found| found.oid.is_none());
    let lost = has_lost_its_head(&voices, &agreement);
    if empty || !lost && !agreement.refs.is_empty() {
        return Ok(agreement);
    }
    let who = agreement.voices.join(", ");
    Err(match several {
        true => {
            let what = if lost { "the branch that HEAD stands for" } else { "any ref" };
            refused(format!("{who} do not agree on {what}"))
                .hint("try again later, or set `trusted = true` on a mirror that is your own")
        }
        false => refused(format!("only {who} speaks for it")).hint(
            "accept one mirror's word with `MIRROR_GIT__TRUST=tofu`, or set `trusted = true` on a mirror that is your own",
        ),
    })
}

/// Whether there is no HEAD though some name one: what is left would be taken for a repository without a main branch.
fn has_lost_its_head(voices: &BTreeMap<&str, &Testimony>, agreement: &Agreement) -> bool {
    let is_head = |found: &&Ref| found.name == HEAD;
    let named = voices.values().filter_map(|t| t.refs.iter().find(is_head));
    let born = named.filter(|head| head.oid.is_some()).count();
    born > 0 && !agreement.refs.is_empty() && !agreement.refs.iter().any(|found| is_head(&found))
}

/// Ref by ref: what enough of them attest, or what was seen.
fn agreed(
    voices: &BTreeMap<&str, &Testimony>,
    names: Vec<String>,
    page: &Page,
    descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
) -> Agreement {
    let said = by_name(voices);
    let mut agreement = Agreement::of(Trust::Quorum, Vec::new(), names);
    for (name, words) in said.iter().filter(|(name, _)| **name != HEAD) {
        // A branch goes on, so that whoever is ahead attests what was before; a tag stays where it is.
        let moves = !name.starts_with("refs/tags/");
        let mut descends = |new: &Oid, old: &Oid| moves && descends(new, old);
        let asked = Asked { name, words, agreed: attested(words, voices.len(), &mut descends).cloned() };
        let found = agreement.recalled.add(page, asked, &[], &mut descends);
        let believed = found.as_ref().and_then(|found| found.oid.as_ref());
        for (operator, word) in words {
            let Some(oid) = &word.oid else { continue };
            // Whoever lags behind what is believed has said nothing beyond it.
            if believed.is_none_or(|believed| believed != oid && !descends(believed, oid)) {
                agreement.unattested.push(claim(voices[operator], name, oid));
            }
        }
        agreement.refs.extend(found);
    }
    if let Some(words) = said.get(HEAD) {
        let asked = Asked { name: HEAD, words, agreed: head(words, voices.len(), &agreement.refs, descends) };
        if let Some(head) = agreement.recalled.add(page, asked, &agreement.refs, descends) {
            agreement.recalled.add_head(&head);
            agreement.refs.insert(0, head);
        }
    }
    if !agreement.recalled.names.is_empty() {
        agreement.verdict = Trust::Seen;
    }
    agreement
}

/// The newest of the values that enough operators attest, of one ref.
fn attested<'a>(
    words: &BTreeMap<&str, &'a Ref>,
    answered: usize,
    descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
) -> Option<&'a Ref> {
    let mut best: Option<&Ref> = None;
    let values: BTreeMap<Option<&Oid>, &Ref> = words.values().map(|found| (found.oid.as_ref(), *found)).collect();
    for (value, found) in &values {
        let mut attesting = 0;
        let mut behind = 0;
        for other in words.values() {
            match (value, other.oid.as_ref()) {
                (mine, theirs) if *mine == theirs => attesting += 1,
                (Some(mine), Some(theirs)) if descends(theirs, mine) => attesting += 1,
                (Some(mine), Some(theirs)) if descends(mine, theirs) => behind += 1,
                _ => {}
            }
        }
        if !enough(attesting, answered - behind) {
            continue;
        }
        let newer = match (best.and_then(|best| best.oid.as_ref()), value) {
            (Some(held), Some(value)) => descends(value, held),
            _ => true,
        };
        if newer {
            best = Some(found);
        }
    }
    best
}

/// `HEAD` as more than half say it: pointing where the believed refs do, or to a branch that has no commits; else at a commit of
/// its own, which may go on as a branch does.
fn head(
    words: &BTreeMap<&str, &Ref>,
    answered: usize,
    refs: &[Ref],
    descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
) -> Option<Ref> {
    let targets: BTreeSet<&String> = words.values().filter_map(|head| head.symref.as_ref()).collect();
    let pointing = targets.into_iter().find_map(|target| {
        let believed = refs.iter().find(|found| &found.name == target);
        // A branch that is not believed may be one that most say is not there yet.
        let votes = |head: &&&Ref| head.symref.as_ref() == Some(target) && (believed.is_some() || head.oid.is_none());
        let oid = believed.and_then(|found| found.oid.clone());
        enough(words.values().filter(votes).count(), answered).then(|| Ref {
            name: HEAD.to_owned(),
            oid,
            symref: Some(target.clone()),
            peeled: None,
        })
    });
    let detached = words.iter().filter(|(_, head)| head.symref.is_none()).map(|(who, head)| (*who, *head)).collect();
    pointing.or_else(|| attested(&detached, answered, descends).cloned())
}

#[cfg(test)]
mod tests {
    use super::{Testimony, weigh};
    use crate::{
        model::{Oid, Ref, Repository},
        trust::{Page, Speaker, Trust},
    };

    fn oid(n: u8) -> Oid {
        format!("{n:040x}").parse().expect("an id")
    }

    /// `main` at `n`, and HEAD there.
    fn says(operator: &str, main: u8) -> Testimony {
        let branch = |name: &str, symref: Option<&str>| Ref {
            name: name.into(),
            oid: Some(oid(main)),
            symref: symref.map(str::to_owned),
            peeled: None,
        };
        let address = format!("https://{operator}.example/a/b.git");
        Testimony {
            who: Speaker { mirror: operator.into(), operator: operator.into(), address, trusted: false },
            refs: vec![branch("HEAD", Some("refs/heads/main")), branch("refs/heads/main", None)],
        }
    }

    /// One line of history 1 ← 2 ← … ← 9; everything from 10 on is unrelated.
    fn line(new: &Oid, old: &Oid) -> bool {
        let number = |oid: &Oid| u8::from_str_radix(&oid.as_str()[38..], 16).expect("two digits");
        let (new, old) = (number(new), number(old));
        new < 10 && old < 10 && new >= old
    }

    fn main(testimonies: &[Testimony], least: Trust) -> Result<(Trust, u8), &'static str> {
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        weigh(&repository, testimonies, &Page::default(), least, &mut line)
            .map(|agreement| {
                let head = agreement.refs.iter().find(|r| r.name == "HEAD").expect("a head");
                let main = agreement.refs.iter().find(|r| r.name == "refs/heads/main").expect("a branch");
                assert_eq!(head.oid, main.oid);
                let digits = main.oid.as_ref().expect("born").as_str()[38..].to_owned();
                (agreement.verdict, u8::from_str_radix(&digits, 16).expect("two digits"))
            })
            .map_err(|failure| failure.kind.word())
    }

    #[test]
    fn verdicts_follow_the_evidence() {
        let twin = |operator: &str, main| {
            let said = says(operator, main);
            Testimony { who: Speaker { mirror: format!("{operator}-2"), ..said.who }, ..said }
        };
        let own = says("own", 7);
        let own = Testimony { who: Speaker { trusted: true, ..own.who }, ..own };
        for (case, testimonies, least, expected) in [
            ("two agree", vec![says("a", 5), says("b", 5)], Trust::Quorum, Ok((Trust::Quorum, 5))),
            ("one alone", vec![says("a", 5)], Trust::Quorum, Err("E-QUORUM")),
            ("one alone, tofu", vec![says("a", 5)], Trust::Tofu, Ok((Trust::Tofu, 5))),
            ("two of one operator", vec![says("a", 5), twin("a", 5)], Trust::Quorum, Err("E-QUORUM")),
            (
                "an honest laggard",
                vec![says("a", 5), says("b", 5), says("c", 3)],
                Trust::Quorum,
                Ok((Trust::Quorum, 5)),
            ),
            (
                "two laggards",
                vec![says("a", 5), says("b", 5), says("c", 3), says("d", 2)],
                Trust::Quorum,
                Ok((Trust::Quorum, 5)),
            ),
            ("the newest that two attest", vec![says("a", 6), says("b", 4)], Trust::Quorum, Ok((Trust::Quorum, 4))),
            ("an invented tip", vec![says("a", 5), says("b", 5), says("c", 77)], Trust::Quorum, Ok((Trust::Quorum, 5))),
            (
                "two against two",
                vec![says("a", 5), says("b", 5), says("c", 77), says("d", 77)],
                Trust::Quorum,
                Err("E-QUORUM"),
            ),
            ("nobody agrees", vec![says("a", 55), says("b", 66), says("c", 77)], Trust::Quorum, Err("E-QUORUM")),
            ("upstream demanded", vec![says("a", 5), says("b", 5)], Trust::Upstream, Err("E-QUORUM")),
            ("an own server", vec![says("a", 5), own], Trust::Upstream, Ok((Trust::Upstream, 7))),
            ("nobody", vec![], Trust::Tofu, Err("E-EXHAUSTED")),
        ] {
            assert_eq!(main(&testimonies, least), expected, "{case}");
        }
    }

    #[test]
    fn a_clone_without_its_main_branch_is_no_clone() {
        // Two who go on each for itself, and agree on another branch.
        let says = |operator: &str, main| {
            let mut testimony = says(operator, main);
            testimony.refs.push(Ref { name: "refs/heads/topic".into(), oid: Some(oid(3)), symref: None, peeled: None });
            testimony
        };
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let failure = weigh(&repository, &[says("a", 55), says("b", 66)], &Page::default(), Trust::Quorum, &mut line)
            .expect_err("no HEAD");
        assert!(failure.what.contains("HEAD"), "{failure}");
        let agreement = weigh(&repository, &[says("a", 5), says("b", 5)], &Page::default(), Trust::Quorum, &mut line)
            .expect("a quorum");
        assert_eq!(agreement.refs.len(), 3);
    }

    #[test]
    fn head_is_what_most_say_that_it_is() {
        // HEAD at a branch, at a branch without commits, at a commit; the branch is there, or is not.
        let testimony = |operator: &str, head: &str, main: Option<u8>| {
            let line = match head.parse::<u8>() {
                Ok(n) => format!("{} HEAD", oid(n)),
                Err(_) if head.starts_with('?') => format!("unborn HEAD symref-target:refs/heads/{}", &head[1..]),
                Err(_) => format!("{} HEAD symref-target:refs/heads/{head}", oid(5)),
            };
            let main = main.map(|n| format!("{} refs/heads/main", oid(n)));
            let refs = [line].into_iter().chain(main).map(|line| Ref::parse(&line).expect("a ref")).collect();
            Testimony { refs, ..says(operator, 5) }
        };
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let head = |said: &[(&str, Option<u8>)]| {
            let said: Vec<_> =
                said.iter().zip(["a", "b", "c", "d"]).map(|((h, m), who)| testimony(who, h, *m)).collect();
            let agreement = weigh(&repository, &said, &Page::default(), Trust::Quorum, &mut line);
            let agreement = agreement.map_err(|failure| failure.kind.word())?;
            let head = agreement.refs.iter().find(|found| found.name == "HEAD");
            Ok::<_, &str>(head.map_or_else(
                || "none".to_owned(),
                |head| match (&head.oid, &head.symref) {
                    (Some(oid), None) => oid.as_str()[38..].trim_start_matches('0').to_owned(),
                    (Some(_), Some(branch)) => branch.trim_start_matches("refs/heads/").to_owned(),
                    (None, branch) => {
                        format!("?{}", branch.as_deref().unwrap_or_default().trim_start_matches("refs/heads/"))
                    }
                },
            ))
        };
        let at = Some(5);
        for (case, said, expected) in [
            ("a branch", &[("main", at), ("main", at)][..], Ok("main")),
            ("a commit", &[("4", at), ("4", at)], Ok("4")),
            ("a commit, and one lags", &[("4", at), ("4", at), ("3", at)], Ok("4")),
            ("a commit that goes on", &[("4", at), ("3", at)], Ok("3")),
            ("commits apart", &[("77", at), ("78", at)], Err("E-QUORUM")),
            ("a commit of one alone", &[("main", at), ("main", at), ("77", at)], Ok("main")),
            ("a branch of one alone", &[("4", at), ("4", at), ("main", at)], Ok("4")),
            ("unborn and empty", &[("?trunk", None), ("?trunk", None)], Ok("?trunk")),
            ("unborn, as most say", &[("?trunk", None), ("?trunk", None), ("?other", None)], Ok("?trunk")),
            ("unborn, and no two alike", &[("?trunk", None), ("?other", None)], Ok("none")),
            ("unborn beside a branch", &[("?trunk", at), ("?trunk", at)], Ok("?trunk")),
            ("unborn where others have it", &[("?main", None), ("main", at), ("main", at)], Ok("main")),
            ("one to each", &[("4", at), ("main", at)], Err("E-QUORUM")),
        ] {
            assert_eq!(head(said), expected.map(str::to_owned), "{case}");
        }
    }

    #[test]
    fn a_tag_that_one_moves_back_is_doubted_and_a_laggard_does_not_object() {
        let tagged = |operator: &str, tag: Option<u8>| {
            let mut testimony = says(operator, 5);
            let named = |n| Ref { name: "refs/tags/v1".into(), oid: Some(oid(n)), symref: None, peeled: None };
            testimony.refs.extend(tag.map(named));
            testimony
        };
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let tag = |tags: &[Option<u8>]| {
            let testimonies: Vec<_> = tags.iter().zip(["a", "b", "c"]).map(|(tag, name)| tagged(name, *tag)).collect();
            let agreement =
                weigh(&repository, &testimonies, &Page::default(), Trust::Quorum, &mut line).expect("a quorum");
            agreement.refs.iter().find(|r| r.name == "refs/tags/v1").and_then(|r| r.oid.clone())
        };
        assert_eq!(tag(&[Some(5), Some(3)]), None);
        assert_eq!(tag(&[Some(5), Some(3), Some(5)]), Some(oid(5)));
        assert_eq!(tag(&[Some(5), None, Some(5)]), Some(oid(5)));
    }

    #[test]
    fn a_ref_that_only_one_names_is_doubted() {
        let mut liar = says("b", 5);
        liar.refs.push(Ref { name: "refs/heads/extra".into(), oid: Some(oid(9)), symref: None, peeled: None });
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let agreement =
            weigh(&repository, &[says("a", 5), liar], &Page::default(), Trust::Quorum, &mut line).expect("a quorum");
        assert_eq!(agreement.refs.len(), 2);
        let beyond: Vec<_> = agreement.unattested.iter().map(|c| (c.operator.as_str(), c.about.as_str())).collect();
        assert_eq!(beyond, [("b", "refs/heads/extra")]);
    }

    #[test]
    fn newer_tips_that_one_alone_names_are_told_and_laggards_are_not() {
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let said = [says("a", 6), says("b", 4), says("c", 4), says("d", 2)];
        let agreement = weigh(&repository, &said, &Page::default(), Trust::Quorum, &mut line).expect("a quorum");
        let beyond: Vec<_> = agreement.unattested.iter().map(|c| (c.operator.as_str(), c.said.clone())).collect();
        assert_eq!(beyond, [("a", oid(6).to_string())]);
    }
}
