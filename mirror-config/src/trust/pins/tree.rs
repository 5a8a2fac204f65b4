//! One SHA-256 for all files of a commit, whatever hash its repository uses. Pure.
//!
//! SHA-256 over a line for each file, sorted by the bytes of its path: the mode as git writes it (`100644`, `100755`,
//! `120000`), a space, the SHA-256 of the content in hex, a space, the path, and a NUL. A link's content is its target. A
//! submodule (`160000`) has its commit's id in place of a hash. Folders are in the paths. It is never made from
//! `git archive`, whose output depends on git's version and on attributes.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The mode of a submodule.
pub const SUBMODULE: &str = "160000";

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// Its path from the root, with `/` between folders; git's paths are bytes.
    pub path: Vec<u8>,
    /// Its mode, in octal.
    pub mode: String,
    /// SHA-256 of its content in hex, or a submodule's commit.
    pub hash: String,
}

impl Leaf {
    /// A file with this content.
    pub fn new(path: impl Into<Vec<u8>>, mode: &str, content: &[u8]) -> Self {
        Self { path: path.into(), mode: mode.to_owned(), hash: hex(Sha256::digest(content).as_slice()) }
    }

    /// A submodule at this commit.
    pub fn submodule(path: impl Into<Vec<u8>>, commit: &str) -> Self {
        Self { path: path.into(), mode: SUBMODULE.to_owned(), hash: commit.to_owned() }
    }
}

/// The hash of all of them, in hex. Their order does not matter.
pub fn sha256tree(mut leaves: Vec<Leaf>) -> String {
    leaves.sort();
    let mut hasher = Sha256::new();
    for leaf in &leaves {
        hasher.update(format!("{} {} ", leaf.mode, leaf.hash));
        hasher.update(&leaf.path);
        hasher.update([0]);
    }
    hex(hasher.finalize().as_slice())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Leaf, sha256tree};

    #[test]
    fn it_is_what_other_tools_compute() {
        // h() { printf "$1" | sha256sum | cut -c-64; }
        // printf '%s\0' "100644 $(h hi) a/b" "120000 $(h a/b) l" "160000 $(printf %040d 7) m" | sha256sum
        let leaves = vec![
            Leaf::submodule("m", &format!("{:040}", 7)),
            Leaf::new("l", "120000", b"a/b"),
            Leaf::new("a/b", "100644", b"hi"),
        ];
        assert_eq!(sha256tree(leaves), EXPECTED);
    }

    const EXPECTED: &str = "cb396f09f8ee061f1a283fe4e9eecd8ddb934652267e2d5d6c1b9790d4dea76c";

    #[test]
    fn every_part_counts() {
        let base = || vec![Leaf::new("a", "100644", b"1"), Leaf::new("b", "100644", b"2")];
        let mut all = vec![sha256tree(base())];
        for change in [
            |leaves: &mut Vec<Leaf>| leaves[0].mode = "100755".into(),
            |leaves: &mut Vec<Leaf>| leaves[0].path = b"c".to_vec(),
            |leaves: &mut Vec<Leaf>| leaves[0] = Leaf::new("a", "100644", b"3"),
            |leaves: &mut Vec<Leaf>| drop(leaves.pop()),
            |leaves: &mut Vec<Leaf>| leaves.push(Leaf::new("d", "100644", b"")),
        ] {
            let mut leaves = base();
            change(&mut leaves);
            all.push(sha256tree(leaves));
        }
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        let reversed: Vec<Leaf> = base().into_iter().rev().collect();
        assert_eq!(sha256tree(reversed), all[0]);
    }
}
