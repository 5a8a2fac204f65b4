//! The pack of no objects that git makes of the answer that nothing is missing: taken away when git is done with it.
//!
//! git keeps what it is sent in a clone, and whoever looks for a fresh clone (git-filter-repo) counts packs. It is known by
//! its name and by each of its bytes, and one that was there before stays. git closes one side of the conversation when the
//! pack begins, the other one once it is indexed, and then waits for the helper before it looks at what it has.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How git's own reason to keep a pack for a moment begins.
const FETCH: &[u8] = b"fetch-pack ";
/// How long git is waited for, and between two looks: it indexes nothing in a moment.
const MOMENT: [Duration; 2] = [Duration::from_secs(5), Duration::from_millis(1)];

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

    /// Takes all of these away once `is_over` says that git is done with what it was sent. That they are there is not enough: git
    /// sets their modes when they have their names. Where it unpacks what it is sent there is never one.
    pub fn take_all_away(leftovers: Vec<Self>, is_over: impl Fn() -> bool) {
        let since = Instant::now();
        while !leftovers.is_empty() && !is_over() && since.elapsed() < MOMENT[0] {
            thread::sleep(MOMENT[1]);
        }
        leftovers.into_iter().for_each(Self::take_away);
    }

    /// Takes it away, unless it is something else, or somebody keeps it. While git sets its refs it keeps what it was sent, and
    /// says so in a file that it takes away itself (git-index-pack(1), `--keep`; `fetch-pack` writes who it is).
    fn take_away(self) {
        let is_kept = match fs::read(self.pack.with_extension("keep")) {
            Ok(reason) => !reason.starts_with(FETCH),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_kept || fs::read(&self.pack).ok() != Some(self.bytes) {
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
            ("held by the fetch", &[], &all[..], &["pack-abcd.keep"]),
            (
                "held by somebody",
                &[],
                &["pack-abcd.pack", "pack-abcd.idx", "pack-abcd.keep"],
                &["pack-abcd.pack", "pack-abcd.idx", "pack-abcd.keep"],
            ),
            ("another one", &[], &["pack-ef.pack", "pack-ef.idx"], &["pack-ef.pack", "pack-ef.idx"]),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let write =
                |names: &[&str]| names.iter().for_each(|n| fs::write(folder.path().join(n), &bytes).expect("ours"));
            write(before);
            let leftover = Leftover::expected(folder.path(), bytes.clone(), 2);
            assert_eq!(leftover.is_none(), !before.is_empty(), "{case}");
            write(after);
            if case == "held by the fetch" {
                fs::write(folder.path().join("pack-abcd.keep"), "fetch-pack 1 on host\n").expect("ours");
            }
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
