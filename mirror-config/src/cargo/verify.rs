//! Holds what a `Cargo.lock` pins against the authority: the checksum of every crate.
//!
//! [`judge`] is pure: a pinned crate and what the index says in, a finding out. Whom to believe is `registry`'s
//! business; reading lock files is the program's.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::{
    index,
    registry::{FoundEntry, Registry},
};
use crate::{
    errors::{Failure, Fault, Kind},
    model::Service,
    select::Select,
    transport::http::Patience,
    trust::Trust,
};

/// Entries that are asked for at once.
const AT_ONCE: usize = 32;

/// A crate as a lock file pins it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file, in hex; locks made by hand may lack it.
    pub checksum: Option<String>,
}

/// What the authority makes of a pinned crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The checksum is the authority's.
    Right {
        /// On whose word.
        verdict: Trust,
        /// Its author has taken it back.
        yanked: bool,
    },
    /// The authority says another checksum.
    Differs {
        /// What the lock says.
        locked: String,
        /// What the authority says.
        said: String,
        /// On whose word.
        verdict: Trust,
    },
    /// Upstream knows no such version.
    Unknown,
    /// The lock has no checksum to compare.
    NoChecksum,
    /// Nobody whose word is enough has spoken of it.
    Unheard(Failure),
}

impl Finding {
    /// Whether somebody has changed the lock file, or an index that it was made from.
    pub fn is_poison(&self) -> bool {
        matches!(self, Self::Differs { .. } | Self::Unknown)
    }
}

/// Holds a pinned crate against the entry of its crate. `lacks` answers whether upstream itself says that there is no
/// such crate; it is asked only where there is no entry.
pub fn judge(pinned: &Pinned, found: &FoundEntry, lacks: impl FnOnce() -> bool) -> Finding {
    let unheard = || {
        let what = format!("{} {}: upstream does not answer, and too few mirrors know it", pinned.name, pinned.version);
        Finding::Unheard(Failure::new(Kind::Quorum, what).hint("cargo mirror probe cargo"))
    };
    let entry = match found {
        Ok(Some(entry)) => entry,
        Ok(None) if lacks() => return Finding::Unknown,
        Ok(None) => return unheard(),
        Err(failure) => return Finding::Unheard(failure.clone()),
    };
    let versions = index::versions(&entry.body).unwrap_or_default();
    let Some(version) = versions.into_iter().find(|version| version.number == pinned.version) else {
        // Mirrors may lag; upstream does not.
        return if entry.verdict == Trust::Upstream { Finding::Unknown } else { unheard() };
    };
    match &pinned.checksum {
        None => Finding::NoChecksum,
        Some(locked) if locked.eq_ignore_ascii_case(&version.checksum) => {
            Finding::Right { verdict: entry.verdict, yanked: version.yanked }
        }
        Some(locked) => Finding::Differs { locked: locked.clone(), said: version.checksum, verdict: entry.verdict },
    }
}

/// Judges all of them, many at a time; each crate's entry is asked for once. `heard` is called after each answer with
/// the number of answers so far, and how many there will be.
///
/// The registry must not know the lock file: it would believe it.
pub fn verify(
    select: &Select,
    registry: &Registry,
    pinned: &[Pinned],
    heard: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Finding> {
    let names: BTreeSet<String> = pinned.iter().map(|pinned| pinned.name.to_ascii_lowercase()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(names.len()) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The registry keeps it.
                    let _ = registry.entry(name);
                    heard(done.fetch_add(1, Ordering::Relaxed) + 1, names.len());
                }
            });
        }
    });
    let finding = |pinned: &Pinned| {
        let name = pinned.name.to_ascii_lowercase();
        judge(pinned, &registry.entry(&name), || upstream_lacks(select, &name))
    };
    pinned.iter().map(finding).collect()
}

/// Whether upstream itself says that there is no such crate.
fn upstream_lacks(select: &Select, name: &str) -> bool {
    let Some(path) = index::path_of(name) else { return true };
    let index = select.config.cargo.upstream.as_ref().map_or_else(index::official, |index| index.value.clone());
    let upstream = select.upstream("cargo", index, Service::CargoIndex);
    let Ok(request) = upstream.get(&path, Patience::REPLACEABLE) else { return false };
    matches!(select.http.send(&request.header("accept", "text/plain")), Err(Fault::Missing))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Finding, Pinned, judge};
    use crate::{
        cargo::{
            index,
            registry::{FoundEntry, IndexEntry},
        },
        errors::{Failure, Kind},
        system::digest,
        trust::Trust,
    };

    /// Crates in a made-up registry, and versions of each.
    const CRATES: usize = 20;
    const VERSIONS: usize = 8;

    fn checksum(of: &str) -> String {
        digest::sha256(of.as_bytes()).expect("memory")
    }

    fn number(version: usize) -> String {
        format!("{}.{}.0", version / 4, version % 4)
    }

    fn pinned(krate: usize, version: usize) -> Pinned {
        let (name, version) = (format!("crate-{krate}"), number(version));
        Pinned { checksum: Some(checksum(&format!("{name} {version}"))), name, version }
    }

    fn entry(name: &str, verdict: Trust) -> FoundEntry {
        let line = |version: usize| {
            let (version, yanked) = (number(version), version.is_multiple_of(5));
            let checksum = checksum(&format!("{name} {version}"));
            format!("{{\"name\":\"{name}\",\"vers\":\"{version}\",\"cksum\":\"{checksum}\",\"yanked\":{yanked}}}\n")
        };
        let body: String = (0..VERSIONS).map(line).collect();
        let checksums = index::checksums(body.as_bytes()).expect("lines of an index");
        Ok(Some(Arc::new(IndexEntry { body: body.into_bytes(), etag: String::new(), verdict, checksums })))
    }

    fn findings(lock: &[Pinned], entries: &[FoundEntry]) -> Vec<Finding> {
        lock.iter().zip(entries).map(|(pinned, found)| judge(pinned, found, || false)).collect()
    }

    /// SplitMix64: the same numbers in every run.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((z ^ (z >> 31)) % limit as u64).expect("below a usize")
        }
    }

    fn lock(dice: &mut Dice) -> Vec<Pinned> {
        (0..CRATES).map(|krate| pinned(krate, dice.below(VERSIONS))).collect()
    }

    /// Changes one place of a lock as an attacker or an accident would.
    fn poison(lock: &mut [Pinned], dice: &mut Dice) -> (usize, &'static str) {
        let source = dice.below(lock.len());
        let own = lock[source].clone();
        match dice.below(4) {
            0 => {
                let mut digits: Vec<u8> = own.checksum.expect("made with one").into_bytes();
                let digit = dice.below(digits.len());
                digits[digit] = if digits[digit] == b'0' { b'1' } else { b'0' };
                lock[source].checksum = Some(String::from_utf8(digits).expect("digits"));
                (source, "one digit")
            }
            1 => {
                let other = (source + 1 + dice.below(lock.len() - 1)) % lock.len();
                lock[source].checksum = lock[other].checksum.clone();
                lock[other].checksum = own.checksum;
                (source, "two swapped")
            }
            2 => {
                let others: Vec<String> = (0..VERSIONS).map(number).filter(|other| *other != own.version).collect();
                lock[source].version = others[dice.below(others.len())].clone();
                (source, "another version")
            }
            _ => {
                lock[source].version = "9.9.9".to_owned();
                (source, "a version that is not there")
            }
        }
    }

    #[test]
    fn each_of_a_thousand_poisoned_locks_is_found_and_no_honest_one_is_accused() {
        let mut dice = Dice(7);
        let entries: Vec<FoundEntry> =
            (0..CRATES).map(|krate| entry(&pinned(krate, 0).name, Trust::Upstream)).collect();
        for round in 0..1000 {
            let honest = lock(&mut dice);
            let clean = findings(&honest, &entries);
            assert!(clean.iter().all(|finding| matches!(finding, Finding::Right { .. })), "round {round}: {clean:?}");
            let mut poisoned = honest.clone();
            let (source, how) = poison(&mut poisoned, &mut dice);
            let found = findings(&poisoned, &entries);
            assert!(found[source].is_poison(), "round {round}, {how}: {:?}", found[source]);
            for (index, finding) in found.iter().enumerate() {
                assert_eq!(finding.is_poison(), honest[index] != poisoned[index], "round {round}, {how}, {index}");
            }
        }
    }

    #[test]
    fn what_mirrors_do_not_know_is_unheard_of_and_what_upstream_does_not_know_is_poison() {
        let right = pinned(0, 5);
        let newer = Pinned { version: "9.9.9".to_owned(), ..right.clone() };
        let nobody: FoundEntry = Err(Failure::new(Kind::Exhausted, "nobody answers"));
        let quorum = |verdict| Finding::Right { verdict, yanked: true };
        assert_eq!(judge(&right, &entry(&right.name, Trust::Quorum), || false), quorum(Trust::Quorum));
        assert_eq!(judge(&newer, &entry(&right.name, Trust::Upstream), || false), Finding::Unknown);
        assert_eq!(judge(&right, &Ok(None), || true), Finding::Unknown);
        for (pinned, found, kind) in [
            (&newer, &entry(&right.name, Trust::Quorum), Kind::Quorum),
            (&right, &Ok(None), Kind::Quorum),
            (&right, &nobody, Kind::Exhausted),
        ] {
            let Finding::Unheard(failure) = judge(pinned, found, || false) else { panic!("{pinned:?}") };
            assert_eq!(failure.kind, kind);
        }
        let bare = Pinned { checksum: None, ..right.clone() };
        assert_eq!(judge(&bare, &entry(&right.name, Trust::Upstream), || false), Finding::NoChecksum);
        let capitals = Pinned { checksum: right.checksum.as_ref().map(|sum| sum.to_uppercase()), ..right.clone() };
        assert_eq!(judge(&capitals, &entry(&right.name, Trust::Upstream), || false), quorum(Trust::Upstream));
    }
}
