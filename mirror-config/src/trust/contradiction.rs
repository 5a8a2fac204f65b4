//! What operators said when they contradicted each other, in a file that anybody can check again.
//!
//! The file names who said what, where and when; `cargo mirror audit` asks those places, and upstream, once more.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::testimony::Claim;
use crate::{
    errors::{Failure, Kind},
    system::state,
};

/// The form of these files.
const VERSION: u32 = 1;
/// Files that are kept; the oldest go.
const MOST: usize = 100;
/// Claims in one file; a mirror may have half a million refs.
const MOST_CLAIMS: usize = 1000;

/// A contradiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The form of the file.
    pub version: u32,
    /// `git`, `cargo` or `pip`.
    pub tool: String,
    /// What it is about: `github:owner/repo`, or the name of a crate or project.
    pub subject: String,
    /// Where upstream has it, without credentials.
    pub upstream: String,
    /// When, in seconds since 1970.
    pub seen: u64,
    /// Who said what.
    pub claims: Vec<Claim>,
}

impl Evidence {
    /// What was said just now.
    pub fn new(tool: &str, subject: &str, upstream: &str, mut claims: Vec<Claim>) -> Self {
        claims.truncate(MOST_CLAIMS);
        let (tool, subject, upstream) = (tool.to_owned(), subject.to_owned(), upstream.to_owned());
        Self { version: VERSION, tool, subject, upstream, seen: state::now(), claims }
    }

    /// Writes it below the state folder; the same claims are written once. `None` where it cannot be written: that
    /// costs the proof, and is no error.
    pub fn keep(&self, state_dir: Option<&Path>) -> Option<PathBuf> {
        let folder = state_dir?.join("evidence");
        // A file's name has an end, and what makes it the only one stands behind this.
        let name: String =
            self.subject.chars().take(100).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let written = || -> io::Result<PathBuf> {
            state::private_folder(&folder)?;
            let mut known: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
            known.sort();
            let same = |path: &&PathBuf| {
                Self::read(path).is_ok_and(|old| old.subject == self.subject && old.claims == self.claims)
            };
            if let Some(same) = known.iter().find(same) {
                return Ok(same.clone());
            }
            for old in known.iter().take(known.len().saturating_sub(MOST - 1)) {
                fs::remove_file(old)?;
            }
            // Sorted by name, they are sorted by time.
            let begin = format!("{}-{}-{name}-", self.seen, self.tool);
            let mut file = tempfile::Builder::new().prefix(&begin).suffix(".json").tempfile_in(&folder)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.as_file().sync_data()?;
            Ok(file.keep().map_err(|error| error.error)?.1)
        };
        written().inspect_err(|error| tracing::debug!(%error, "evidence was not written")).ok()
    }

    /// Keeps it, and says so: what contradicts itself, and how to ask those who said it once more.
    pub fn kept(&self, state_dir: Option<&Path>, what: &str) -> String {
        match self.keep(state_dir) {
            Some(file) => format!("{what}; to ask them again: cargo mirror audit {}", file.display()),
            None => what.to_owned(),
        }
    }

    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] when it cannot be read, [`Kind::Usage`] when it is another file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = fs::read(path).map_err(|error| Failure::new(Kind::Io, format!("{shown}: {error}")))?;
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(evidence) if evidence.version == VERSION => Ok(evidence),
            Ok(newer) => {
                Err(Failure::new(Kind::Usage, format!("{shown}: version {} of such files is not known", newer.version)))
            }
            Err(error) => Err(Failure::new(Kind::Usage, format!("{shown} is no file of evidence: {error}"))
                .hint("they lie below $XDG_STATE_HOME/mirror/evidence")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Evidence;
    use crate::trust::Claim;

    #[test]
    fn the_same_contradiction_is_written_once_and_read_as_written() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let claim = |said: &str| Claim {
            about: "refs/heads/main".into(),
            operator: "a".into(),
            mirror: "a".into(),
            address: "https://a.example/x.git".into(),
            said: said.into(),
        };
        let evidence = |said: &str| Evidence::new("git", "github:owner/repo", "https://u.example/", vec![claim(said)]);
        let first = evidence("1").keep(Some(dir.path())).expect("writable");
        assert_eq!(evidence("1").keep(Some(dir.path())), Some(first.clone()));
        assert_ne!(evidence("2").keep(Some(dir.path())).expect("writable"), first);
        assert_eq!(Evidence::read(&first).expect("as written").claims, [claim("1")]);
        std::fs::write(&first, "{}").expect("writable");
        assert_eq!(Evidence::read(&first).expect_err("another file").kind.exit_code(), 64);
    }
}
