//! What must be found nowhere: the content of lies, as hashes of files, words in files, and ids of git's objects.

use std::collections::BTreeSet;

/// What stands in everything that a liar has made, so that it is known again wherever it ends up.
const CANARY: &str = "a lie of the corpus";

/// Lies, as they can be found again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lies {
    /// SHA-256 of files that are lies as a whole.
    pub hashes: BTreeSet<String>,
    /// What stands in no file.
    pub words: BTreeSet<String>,
    /// Ids of objects of git that only liars have.
    pub objects: BTreeSet<String>,
}

impl Lies {
    /// Those of both.
    pub fn and(mut self, other: Self) -> Self {
        self.hashes.extend(other.hashes);
        self.words.extend(other.words);
        self.objects.extend(other.objects);
        self
    }

    /// These without those that are the others' truth.
    pub fn but(mut self, other: &Self) -> Self {
        self.hashes.retain(|one| !other.hashes.contains(one));
        self.words.retain(|one| !other.words.contains(one));
        self.objects.retain(|one| !other.objects.contains(one));
        self
    }
}

/// The text of a lie.
pub(super) fn text(of: &str, text: &str) -> String {
    format!("{CANARY}, about {of}: {text}\n")
}
