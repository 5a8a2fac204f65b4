//! The pack of no objects that git makes of the answer that nothing is missing: taken away once git has closed its side.
//!
//! git keeps what it is sent in a clone, and whoever looks for a fresh clone (git-filter-repo) counts packs. It is known by
//! its name and by each of its bytes, and one that was there before stays.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What git is going to make.
#[derive(Debug)]
pub struct Leftover {
    pack: PathBuf,
    bytes: Vec<u8>,
}

impl Leftover {
    /// That of this pack, in the folder of a repository's packs; `None` where it is there already. `bytes` are those of the
    /// pack, which ends with its checksum of so many bytes.
    pub fn expected(folder: &Path, bytes: Vec<u8>, checksum: usize) -> Option<Self> {
        let sum = bytes.get(bytes.len().checked_sub(checksum)?..)?;
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        let pack = folder.join(format!("pack-{sum}.pack"));
        let is_new = ["pack", "idx"].iter().all(|end| !pack.with_extension(end).exists());
        is_new.then_some(Self { pack, bytes })
    }

    /// Takes it away, unless git still holds it (`.keep`) or it is something else.
    pub fn take_away(self) {
        if self.pack.with_extension("keep").exists() || fs::read(&self.pack).ok() != Some(self.bytes) {
            return;
        }
        // As git does it: without an index no reader looks for the pack, and one that has it open finds nothing in it.
        for end in ["idx", "pack", "rev"] {
            let _ = fs::remove_file(self.pack.with_extension(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::Leftover;

    #[test]
    fn only_what_git_made_of_our_answer_goes() {
        let bytes = b"PACK\0\0\0\x02\0\0\0\0\xab\xcd".to_vec();
        let all = ["pack-abcd.pack", "pack-abcd.idx", "pack-abcd.rev"];
        for (case, before, after, kept) in [
            ("by a git that writes .rev", &[][..], &all[..], &[][..]),
            ("by an older one", &[], &all[..2], &[]),
            ("not made at all", &[], &[], &[]),
            ("there before", &all[..2], &all[..2], &all[..2]),
            ("held", &[], &["pack-abcd.pack", "pack-abcd.idx", "pack-abcd.keep"], &[
                "pack-abcd.pack",
                "pack-abcd.idx",
                "pack-abcd.keep",
            ]),
            ("another one", &[], &["pack-ef.pack", "pack-ef.idx"], &["pack-ef.pack", "pack-ef.idx"]),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let write = |names: &[&str]| names.iter().for_each(|n| fs::write(folder.path().join(n), &bytes).expect("ours"));
            write(before);
            let leftover = Leftover::expected(folder.path(), bytes.clone(), 2);
            assert_eq!(leftover.is_none(), !before.is_empty(), "{case}");
            write(after);
            leftover.into_iter().for_each(Leftover::take_away);
            let found = fs::read_dir(folder.path()).expect("there").flatten().map(|entry| entry.file_name());
            let found: BTreeSet<String> = found.map(|name| name.to_string_lossy().into_owned()).collect();
            assert_eq!(found, kept.iter().map(|name| (*name).to_owned()).collect(), "{case}");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let leftover = Leftover::expected(folder.path(), bytes, 2).expect("nothing is there");
        fs::write(folder.path().join(all[0]), "something else").expect("ours");
        leftover.take_away();
        assert!(folder.path().join(all[0]).exists(), "other bytes are somebody else's");
    }
}
