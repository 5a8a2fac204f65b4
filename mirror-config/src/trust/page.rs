//! What is remembered of one repository, what that forbids mirrors to say later, and what it is evidence for. Pure; the
//! file is `ledger`'s.
//!
//! Mirrors may show a tip that is newer than the page's, never one behind or beside it, nor another tag of the same
//! name; upstream may show anything. A page belongs to a name and a history: names change hands, root commits do not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{age::Newest, level::Trust};
use crate::{
    errors::{Failure, Kind},
    model::{Oid, Ref, Repository},
};

/// Most refs remembered of one repository.
const MOST: usize = 10_000;

/// What is remembered of one ref.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it points to.
    pub oid: Oid,
    /// When it was seen, in seconds since 1970.
    pub seen: u64,
    /// The word for the evidence.
    pub verdict: String,
    /// The ref it stands for, if it is symbolic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symref: Option<String>,
    /// The object behind an annotated tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peeled: Option<Oid>,
    /// When upstream itself had last said so, where a quorum has said it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<u64>,
}

impl Entry {
    /// Whether it rests on this evidence.
    fn rests_on(&self, verdict: Trust) -> bool {
        self.verdict == verdict.to_string()
    }

    /// Whether upstream or a quorum has said it, and not one mirror alone.
    fn is_evidence(&self) -> bool {
        self.rests_on(Trust::Upstream) || self.rests_on(Trust::Quorum)
    }

    /// When upstream itself was last heard to say so.
    fn heard_upstream(&self) -> Option<u64> {
        if self.rests_on(Trust::Upstream) { Some(self.seen) } else { self.heard }
    }

    /// The same once it was said again: weaker evidence than there was makes nothing of it newer.
    fn said_again(&self, again: Self, verdict: Trust) -> Self {
        let symref = |entry: &Self| entry.symref.clone();
        match symref(self).is_none() || symref(self) == symref(&again) {
            true if self.oid != again.oid || verdict >= Trust::Upstream => again,
            true if verdict >= Trust::Quorum => Self { heard: self.heard_upstream(), ..again },
            true if self.is_evidence() => self.clone(),
            _ => again,
        }
    }

    /// As a ref of this name.
    pub(super) fn named(&self, name: &str) -> Ref {
        Ref {
            name: name.to_owned(),
            oid: Some(self.oid.clone()),
            symref: self.symref.clone(),
            peeled: self.peeled.clone(),
        }
    }
}

/// When refs were seen that are believed for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenAt {
    /// All of them, in seconds since 1970: the one that was seen longest ago counts.
    pub at: u64,
    /// When upstream itself had said all of them.
    pub heard: Option<u64>,
}

impl SeenAt {
    /// How new that is as evidence, the newest commit having been made then. Repeating makes nothing newer, and a quorum's
    /// word is as old as its commits: mirrors may have been held back together.
    pub fn newest(self, committed: Option<u64>) -> Newest {
        Newest { committed: committed.map(|then| then.min(self.at)), heard: self.heard }
    }
}

/// What is remembered of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its branches, its tags and `HEAD`, by full name.
    #[serde(alias = "branches")]
    pub refs: BTreeMap<String, Entry>,
    /// The root commits of its history; none while they are not known.
    #[serde(default)]
    pub roots: BTreeSet<Oid>,
    /// Upstream asked for credentials: the name is not to be told to mirrors.
    pub private: bool,
    /// All branches and tags were listed once, and none was too many to be remembered.
    #[serde(default)]
    pub listed: bool,
    /// Upstream was seen to have the whole history, and not a shallow copy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

impl Page {
    /// Remembers refs that were believed. With `all`, they are all the branches and tags there are, and others of the
    /// page are gone, if it is upstream that says so.
    pub fn remember(&mut self, refs: &[Ref], verdict: Trust, all: bool, now: u64) {
        let kept = |found: &&Ref| {
            found.name == "HEAD" || found.name.starts_with("refs/heads/") || found.name.starts_with("refs/tags/")
        };
        let entry = |found: &Ref| {
            let (symref, peeled) = (found.symref.clone(), found.peeled.clone());
            let entry =
                Entry { oid: found.oid.clone()?, seen: now, verdict: verdict.to_string(), symref, peeled, heard: None };
            let before = self.refs.get(&found.name);
            let entry = before.map_or_else(|| entry.clone(), |before| before.said_again(entry.clone(), verdict));
            Some((found.name.clone(), entry))
        };
        let entries: BTreeMap<String, Entry> = refs.iter().filter(kept).take(MOST).filter_map(entry).collect();
        if all && verdict == Trust::Upstream {
            self.refs.retain(|name, _| entries.contains_key(name));
        }
        if all && verdict >= Trust::Quorum {
            self.listed = entries.len() < MOST;
        }
        self.refs.extend(entries);
    }

    /// When upstream itself was last heard to say one of these refs, in seconds since 1970.
    pub fn heard_upstream(&self, refs: &[Ref]) -> Option<u64> {
        let same = refs.iter().filter_map(|found| {
            let entry = self.refs.get(&found.name)?;
            (found.oid.as_ref() == Some(&entry.oid)).then(|| entry.heard_upstream())?
        });
        same.max()
    }

    /// What upstream or a quorum has said of a ref.
    pub fn evidence(&self, name: &str) -> Option<&Entry> {
        self.refs.get(name).filter(|entry| entry.is_evidence())
    }

    /// All refs that upstream or a quorum has said and that are asked for, as they were then. `HEAD` is where its branch
    /// is, which may have been heard of since.
    pub fn recalled(&self, asked: impl Fn(&str) -> bool) -> Vec<Ref> {
        let recalled = |name: &String| {
            let found = self.evidence(name)?.named(name);
            match &found.symref {
                Some(branch) => Some(Ref { oid: Some(self.evidence(branch)?.oid.clone()), ..found }),
                None => Some(found),
            }
        };
        self.refs.keys().filter(|name| asked(name)).filter_map(recalled).collect()
    }

    /// When these were seen; nothing where one of them was not.
    pub fn seen_at<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<SeenAt> {
        let entries = names.into_iter().map(|name| self.evidence(name)).collect::<Option<Vec<&Entry>>>()?;
        let heard = entries.iter().map(|entry| entry.heard_upstream()).collect::<Option<Vec<u64>>>();
        let at = entries.iter().map(|entry| entry.seen).min()?;
        Some(SeenAt { at, heard: heard.and_then(|all| all.into_iter().min()) })
    }

    /// Refuses refs, spoken by mirrors, that go back behind what was seen. `HEAD` is one of them: a branch under another
    /// name has to hold the history as well.
    ///
    /// # Errors
    ///
    /// [`Kind::Rollback`] names the ref, both commits, and the command that accepts it.
    pub fn check(
        &self,
        repository: &Repository,
        refs: &[Ref],
        descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
    ) -> Result<(), Failure> {
        for found in refs {
            let (Some(oid), Some(entry)) = (&found.oid, self.refs.get(&found.name)) else { continue };
            let is_tag = found.name.starts_with("refs/tags/");
            if *oid == entry.oid || (!is_tag && descends(oid, &entry.oid)) {
                continue;
            }
            let what = match is_tag {
                true => format!("the mirrors have {} at {oid}, which was at {} before", found.name, entry.oid),
                false => format!(
                    "the mirrors have {} at {oid}, which does not contain {}, seen before",
                    found.name, entry.oid
                ),
            };
            return Err(refused(repository, &what));
        }
        Ok(())
    }

    /// Refuses a history, brought by mirrors, that shares no root commit with the one that was seen under this name.
    ///
    /// # Errors
    ///
    /// [`Kind::Rollback`] names the roots.
    pub fn check_roots(&self, repository: &Repository, roots: &BTreeSet<Oid>) -> Result<(), Failure> {
        match self.is_same_history(roots) {
            true => Ok(()),
            false => Err(refused(
                repository,
                &format!(
                    "the mirrors have another history: it begins with {}, the one seen before with {}",
                    listed(roots),
                    listed(&self.roots)
                ),
            )),
        }
    }

    /// Whether these root commits are those of the history that was seen; true while one of them is not known.
    pub fn is_same_history(&self, roots: &BTreeSet<Oid>) -> bool {
        self.roots.is_empty() || roots.is_empty() || !self.roots.is_disjoint(roots)
    }
}

fn refused(repository: &Repository, what: &str) -> Failure {
    Failure::new(Kind::Rollback, format!("{repository}: {what}")).hint(format!(
        "wait for upstream, which alone may take commits back; to believe the mirrors: cargo mirror ledger forget {repository}"
    ))
}

fn listed(roots: &BTreeSet<Oid>) -> String {
    roots.iter().take(3).map(Oid::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Oid, Page, Ref, SeenAt};
    use crate::{model::Repository, trust::Trust};

    fn refs(lines: &[(u8, &str)]) -> Vec<Ref> {
        let parse = |(n, name): &(u8, &str)| Ref::parse(&format!("{n:040x} {name}")).expect("a ref");
        lines.iter().map(parse).collect()
    }

    fn repository() -> Repository {
        Repository { upstream: "github".into(), repo: "A/b".parse().expect("a name") }
    }

    #[test]
    fn mirrors_may_go_forward_never_back() {
        let seen = refs(&[(5, "HEAD"), (5, "refs/heads/main"), (7, "refs/heads/topic"), (3, "refs/tags/v1")]);
        let mut page = Page::default();
        page.remember(&seen, Trust::Upstream, true, 9);
        assert_eq!(page.heard_upstream(&seen), Some(9));
        assert_eq!(page.heard_upstream(&refs(&[(6, "refs/heads/main")])), None, "upstream did not say that");
        let mut line = |new: &Oid, old: &Oid| new.as_str() > old.as_str();
        for (case, said, fine) in [
            ("the same", &[(5, "refs/heads/main")][..], true),
            ("newer", &[(6, "refs/heads/main")], true),
            ("older", &[(4, "refs/heads/main")], false),
            ("a new branch", &[(1, "refs/heads/new")], true),
            ("one from today, one from last month", &[(6, "refs/heads/main"), (2, "refs/heads/topic")], false),
            ("another branch in its place", &[(2, "HEAD"), (2, "refs/heads/master")], false),
            ("the same tag", &[(3, "refs/tags/v1")], true),
            ("a tag that moved forward", &[(4, "refs/tags/v1")], false),
            ("a new tag", &[(1, "refs/tags/v2")], true),
        ] {
            assert_eq!(page.check(&repository(), &refs(said), &mut line).is_ok(), fine, "{case}");
        }
        let failure = page.check(&repository(), &refs(&[(4, "refs/heads/main")]), &mut line).expect_err("behind");
        assert!(failure.what.contains("0005") && failure.what.contains("0004"), "both commits: {failure}");
        assert!(failure.hint.is_some_and(|hint| hint.ends_with("cargo mirror ledger forget github:A/b")));
    }

    #[test]
    fn what_upstream_has_no_more_is_forgotten_and_what_it_was_not_asked_for_stays() {
        let mut page = Page::default();
        for (said, verdict, all, count) in [
            (&[(1, "refs/heads/main"), (2, "refs/heads/old")][..], Trust::Upstream, true, 2),
            (&[(3, "refs/heads/main")], Trust::Upstream, false, 2),
            // Only upstream may take a branch away.
            (&[(3, "refs/heads/main")], Trust::Quorum, true, 2),
            (&[(3, "refs/heads/main")], Trust::Upstream, true, 1),
        ] {
            page.remember(&refs(said), verdict, all, 9);
            assert_eq!(page.refs.len(), count, "{said:?}");
        }
    }

    #[test]
    fn weaker_words_neither_take_evidence_away_nor_make_it_newer() {
        let name = "refs/heads/main";
        let at = |seen, heard| Some(SeenAt { at: seen, heard });
        type Told = (u8, Trust, u64);
        let cases: [(&str, &[Told], Option<SeenAt>); 9] = [
            ("nothing", &[], None),
            ("upstream", &[(5, Trust::Upstream, 1)], at(1, Some(1))),
            ("a quorum", &[(5, Trust::Quorum, 1)], at(1, None)),
            ("one mirror is none", &[(5, Trust::Tofu, 1)], None),
            ("a quorum repeats upstream", &[(5, Trust::Upstream, 1), (5, Trust::Quorum, 2)], at(2, Some(1))),
            ("one mirror repeats upstream", &[(5, Trust::Upstream, 1), (5, Trust::Tofu, 2)], at(1, Some(1))),
            ("a quorum goes on", &[(5, Trust::Upstream, 1), (6, Trust::Quorum, 2)], at(2, None)),
            ("one mirror goes on", &[(5, Trust::Upstream, 1), (6, Trust::Tofu, 2)], None),
            (
                "upstream once more",
                &[(5, Trust::Upstream, 1), (5, Trust::Quorum, 2), (5, Trust::Upstream, 3)],
                at(3, Some(3)),
            ),
        ];
        for (case, told, expected) in cases {
            let mut page = Page::default();
            told.iter().for_each(|(n, verdict, now)| page.remember(&refs(&[(*n, name)]), *verdict, true, *now));
            assert_eq!(page.seen_at([name]), expected, "{case}");
            assert_eq!(page.recalled(|_| true).len(), usize::from(expected.is_some()), "{case}");
        }
    }

    #[test]
    fn what_was_seen_is_as_old_as_the_oldest_of_it() {
        let mut page = Page::default();
        page.remember(&refs(&[(5, "refs/heads/main"), (7, "refs/heads/topic")]), Trust::Upstream, true, 100);
        page.remember(&refs(&[(6, "refs/heads/main")]), Trust::Upstream, false, 200);
        page.remember(&refs(&[(8, "refs/heads/late")]), Trust::Quorum, false, 300);
        let at = |names: &[&str]| page.seen_at(names.iter().copied());
        assert_eq!(at(&["refs/heads/main"]), Some(SeenAt { at: 200, heard: Some(200) }));
        assert_eq!(at(&["refs/heads/main", "refs/heads/topic"]), Some(SeenAt { at: 100, heard: Some(100) }));
        assert_eq!(at(&["refs/heads/main", "refs/heads/late"]), Some(SeenAt { at: 200, heard: None }));
        assert_eq!((at(&["refs/heads/main", "refs/heads/none"]), at(&[])), (None, None));
        // A commit from the future makes nothing newer.
        let late = at(&["refs/heads/late"]).expect("it was seen");
        assert_eq!((late.newest(Some(9_000)).committed, late.newest(Some(50)).committed), (Some(300), Some(50)));
    }

    #[test]
    fn head_is_recalled_where_its_branch_is() {
        let mut page = Page::default();
        let head = |n: u8, branch: &str| {
            Ref::parse(&format!("{n:040x} HEAD symref-target:refs/heads/{branch}")).expect("a ref")
        };
        page.remember(&[head(5, "main"), refs(&[(5, "refs/heads/main")]).remove(0)], Trust::Upstream, true, 1);
        page.remember(&refs(&[(6, "refs/heads/main")]), Trust::Upstream, false, 2);
        let recalled = |page: &Page| page.recalled(|name| name == "HEAD").pop();
        assert_eq!(recalled(&page), Some(head(6, "main")), "also where the branch is not asked for");
        page.remember(&[head(6, "gone")], Trust::Upstream, false, 3);
        assert_eq!(recalled(&page), None);
        page.remember(&refs(&[(4, "HEAD")]), Trust::Upstream, false, 4);
        assert_eq!(recalled(&page), Some(refs(&[(4, "HEAD")]).remove(0)), "a commit of its own");
    }

    #[test]
    fn another_history_is_known_by_its_root_commits() {
        let roots = |numbers: &[u8]| -> BTreeSet<Oid> {
            numbers.iter().map(|n| format!("{n:040x}").parse().expect("an id")).collect()
        };
        let mut page = Page::default();
        assert!(page.check_roots(&repository(), &roots(&[1])).is_ok(), "nothing is known yet");
        page.roots = roots(&[1]);
        assert!(page.check_roots(&repository(), &roots(&[1, 2])).is_ok(), "another history was merged into it");
        let failure = page.check_roots(&repository(), &roots(&[2])).expect_err("another history");
        assert!(failure.what.contains("0001") && failure.what.contains("0002"), "{failure}");
    }

    #[test]
    fn pages_of_before_are_read() {
        let text = format!(
            "{{\"branches\":{{\"refs/heads/main\":{{\"oid\":\"{:040x}\",\"seen\":7,\"verdict\":\"upstream\"}}}},\"private\":false}}",
            5
        );
        let page: Page = serde_json::from_str(&text).expect("an old page");
        assert_eq!(page.seen_at(["refs/heads/main"]), Some(SeenAt { at: 7, heard: Some(7) }));
    }
}
