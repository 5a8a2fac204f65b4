//! What was seen before, weighed against what mirrors say now: where it counts as evidence. Pure.
//!
//! A ref is believed where upstream or a quorum had it, if a mirror has it there too, or goes on from it: whoever is ahead
//! attests what was before. Never anywhere newer, which is for upstream to say, or for a quorum.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Page;
use crate::model::{Oid, Ref};

/// The ref that stands for the main branch.
pub(super) const HEAD: &str = "HEAD";

/// Refs that are believed since they were seen before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Their names.
    pub names: Vec<String>,
    /// The operators that attest them now.
    pub by: BTreeSet<String>,
}

/// What is made of one ref: what each operator says of it, and what mirrors agree on, if anything.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) words: &'a BTreeMap<&'a str, &'a Ref>,
    pub(super) agreed: Option<Ref>,
}

impl Recalled {
    /// What is believed of a ref: what mirrors agree on, where that goes on from what was seen; else what was seen, where
    /// somebody attests it; else what they agree on, which is held against the page later. `HEAD` is where its branch is
    /// believed to be. `descends` as in [`super::agreement::weigh`]; nothing goes on from a tag.
    pub(super) fn add(
        &mut self,
        page: &Page,
        Asked { name, words, agreed }: Asked<'_>,
        believed: &[Ref],
        descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
    ) -> Option<Ref> {
        let Some(seen) = page.evidence(name) else { return agreed };
        let mut goes_on =
            |found: &Ref| found.oid.as_ref().is_some_and(|oid| *oid == seen.oid || descends(oid, &seen.oid));
        if agreed.as_ref().is_some_and(&mut goes_on) {
            return agreed;
        }
        let mut found = seen.named(name);
        let branch = found.symref.clone().filter(|_| name == HEAD);
        if let Some(branch) = &branch {
            let Some(target) = believed.iter().find(|believed| believed.name == *branch) else { return agreed };
            found.oid.clone_from(&target.oid);
        }
        let mut attests = |word: &Ref| goes_on(word) || branch.is_some() && word.symref == branch;
        let by: Vec<&str> = words.iter().filter(|(_, word)| attests(word)).map(|(who, _)| *who).collect();
        if by.is_empty() {
            return agreed;
        }
        self.names.push(name.to_owned());
        self.by.extend(by.into_iter().map(str::to_owned));
        Some(found)
    }

    /// `HEAD` is as old as the branch that it stands for, whoever says which one that is.
    pub(super) fn add_head(&mut self, head: &Ref) {
        let has = |name: &str| self.names.iter().any(|known| known == name);
        if head.symref.as_deref().is_some_and(has) && !has(HEAD) {
            self.names.push(HEAD.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HEAD;
    use crate::{
        model::{Oid, Ref, Repository},
        trust::{Page, Speaker, Testimony, Trust, agreement::weigh},
    };

    /// Refs such as `"main=5 topic=3 v1=7 HEAD"`; what begins with `v` is a tag, `HEAD` stands for `main`, `HEAD:topic` for
    /// another branch.
    fn refs(text: &str) -> Vec<Ref> {
        let full = |name: &str| match name.starts_with('v') {
            true => format!("refs/tags/{name}"),
            false => format!("refs/heads/{name}"),
        };
        let oid = |number: &str| -> Oid { format!("{number:0>40}").parse().expect("an id") };
        let values: Vec<(&str, &str)> = text.split(' ').filter_map(|word| word.split_once('=')).collect();
        let found = |word: &str| match word.split_once('=') {
            Some((name, number)) => Ref { name: full(name), oid: Some(oid(number)), symref: None, peeled: None },
            None => {
                let branch = word.split_once(':').map_or("main", |(_, branch)| branch);
                let at = values.iter().find(|(name, _)| *name == branch).map(|(_, number)| oid(number));
                Ref { name: HEAD.to_owned(), oid: at, symref: Some(full(branch)), peeled: None }
            }
        };
        text.split(' ').filter(|word| !word.is_empty()).map(found).collect()
    }

    /// What `refs` reads.
    fn shown(refs: &[Ref]) -> String {
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let word = |found: &Ref| match &found.symref {
            Some(branch) if branch == "refs/heads/main" => HEAD.to_owned(),
            Some(branch) => format!("{HEAD}:{}", short(branch)),
            None => {
                format!("{}={}", short(&found.name), found.oid.as_ref().expect("born").as_str().trim_start_matches('0'))
            }
        };
        refs.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn says(operator: &str, text: &str) -> Testimony {
        let address = format!("https://{operator}.example/a/b.git");
        let operator = operator.to_owned();
        Testimony { who: Speaker { mirror: operator.clone(), operator, address, trusted: false }, refs: refs(text) }
    }

    /// One line of history 1 <- 2 <- ... <- 9; everything from 10 on goes on from what stands for its first digit: 61 from 6.
    fn line(new: &Oid, old: &Oid) -> bool {
        let number = |oid: &Oid| oid.as_str().trim_start_matches('0').parse::<u32>().expect("a number");
        let (new, old) = (number(new), number(old));
        new == old || old < 10 && if new < 10 { new > old } else { new / 10 >= old }
    }

    /// What comes of it where a quorum is asked for: the verdict, the refs, and those that were recalled; or the error.
    fn weighed(seen: &[(&str, Trust)], said: &[&str], least: Trust) -> Result<(Trust, String, usize), &'static str> {
        let mut page = Page::default();
        seen.iter().for_each(|(text, verdict)| page.remember(&refs(text), *verdict, false, 1));
        let testimonies: Vec<Testimony> =
            said.iter().zip(["a", "b", "c", "d"]).map(|(text, who)| says(who, text)).collect();
        let repository = Repository { upstream: "github".into(), repo: "a/b".parse().expect("a name") };
        let agreement =
            weigh(&repository, &testimonies, &page, least, &mut line).map_err(|failure| failure.kind.word())?;
        page.check(&repository, &agreement.refs, &mut line).map_err(|failure| failure.kind.word())?;
        Ok((agreement.verdict, shown(&agreement.refs), agreement.recalled.names.len()))
    }

    #[test]
    fn one_mirror_and_what_was_seen_are_enough_for_that() {
        const ALL: &str = "HEAD main=5 topic=3 v1=7";
        let seen = |refs: &str| Ok((Trust::Seen, refs.to_owned(), refs.split(' ').count()));
        let upstream: &[(&str, Trust)] = &[(ALL, Trust::Upstream)];
        for (case, page, said, expected) in [
            ("the same as upstream", upstream, ALL, seen(ALL)),
            ("the same as a quorum", &[(ALL, Trust::Quorum)], ALL, seen(ALL)),
            ("nothing was seen", &[], ALL, Err("E-QUORUM")),
            ("one mirror alone said it before", &[(ALL, Trust::Tofu)], ALL, Err("E-QUORUM")),
            ("newer", upstream, "HEAD main=6 topic=3 v1=7", seen(ALL)),
            ("another branch is newer", upstream, "HEAD main=5 topic=4 v1=7", seen(ALL)),
            ("older", upstream, "HEAD main=4 topic=3 v1=7", Err("E-ROLLBACK")),
            ("another branch is older", upstream, "HEAD main=5 topic=2 v1=7", Err("E-ROLLBACK")),
            ("beside", upstream, "HEAD main=41 topic=3 v1=7", Err("E-ROLLBACK")),
            ("a tag moved", upstream, "HEAD main=5 topic=3 v1=8", Err("E-ROLLBACK")),
            ("a branch and a tag more", upstream, "HEAD main=5 topic=3 extra=5 v1=7 v2=5", seen(ALL)),
            ("a branch hidden", upstream, "HEAD main=5 v1=7", seen("HEAD main=5 v1=7")),
            ("the main branch hidden", upstream, "topic=3 v1=7", seen("topic=3 v1=7")),
            ("HEAD elsewhere", upstream, "HEAD:topic main=5 topic=3 v1=7", Err("E-ROLLBACK")),
            ("a branch that it alone has", upstream, "extra=5", Err("E-QUORUM")),
            ("nothing at all", upstream, "", Err("E-QUORUM")),
            (
                "main on one mirror's word alone",
                &[(ALL, Trust::Upstream), ("HEAD main=6", Trust::Tofu)],
                "HEAD main=6 topic=3 v1=7",
                Err("E-QUORUM"),
            ),
        ] {
            assert_eq!(weighed(page, &[said], Trust::Quorum), expected, "{case}");
            assert_eq!(weighed(page, &[said], Trust::Upstream), Err("E-QUORUM"), "{case}, upstream is demanded");
        }
        let tofu = |said: &str| weighed(upstream, &[said], Trust::Tofu);
        assert_eq!(tofu(ALL), seen(ALL), "what is known to be better is called so");
        assert_eq!(tofu("HEAD main=6 topic=3 v1=7"), Ok((Trust::Tofu, "HEAD main=6 topic=3 v1=7".to_owned(), 0)));
    }

    #[test]
    fn what_was_seen_stands_where_mirrors_do_not_agree_on_more() {
        const ALL: &str = "HEAD main=5 v1=7";
        let seen = |refs: &str, recalled| Ok((Trust::Seen, refs.to_owned(), recalled));
        let quorum = |refs: &str| Ok((Trust::Quorum, refs.to_owned(), 0));
        for (case, said, expected) in [
            ("they agree on it", &[ALL, ALL][..], quorum(ALL)),
            ("they agree on more", &["HEAD main=6 v1=7", "HEAD main=6 v1=7"], quorum("HEAD main=6 v1=7")),
            ("one lags", &[ALL, "HEAD main=4 v1=7"], seen(ALL, 2)),
            ("two lag", &[ALL, "HEAD main=4 v1=7", "HEAD main=3 v1=7"], seen(ALL, 2)),
            ("one is ahead", &[ALL, "HEAD main=6 v1=7"], quorum(ALL)),
            ("both are ahead, each its own way", &["HEAD main=61 v1=7", "HEAD main=62 v1=7"], seen(ALL, 2)),
            ("one is elsewhere", &[ALL, "HEAD main=41 v1=7"], seen(ALL, 2)),
            ("most are elsewhere", &[ALL, "HEAD main=41 v1=7", "HEAD main=41 v1=7"], seen(ALL, 2)),
            ("all are elsewhere", &["HEAD main=41 v1=7", "HEAD main=41 v1=7"], Err("E-ROLLBACK")),
            ("all lag", &["HEAD main=4 v1=7", "HEAD main=4 v1=7"], Err("E-ROLLBACK")),
            ("one moves the tag", &[ALL, "HEAD main=5 v1=8"], seen(ALL, 1)),
            ("most move the tag", &[ALL, "HEAD main=5 v1=8", "HEAD main=5 v1=8"], seen(ALL, 1)),
            ("all move the tag", &["HEAD main=5 v1=8", "HEAD main=5 v1=8"], Err("E-ROLLBACK")),
            ("each moves the tag elsewhere", &["HEAD main=5 v1=8", "HEAD main=5 v1=9"], quorum("HEAD main=5")),
            (
                "most have HEAD elsewhere",
                &["HEAD main=5 old=3", "HEAD:old main=5 old=3", "HEAD:old main=5 old=3"],
                seen("HEAD main=5 old=3", 1),
            ),
            ("newer, and the tag in dispute", &["HEAD main=6 v1=7", "HEAD main=6 v1=8"], seen("HEAD main=6 v1=7", 1)),
        ] {
            assert_eq!(weighed(&[(ALL, Trust::Upstream)], said, Trust::Quorum), expected, "{case}");
        }
    }
}
