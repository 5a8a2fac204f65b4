//! What was seen before: the refs of each repository, when, on whose word, and which history it was; a file for each.
//!
//! What follows from a page is its own matter.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{filing, level::Trust, page::Page};
use crate::{
    errors::{Failure, Kind},
    model::{Oid, Ref, Repository},
    system::state,
};

/// The folder of the pages.
const FOLDER: &str = "ledger";
/// The page of one repository.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    path: Option<PathBuf>,
    page: Page,
}

impl Ledger {
    /// Opens a repository's page in the state folder.
    pub fn open(state_dir: Option<&Path>, repository: &Repository) -> Self {
        let path = state_dir.map(|dir| dir.join(FOLDER).join(filing::path_of(repository)));
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

    /// Remembers refs that were believed. With `all`, they are all the branches and tags there are, and others of the
    /// page are gone. Failing to write costs a later check, and is no error.
    pub fn remember(&self, refs: &[Ref], verdict: Trust, private: bool, all: bool) {
        let now = state::now();
        self.change(|page| {
            page.private = private;
            page.remember(refs, verdict, all, now);
        });
    }

    /// Remembers the root commits of the history that was delivered. Another history than before takes the page's place:
    /// upstream has said so, and what was seen of the old one says nothing about the new one.
    pub fn remember_roots(&self, roots: BTreeSet<Oid>) {
        self.change(|page| page.roots = roots);
    }

    /// Remembers that upstream has the whole history.
    pub fn remember_whole(&self) {
        self.change(|page| page.whole = true);
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
    let mut found = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            } else if let Some(repository) = path.strip_prefix(&root).ok().and_then(filing::repository_at) {
                found.push((repository, state::read(&path)));
            }
        }
    }
    found.sort_by_key(|(repository, _)| repository.to_string());
    found
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Page, Ref, all};
    use crate::{
        model::{Repo, Repository},
        trust::Trust,
    };

    #[test]
    fn a_page_is_one_for_all_spellings_where_case_does_not_matter_and_is_gone_once_forgotten() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = |name: &str| {
            let repo: Repo = name.parse().expect("a name");
            let repository = Repository { upstream: "github".into(), repo: repo.in_any_case() };
            Ledger::open(Some(dir.path()), &repository)
        };
        let seen = [Ref::parse(&format!("{:040x} refs/heads/main", 1)).expect("a ref")];
        open("A/b").remember(&seen, Trust::Upstream, true, true);
        assert!(open("a/B").page().heard_upstream(&seen).is_some() && open("a/B").is_private());
        open("a/b").remember_roots(seen[0].oid.iter().cloned().collect());
        assert_eq!((open("a/b").page().roots.len(), all(Some(dir.path())).len()), (1, 1));
        assert!(open("a/b").forget().expect("writable") && !open("A/B").forget().expect("writable"));
        assert_eq!(open("a/b").page(), &Page::default());
    }
    #[test]
    fn names_that_differ_have_pages_that_differ() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let names = ["A/b", "a/b", "a/b/c", "a", "a/b.json/c", "组/项目"];
        for (number, name) in names.iter().enumerate() {
            let repository = Repository { upstream: "campus".into(), repo: name.parse().expect("a name") };
            let seen = [Ref::parse(&format!("{number:040x} refs/heads/main")).expect("a ref")];
            Ledger::open(Some(dir.path()), &repository).remember(&seen, Trust::Upstream, false, true);
            assert!(Ledger::open(Some(dir.path()), &repository).page().heard_upstream(&seen).is_some(), "{name}");
        }
        let pages = all(Some(dir.path()));
        let found: Vec<String> = pages.iter().map(|(repository, _)| repository.repo.to_string()).collect();
        assert_eq!(found, ["A/b", "a", "a/b", "a/b.json/c", "a/b/c", "组/项目"]);
        assert!(pages.iter().all(|(_, page)| page.refs.len() == 1));
    }
}
