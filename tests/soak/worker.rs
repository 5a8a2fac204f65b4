//! One who clones, updates and is killed, again and again, and looks at each result.
//!
//! Which faults it meets is `ground`'s matter; what comes of it goes into a `tally`.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use mirror_tests::{
    Ended, NAME, Noise, Outcome, Process, assert_fsck_clean, assert_same_repository, outcome, processes_with,
};

use crate::{ground::Ground, tally::Tally};

/// An operation that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// Longest life of one that is killed, in milliseconds.
const LIFE: u64 = 1500;
/// How long its processes may take to end after it.
const LEAVE: Duration = Duration::from_secs(3);
/// Says in a process's environment which operation it is part of.
pub(crate) const OPERATION: &str = "MIRROR_SOAK_OPERATION";
/// Tells the processes of one worker from all others on this machine.
const WORKER: &str = "MIRROR_SOAK_WORKER";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// A clone with an empty store.
    Cold,
    /// A clone with the store that all share.
    Warm,
    /// An update of the clone that this worker keeps.
    Update,
    /// A first clone of only so much history.
    Shallow,
    /// A clone with the shared store, killed with all it started.
    Killed,
}

impl Operation {
    fn any(noise: &mut Noise) -> Self {
        *noise.pick(&[Self::Cold, Self::Cold, Self::Warm, Self::Update, Self::Update, Self::Shallow, Self::Killed])
    }

    fn word(self) -> &'static str {
        match self {
            Self::Cold => "cold clone",
            Self::Warm => "warm clone",
            Self::Update => "update",
            Self::Shallow => "shallow clone",
            Self::Killed => "killed clone",
        }
    }
}

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    number: u64,
    noise: Noise,
}

impl Worker {
    pub(crate) fn new(number: u64, seed: u64) -> Self {
        Self { number, noise: Noise::new(seed * 1000 + number) }
    }

    /// Does one thing, and looks at what came of it.
    pub(crate) fn work(&mut self, ground: &Ground, tally: &Tally) {
        let mut operation = Operation::any(&mut self.noise);
        let kept = ground.stage.work(&format!("kept-{}", self.number));
        if operation == Operation::Update && !kept.exists() {
            operation = Operation::Warm;
        }
        let keeps = operation == Operation::Warm && !kept.exists();
        let folder = if keeps || operation == Operation::Update {
            kept
        } else {
            ground.stage.work(&format!("new-{}", self.number))
        };
        let cache = ground.stage.sandbox.path(format!("tmp/cache-{}", self.number));
        let mut git = ground.stage.sandbox.command("git");
        git.env(OPERATION, operation.word()).env(WORKER, &cache);
        match operation {
            Operation::Update => git.args(["fetch", "-q", "--prune"]).current_dir(&folder),
            _ => git.args(["clone", "-q", "--mirror", &format!("mirror::{NAME}")]).arg(&folder),
        };
        match operation {
            Operation::Cold => drop(git.env("XDG_CACHE_HOME", &cache)),
            Operation::Shallow => drop(git.args(["--depth=5"])),
            _ => {}
        }
        let limit = if operation == Operation::Killed { Duration::from_millis(self.noise.below(LIFE)) } else { LIMIT };
        let started = Instant::now();
        let ended = ground.stage.sandbox.run_until(git, |elapsed| elapsed > limit);
        let ran = match ended {
            Ended::Killed(_) if operation == Operation::Killed => {
                tally.killed(operation.word());
                None
            }
            Ended::Killed(ran) => {
                tally.hung(operation.word(), &ran);
                None
            }
            Ended::Itself(ran) => Some(ran),
        };
        tally.left_over(left_over(&format!("{WORKER}={}", cache.display())));
        if let Some(ran) = ran {
            match outcome(&ran) {
                Err(why) => tally.wrong(operation.word(), &why),
                Ok(Outcome::Refused(kind)) if ground.upstream_is_well => {
                    tally.wrong(operation.word(), &format!("{kind} though upstream was well: {ran}"));
                }
                Ok(Outcome::Refused(kind)) => {
                    tally.refused(operation.word(), &kind);
                    if operation != Operation::Update && folder.exists() {
                        tally.wrong(operation.word(), &format!("a failed clone left something: {ran}"));
                    }
                }
                Ok(Outcome::Done) => match look(ground, operation, &folder) {
                    Ok(()) => tally.done(operation.word(), started.elapsed()),
                    Err(why) => tally.wrong(operation.word(), &why),
                },
            }
        }
        let _ = fs::remove_dir_all(cache);
        if !keeps && operation != Operation::Update {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Processes with this in their environment that do not end by themselves.
fn left_over(mark: &str) -> usize {
    let since = Instant::now();
    loop {
        let left = processes_with(mark);
        if left.is_empty() || since.elapsed() > LEAVE {
            left.iter().for_each(Process::kill);
            return left.len();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether it is what upstream has.
fn look(ground: &Ground, operation: Operation, folder: &std::path::Path) -> Result<(), String> {
    let upstream = ground.stage.upstream.path();
    let looked = panic::catch_unwind(AssertUnwindSafe(|| {
        assert_fsck_clean(folder);
        if operation == Operation::Shallow {
            let refs = |path| {
                let mut git = mirror_tests::plain_git(path);
                said(git.args(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"]))
            };
            let (all, ours) = (refs(&upstream), refs(folder));
            let strange: Vec<&str> = ours.lines().filter(|line| !all.contains(line)).collect();
            assert!(!ours.is_empty() && strange.is_empty(), "not upstream's: {strange:?}");
        } else {
            assert_same_repository(&upstream, folder);
        }
    }));
    looked.map_err(|why| why.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panicked".to_owned()))
}

fn said(git: &mut Command) -> String {
    String::from_utf8_lossy(&git.output().expect("git can be started").stdout).into_owned()
}
