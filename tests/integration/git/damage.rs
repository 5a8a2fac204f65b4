//! What is kept is believed only after a look: whatever is damaged of it, the next clone is right and ends well.

use std::{
    fs,
    io::{Seek, Write},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use mirror_tests::{
    Ended, Fault, History, NAME, Ran, Stage, Submodule, assert_fsck_clean, assert_same_repository, assert_whole_store,
    plain_git,
};

/// Where everything is that the programs keep, by variable and folder.
const KEPT: [(&str, &str); 2] = [("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")];
/// Clones at once.
const AT_ONCE: usize = 4;
/// Bytes a second at which 1 MB comes in slices.
const SLOW: u64 = 40_000;
/// Slices after which a clone is killed.
const SLICES: usize = 2;
/// Bytes of a file that is damaged at many places.
const LARGE: u64 = 4096;
/// How the one line begins that tells of damage.
const TOLD: &str = "mirror: warning: what is kept of github:owner/small is damaged: ";

/// What becomes of a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// A bit of this byte is flipped.
    Flip(u64),
    /// It has so many bytes and no more.
    Cut(u64),
}

impl Damage {
    /// What can become of a file of so many bytes.
    fn all(size: u64) -> Vec<Self> {
        let (flips, cuts) = match size {
            0 => (vec![], vec![]),
            // The header, what is inside, the hash at the end and what comes before it.
            LARGE.. => (vec![0, 10, size / 3, size / 3 * 2, size - 25, size - 1], vec![0, size / 2, size - 1]),
            _ => (vec![0, size / 4, size / 2, size - 1], vec![0, size / 2]),
        };
        flips.into_iter().map(Self::Flip).chain(cuts.into_iter().map(Self::Cut)).collect()
    }

    /// Puts a changed copy in place of a file, lest clones that share it by a hard link be changed too.
    fn befall(self, file: &Path) {
        let mut bytes = fs::read(file).expect("a file of ours");
        let place = |at: u64| usize::try_from(at).expect("a small file");
        match self {
            Self::Flip(at) => bytes[place(at)] ^= 1,
            Self::Cut(size) => bytes.truncate(place(size)),
        }
        fs::remove_file(file).and_then(|()| fs::write(file, bytes)).expect("a file of ours");
    }
}

/// All files below a folder, by their paths from there, with their sizes.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(at).expect("a folder of ours").flatten() {
            match entry.metadata() {
                // Whoever was killed takes its own away.
                Err(_) => {}
                Ok(meta) if meta.is_dir() => waiting.push(entry.path()),
                Ok(meta) => found.push((entry.path().strip_prefix(folder).expect("below it").to_owned(), meta.len())),
            }
        }
    }
    found.sort();
    found
}

/// The files of a folder that end like this, the largest first.
fn ending(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = files(folder);
    found.retain(|(file, _)| file.extension().is_some_and(|extension| extension == end));
    found.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    found.into_iter().map(|(file, _)| folder.join(file)).collect()
}

/// A stage on which a store has two packs, of which the small one rests on the large one.
fn two_packs() -> Stage {
    let stage = Stage::new(&History::autoglm(Submodule::Absent), &["a", "b"]);
    let newer = stage.upstream.copy_to(stage.sandbox.path("newer"));
    let all = [&stage.upstream, &stage.mirror("a").repository, &stage.mirror("b").repository];
    all.iter().for_each(|repository| repository.truncate_by(15));
    stage.clone(&["-q"], "first").ok();
    all.iter().for_each(|repository| repository.become_copy_of(&newer));
    stage.clone(&["-q"], "second").ok();
    apart(&stage);
    stage
}

/// Makes two packs of the one that clones leave, with what the first clone has in one of them. They are the same each time.
fn apart(stage: &Stage) {
    let store = stage.stores().remove(0);
    let before = [ending(&store, "idx"), ending(&store, "pack")].concat();
    let tips = |folder: &str| plain(&stage.work(folder), &["for-each-ref", "--format=%(objectname)"], "");
    let (old, new) = (tips("first"), tips("second"));
    let not_old: String = old.lines().map(|tip| format!("^{tip}\n")).collect();
    for tips in [old, format!("{new}{not_old}")] {
        let pack = ["pack-objects", "-q", "--revs", "--threads=1", "--delta-base-offset", "objects/pack/pack"];
        plain(&store, &pack, &tips);
    }
    before.iter().for_each(|file| fs::remove_file(file).expect("ours"));
    ending(&store, "rev").iter().for_each(|file| fs::remove_file(file).expect("ours"));
    assert_eq!(ending(&stage.sandbox.path("cache"), "pack").len(), 2);
}

/// What git says in a repository that is told this.
fn plain(repository: &Path, arguments: &[&str], told: &str) -> String {
    let mut input = tempfile::tempfile().expect("a temporary file can be made");
    input.write_all(told.as_bytes()).and_then(|()| input.rewind()).expect("a temporary file is ours");
    let output = plain_git(repository).args(arguments).stdin(input).output().expect("git can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("ids are text")
}

/// Clones with what is kept below a folder.
fn clone_with(stage: &Stage, kept: &Path) -> Ran {
    let mut git = stage.sandbox.command("git");
    git.envs(KEPT.map(|(variable, folder)| (variable, kept.join(folder))));
    git.args(["clone", "-q", "--mirror", &format!("mirror::{NAME}")]).arg(kept.join("clone"));
    stage.sandbox.run(git)
}

/// Damages each file of what is kept that counts, in turn and in each way, and clones with all others.
fn damage_each(stage: &Stage, counts: impl Fn(&Path) -> bool) {
    let kept = stage.sandbox.path("kept");
    for (_, folder) in KEPT {
        fs::create_dir_all(&kept)
            .and_then(|()| fs::rename(stage.sandbox.path(folder), kept.join(folder)))
            .and_then(|()| fs::create_dir(stage.sandbox.path(folder)))
            .expect("the sandbox is ours");
    }
    let all = files(&kept);
    let cases = all.iter().filter(|(file, _)| counts(file));
    let cases = cases.flat_map(|(file, size)| Damage::all(*size).into_iter().map(move |damage| (file, damage)));
    let cases: Vec<_> = cases.collect();
    assert!(cases.len() > 8, "{} cases", cases.len());
    let cases = Mutex::new(cases.into_iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = cases.lock().expect("nobody panics while holding it").next();
                    let Some((number, (damaged, damage))) = next else { break };
                    let case = stage.sandbox.path(format!("case-{number}"));
                    for (file, _) in &all {
                        let folder = case.join(file.parent().expect("it lies in a folder"));
                        fs::create_dir_all(folder).expect("ours");
                        fs::copy(kept.join(file), case.join(file)).expect("ours");
                    }
                    damage.befall(&case.join(damaged));
                    let is_pack = damaged.parent().is_some_and(|folder| folder.ends_with("objects/pack"));
                    clone_is_right(stage, &case, is_pack, &format!("{} {damage:?}", damaged.display()));
                    fs::remove_dir_all(case).expect("ours");
                }
            });
        }
    });
}

fn clone_is_right(stage: &Stage, kept: &Path, is_told: bool, case: &str) {
    let ran = clone_with(stage, kept);
    assert_eq!(ran.code, 0, "{case}: {ran}");
    let said: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(said.len(), usize::from(is_told), "{case}: {ran}");
    assert!(said.iter().all(|line| line.starts_with(TOLD)), "{case}: {ran}");
    assert_same_repository(&stage.upstream.path(), &kept.join("clone"));
    assert_fsck_clean(&kept.join("clone"));
    let stores = fs::read_dir(kept.join("cache/mirror/store")).expect("there is one").flatten();
    for store in stores {
        assert_whole_store(&store.path());
        assert!(!store.path().join("parts").exists(), "{case}: all has landed");
    }
}

#[test]
fn whatever_is_damaged_of_a_store_the_next_clone_is_right() {
    damage_each(&two_packs(), |_| true);
}

#[test]
fn whatever_is_damaged_of_what_a_killed_clone_left_the_next_one_is_right() {
    let stage = Stage::new(&History::lively(1), &["a", "b"]);
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(SLOW));
    let mut git = stage.sandbox.command("git");
    git.args(["clone", "-q", &format!("mirror::{NAME}"), "killed"]);
    let cache = stage.sandbox.path("cache");
    let slices =
        || ending(&cache, "pack").iter().filter(|slice| slice.parent().is_some_and(|f| f.ends_with("parts"))).count();
    let ended = stage.sandbox.run_until(git, |_| slices() >= SLICES);
    assert!(matches!(ended, Ended::Killed(_)), "{ended:?}");
    stage.mirrors.iter().for_each(|mirror| mirror.server.rate(0));
    damage_each(&stage, |file| file.parent().is_some_and(|folder| folder.ends_with("parts")));
}

/// Everybody speaks, and nobody gives a pack.
fn no_packs(stage: &Stage) {
    stage.origin.set(Fault::CutAt(20.into()));
    stage.mirrors.iter().for_each(|mirror| mirror.server.set(Fault::CutAt(20.into())));
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_iter().map(|(file, _)| file.display().to_string()).collect()
}

#[test]
fn what_is_sound_of_a_damaged_store_is_not_fetched_again_and_the_last_that_was_not_can_be_looked_at() {
    let stage = two_packs();
    let sandbox = stage.sandbox.path("");
    let cache = stage.sandbox.path("cache");
    let aside = stage.stores()[0].join("damaged");
    let pair = || (ending(&cache, "pack")[0].clone(), ending(&cache, "pack")[1].clone());
    let name = |file: &Path| file.file_name().expect("it has one").to_string_lossy().into_owned();
    let fetched = || stage.mirrors.iter().map(|mirror| mirror.server.fetched()).sum::<u64>();
    let forget = || stage.mirrors.iter().for_each(|mirror| mirror.server.forget_log());
    let clone = |case: &str| {
        clone_is_right(&stage, &sandbox, true, case);
        fs::remove_dir_all(sandbox.join("clone")).expect("ours");
    };
    let apart = || apart(&stage);
    // The pack is all there is: its index follows from it.
    for (of_large, damage) in [(true, Damage::Flip(3000)), (false, Damage::Cut(0))] {
        no_packs(&stage);
        let index = if of_large { pair().0 } else { pair().1 }.with_extension("idx");
        damage.befall(&index);
        clone("an index, and nobody to ask");
        assert_eq!(names(&aside), [name(&index)]);
        apart();
    }
    stage.origin.heal();
    stage.mirrors.iter().for_each(|mirror| mirror.server.heal());
    // What rests on nothing damaged stays, what does is fetched again.
    forget();
    let (_, small) = pair();
    Damage::Flip(2000).befall(&small);
    clone("the small pack");
    assert!(fetched() < stage.upstream.pack_bytes() / 2, "{} of {}", fetched(), stage.upstream.pack_bytes());
    assert_eq!(names(&aside), [name(&small.with_extension("idx")), name(&small)]);
    apart();
    forget();
    let (large, _) = pair();
    Damage::Flip(2000).befall(&large);
    clone("the large pack");
    assert!(fetched() > stage.upstream.pack_bytes() / 2, "{} of {}", fetched(), stage.upstream.pack_bytes());
    assert!(names(&aside).contains(&name(&large)), "{:?}", names(&aside));
    let mut prune = stage.sandbox.command("cargo-mirror");
    prune.args(["mirror", "cache", "prune"]);
    stage.sandbox.run(prune).ok();
    assert!(!aside.exists(), "who has looked can have it removed");
    assert_whole_store(&stage.stores()[0]);
}

#[test]
fn damage_is_noticed_whoever_speaks_for_upstream() {
    let mut stage = two_packs();
    stage.upstream_goes_away();
    stage.configure("[git]\nmax-age = \"100 years\"\n");
    let large = ending(&stage.sandbox.path("cache"), "pack")[0].clone();
    let ledger = stage.sandbox.path("state/mirror/ledger/github/owner/small.json");
    let text = fs::read_to_string(&ledger).expect("upstream was heard");
    // Another commit, which nobody has: as if mirrors had gone back behind it.
    let tip = stage.upstream.tip();
    let other = format!("{}{}", if tip.starts_with('0') { '1' } else { '0' }, &tip[1..]);
    assert!(text.contains(&tip), "{text}");
    fs::write(&ledger, text.replace(&tip, &other)).expect("ours");
    Damage::Flip(200_000).befall(&large);
    let ran = clone_with(&stage, &stage.sandbox.path("")).ok();
    let told: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with(TOLD)).collect();
    assert_eq!((told.len(), ran.stderr.lines().count()), (1, 2), "the other says whose word it is: {ran}");
    assert!(ran.stderr.contains("refs by quorum"), "{ran}");
    assert_same_repository(&stage.upstream.path(), &stage.sandbox.path("clone"));
    assert_fsck_clean(&stage.sandbox.path("clone"));
}

#[test]
fn an_update_does_without_a_store_that_is_damaged() {
    let stage = two_packs();
    let project = stage.work("project");
    fs::create_dir(&project).expect("the sandbox is ours");
    // Under a pin an update lands in a store, to be held against it.
    let pin = || {
        let mut pin = stage.sandbox.command("cargo-mirror");
        pin.current_dir(&project).args(["mirror", "pin", NAME]);
        stage.sandbox.run(pin).ok();
    };
    pin();
    stage.sandbox.git_in(&project, ["clone", "-q", &format!("mirror::{NAME}"), "copy"]).ok();
    let new = stage.upstream.add_commit("main", "new.txt", "new");
    stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
    pin();
    Damage::Flip(200_000).befall(&ending(&stage.sandbox.path("cache"), "pack")[0]);
    let copy = project.join("copy");
    stage.sandbox.git_in(&copy, ["fetch", "-q"]).ok();
    assert_eq!(stage.sandbox.git_in(&copy, ["rev-parse", "origin/main"]).stdout.trim(), new);
    assert_fsck_clean(&copy);
}
