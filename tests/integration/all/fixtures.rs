//! Configurations before (`in`) and after (`out`) a set-up, a folder for each.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A fixture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    /// The configuration before.
    pub(crate) before: Vec<u8>,
    /// Where those after are.
    pub(crate) out: PathBuf,
}

impl Fixture {
    /// All in this folder of fixtures, by name; each has `in/FILE`, and there are so many at least.
    pub(crate) fn all(kind: &str, file: &str, least: usize) -> Vec<Self> {
        let mut found: Vec<Self> = fs::read_dir(Self::folder(kind))
            .expect("the fixtures are in the tree")
            .map(|entry| {
                let path = entry.expect("readable").path();
                let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
                let before = fs::read(path.join("in").join(file)).expect("a fixture has it");
                Self { name, before, out: path.join("out") }
            })
            .collect();
        found.sort();
        assert!(found.len() >= least, "{} fixtures", found.len());
        found
    }

    /// The folder of these fixtures.
    pub(crate) fn folder(kind: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind)
    }

    /// Holds what has become of it against a file in `out`, and gives back what it must be.
    ///
    /// With `MIRROR_TEST_WRITE` the file is written anew.
    #[track_caller]
    pub(crate) fn assert_became(&self, file: &str, after: &[u8]) -> Vec<u8> {
        let expected = self.out.join(file);
        #[expect(clippy::disallowed_methods, reason = "how a person has the expectations written anew")]
        if std::env::var_os("MIRROR_TEST_WRITE").is_some() {
            fs::write(&expected, after).expect("the tree is ours");
        }
        let wanted = fs::read(&expected).expect("a fixture has it");
        assert_eq!(String::from_utf8_lossy(after), String::from_utf8_lossy(&wanted), "{}, {file}", self.name);
        wanted
    }
}
