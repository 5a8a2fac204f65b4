//! What was seen before: the refs of each repository, when, on whose word, and which history it was.
//!
//! Mirrors may show a tip that is newer than the ledger's, never one behind or beside it, nor another tag of the same
//! name; upstream may show anything. A page belongs to a name and a history: names change hands, root commits do not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::level::Trust;
use crate::{
    errors::{Failure, Kind},
    model::{Oid, Ref, Repository},
    system::state,
};

/// The folder of the pages.
const FOLDER: &str = "ledger";
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
}

/// The page of one repository.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    path: Option<PathBuf>,
    page: Page,
}

impl Ledger {
    /// Opens a repository's page in the state folder.
    pub fn open(state_dir: Option<&Path>, repository: &Repository) -> Self {
        // Hosts do not tell names apart by case, and the grammar of names has no separators in it.
        let name = format!("{FOLDER}/{}/{}.json", repository.upstream, repository.repo).to_ascii_lowercase();
        let path = state::file(state_dir, &name);
        let page = path.as_deref().map(state::read).unwrap_or_default();
        Self { path, page }
    }

    /// What is remembered.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Whether upstream was seen to ask for credentials.
    pub fn is_private(&self) -> bool {
        self.page.private
    }

    /// When upstream itself was last heard to say one of these refs, in seconds since 1970.
    pub fn heard_upstream(&self, refs: &[Ref]) -> Option<u64> {
        let word = Trust::Upstream.to_string();
        let same = refs.iter().filter_map(|found| {
            let entry = self.page.refs.get(&found.name)?;
            (entry.verdict == word && found.oid.as_ref() == Some(&entry.oid)).then_some(entry.seen)
        });
        same.max()
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
            let (Some(oid), Some(entry)) = (&found.oid, self.page.refs.get(&found.name)) else { continue };
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
                    listed(&self.page.roots)
                ),
            )),
        }
    }

    /// Whether these root commits are those of the history that was seen; true while one of them is not known.
    pub fn is_same_history(&self, roots: &BTreeSet<Oid>) -> bool {
        let known = &self.page.roots;
        known.is_empty() || roots.is_empty() || !known.is_disjoint(roots)
    }

    /// Remembers refs that were believed. With `all`, they are all the branches and tags there are, and others of the
    /// page are gone. Failing to write costs a later check, and is no error.
    pub fn remember(&self, refs: &[Ref], verdict: Trust, private: bool, all: bool) {
        let kept = |found: &&Ref| {
            found.name == "HEAD" || found.name.starts_with("refs/heads/") || found.name.starts_with("refs/tags/")
        };
        let now = state::now();
        self.change(|page| {
            page.private = private;
            let entries = refs.iter().filter(kept).take(MOST).filter_map(|found| {
                Some((found.name.clone(), Entry { oid: found.oid.clone()?, seen: now, verdict: verdict.to_string() }))
            });
            let entries: BTreeMap<String, Entry> = entries.collect();
            if all && verdict == Trust::Upstream {
                page.refs.retain(|name, _| entries.contains_key(name));
            }
            page.refs.extend(entries);
        });
    }

    /// Remembers the root commits of the history that was delivered. Another history than before takes the page's place:
    /// upstream has said so, and what was seen of the old one says nothing about the new one.
    pub fn remember_roots(&self, roots: BTreeSet<Oid>) {
        self.change(|page| page.roots = roots);
    }

    fn change(&self, change: impl FnOnce(&mut Page)) {
        let Some(path) = &self.path else { return };
        if let Err(error) = state::change(path, change) {
            tracing::debug!(%error, "the ledger was not written");
        }
    }

    /// Forgets the repository, so that mirrors may say anything again. Whether anything was known.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when the page cannot be removed.
    pub fn forget(&self) -> Result<bool, Failure> {
        let Some(path) = &self.path else { return Ok(false) };
        match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure::new(Kind::Io, format!("{}: {error}", path.display()))),
        }
    }
}

/// Every repository that something is remembered of, sorted by name, with its page.
pub fn all(state_dir: Option<&Path>) -> Vec<(Repository, Page)> {
    let Some(root) = state_dir.map(|dir| dir.join(FOLDER)) else { return Vec::new() };
    let inside = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut found = Vec::new();
    for upstream in inside(&root) {
        for path in inside(&upstream).iter().flat_map(|owner| inside(owner)) {
            let named = path.strip_prefix(&upstream).ok().and_then(Path::to_str);
            let repo = named.and_then(|name| name.strip_suffix(".json")?.replace('\\', "/").parse().ok());
            if let (Some(repo), Some(upstream)) = (repo, upstream.file_name().and_then(|name| name.to_str())) {
                found.push((Repository { upstream: upstream.to_owned(), repo }, state::read(&path)));
            }
        }
    }
    found.sort_by_key(|(repository, _)| repository.to_string());
    found
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

    use super::{Ledger, Oid, Page, Ref, all};
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
        let dir = tempfile::tempdir().expect("a temporary folder");
        let seen = refs(&[(5, "HEAD"), (5, "refs/heads/main"), (7, "refs/heads/topic"), (3, "refs/tags/v1")]);
        Ledger::open(Some(dir.path()), &repository()).remember(&seen, Trust::Upstream, false, true);
        let same_name = Repository { repo: "a/B".parse().expect("a name"), ..repository() };
        let ledger = Ledger::open(Some(dir.path()), &same_name);
        assert!(ledger.heard_upstream(&seen).is_some());
        assert_eq!(ledger.heard_upstream(&refs(&[(6, "refs/heads/main")])), None, "upstream did not say that");
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
            assert_eq!(ledger.check(&same_name, &refs(said), &mut line).is_ok(), fine, "{case}");
        }
        let failure = ledger.check(&same_name, &refs(&[(4, "refs/heads/main")]), &mut line).expect_err("behind");
        assert!(failure.what.contains("0005") && failure.what.contains("0004"), "both commits: {failure}");
        assert!(failure.hint.is_some_and(|hint| hint.ends_with("cargo mirror ledger forget github:a/B")));
    }

    #[test]
    fn what_upstream_has_no_more_is_forgotten_and_what_it_was_not_asked_for_stays() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Ledger::open(Some(dir.path()), &repository());
        open().remember(&refs(&[(1, "refs/heads/main"), (2, "refs/heads/old")]), Trust::Upstream, false, true);
        open().remember(&refs(&[(3, "refs/heads/main")]), Trust::Upstream, false, false);
        assert_eq!(open().page().refs.len(), 2);
        open().remember(&refs(&[(3, "refs/heads/main")]), Trust::Quorum, false, true);
        assert_eq!(open().page().refs.len(), 2, "only upstream may take a branch away");
        open().remember(&refs(&[(3, "refs/heads/main")]), Trust::Upstream, false, true);
        assert_eq!(open().page().refs.len(), 1);
        assert_eq!(all(Some(dir.path())).len(), 1);
        assert!(open().forget().expect("writable") && !open().forget().expect("writable"));
        assert_eq!(open().page(), &Page::default());
    }

    #[test]
    fn another_history_is_known_by_its_root_commits() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Ledger::open(Some(dir.path()), &repository());
        let roots = |numbers: &[u8]| -> BTreeSet<Oid> {
            numbers.iter().map(|n| format!("{n:040x}").parse().expect("an id")).collect()
        };
        assert!(open().check_roots(&repository(), &roots(&[1])).is_ok(), "nothing is known yet");
        open().remember_roots(roots(&[1]));
        assert!(open().check_roots(&repository(), &roots(&[1, 2])).is_ok(), "another history was merged into it");
        let failure = open().check_roots(&repository(), &roots(&[2])).expect_err("another history");
        assert!(failure.what.contains("0001") && failure.what.contains("0002"), "{failure}");
    }
}
