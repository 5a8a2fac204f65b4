//! What was seen before: the tips of each repository's branches, when, and on whose word.
//!
//! Mirrors may show a tip that is newer than the ledger's, never one behind or beside it; upstream may show anything.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    config::Trust,
    failure::{Failure, Kind},
    refs::{Oid, Ref},
    state,
    upstream::Repository,
};

/// Most branches remembered of one repository.
const MOST: usize = 10_000;

/// What is remembered of one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its tip.
    pub oid: Oid,
    /// When it was seen, in seconds since 1970.
    pub seen: u64,
    /// The word for the evidence.
    pub verdict: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Page {
    branches: BTreeMap<String, Entry>,
    /// Upstream asked for credentials: the name is not to be told to mirrors.
    private: bool,
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
        let name = format!("ledger/{}/{}.json", repository.upstream, repository.repo).to_ascii_lowercase();
        let path = state::file(state_dir, &name);
        let page = path.as_deref().map(state::read).unwrap_or_default();
        Self { path, page }
    }

    /// Whether upstream was seen to ask for credentials.
    pub fn is_private(&self) -> bool {
        self.page.private
    }

    /// What is remembered of a branch.
    pub fn branch(&self, name: &str) -> Option<&Entry> {
        self.page.branches.get(name)
    }

    /// The newest moment at which upstream itself was heard, in seconds since 1970.
    pub fn heard_upstream(&self) -> Option<u64> {
        let word = Trust::Upstream.to_string();
        self.page.branches.values().filter(|entry| entry.verdict == word).map(|entry| entry.seen).max()
    }

    /// Refuses refs, spoken by mirrors, that go back behind what was seen.
    ///
    /// # Errors
    ///
    /// [`Kind::Rollback`] names the branch and both commits.
    pub fn check(
        &self,
        repository: &Repository,
        refs: &[Ref],
        descends: &mut dyn FnMut(&Oid, &Oid) -> bool,
    ) -> Result<(), Failure> {
        for found in refs {
            let (Some(oid), Some(entry)) = (&found.oid, self.branch(&found.name)) else { continue };
            if *oid != entry.oid && !descends(oid, &entry.oid) {
                return Err(Failure::new(
                    Kind::Rollback,
                    format!(
                        "{repository}: the mirrors have {} at {oid}, which does not contain {}, seen before",
                        found.name, entry.oid
                    ),
                )
                .hint("wait for upstream, which alone may take commits back"));
            }
        }
        Ok(())
    }

    /// Remembers refs that were believed. Failing to write costs a later check, and is no error.
    pub fn remember(&self, refs: &[Ref], verdict: Trust, private: bool) {
        let Some(path) = &self.path else { return };
        let branches = refs.iter().filter(|found| found.name.starts_with("refs/heads/")).take(MOST);
        let now = state::now();
        let written = state::change(path, |page: &mut Page| {
            page.private = private;
            for (found, oid) in branches.filter_map(|found| Some((found, found.oid.clone()?))) {
                page.branches.insert(found.name.clone(), Entry { oid, seen: now, verdict: verdict.to_string() });
            }
        });
        if let Err(error) = written {
            tracing::debug!(%error, "the ledger was not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;
    use crate::{config::Trust, refs::Ref, upstream::Repository};

    #[test]
    fn mirrors_may_go_forward_never_back() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let repository = Repository { upstream: "github".into(), repo: "A/b".parse().expect("a name") };
        let at = |n: u8| {
            let line = format!("{n:040x} refs/heads/main");
            vec![Ref::parse(&line).expect("a ref")]
        };
        Ledger::open(Some(dir.path()), &repository).remember(&at(5), Trust::Upstream, false);
        let same_name = Repository { repo: "a/B".parse().expect("a name"), ..repository };
        let ledger = Ledger::open(Some(dir.path()), &same_name);
        assert!(ledger.heard_upstream().is_some());
        let mut line = |new: &super::Oid, old: &super::Oid| new.as_str() > old.as_str();
        for (n, fine) in [(5, true), (6, true), (4, false)] {
            assert_eq!(ledger.check(&same_name, &at(n), &mut line).is_ok(), fine, "{n}");
        }
        let failure = ledger.check(&same_name, &at(4), &mut line).expect_err("behind");
        assert!(failure.what.contains("0005") && failure.what.contains("0004"), "both commits: {failure}");
    }
}
