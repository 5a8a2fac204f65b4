//! One random scenario: who has what, what goes wrong, what is done, and what must hold afterwards.
//!
//! Everything follows from the seed. Which seeds are played is `git::random`'s matter.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, time::Duration};

use mirror_tests::{
    Copy, Ended, Fault, NAME, Noise, Outcome, Plan, Ran, RandomHistory, Sandbox, Scope, Stage, apply,
    assert_fsck_clean, assert_same_repository, assert_whole_store, grow, outcome, plain_git, random_fault, random_rate,
    run,
};

/// The longest that a clone or fetch may take, faults and a busy machine included; more where each of four mirrors at
/// 60 kB/s may fail at the end of 2 MB.
const LIMIT: Duration = Duration::from_secs(60);
const SLOW_LIMIT: Duration = Duration::from_secs(110);
/// What the mirrors are called.
const NAMES: &[&str] = &["alpha", "beta", "gamma", "delta"];
/// What git alone made of upstream before it moved on.
const EARLIER: &str = "earlier";
/// Longest life of a clone that is killed, in milliseconds.
const LIFE: u64 = 800;

/// One mirror.
#[derive(Debug)]
struct Mirror {
    copy: Copy,
    rate: u64,
    connection_rate: u64,
    fault: Option<Plan>,
}

/// What came before.
#[derive(Debug, PartialEq, Eq)]
enum Before {
    /// Nothing.
    Nothing,
    /// Somebody cloned it, then upstream moved on.
    Clone,
    /// Somebody cloned it and was killed after so many milliseconds.
    Killed(u64),
}

/// How upstream is.
#[derive(Debug, PartialEq)]
enum Upstream {
    Well,
    /// It says what the refs are and fails to send objects.
    Spoiled(Fault),
    /// It cannot be reached: mirrors must agree.
    Away,
}

/// A scenario; shown as one line.
pub(crate) struct Scenario {
    seed: u64,
    history: RandomHistory,
    mirrors: Vec<Mirror>,
    before: Before,
    upstream: Upstream,
    options: &'static [&'static str],
    /// An update of an earlier clone rather than another clone.
    update: bool,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, history, before, upstream, options, update, .. } = self;
        write!(f, "seed {seed}: {}; before: {before:?}; upstream: {upstream:?}; ", history.describe())?;
        write!(f, "{} {options:?}", if *update { "fetch, clone" } else { "clone" })?;
        for (Mirror { copy, rate, connection_rate, fault }, name) in self.mirrors.iter().zip(NAMES) {
            write!(f, "; {name}: {copy:?}, {} and {} kB/s", rate / 1000, connection_rate / 1000)?;
            if let Some(fault) = fault {
                write!(f, ", {fault}")?;
            }
        }
        Ok(())
    }
}

impl Scenario {
    /// The scenario of a seed. Every third is on a slow line: big enough a pack that sharing the work would pay.
    pub(crate) fn new(seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let noise = &mut noise;
        let slow = Self::is_slow(seed);
        let line = 250_000 + noise.below(250_000);
        let history = match slow {
            true => RandomHistory::of_size(1_000_000 + noise.below(line * 4 - 900_000), noise),
            false => RandomHistory::any(noise),
        };
        let before = match noise.below(if slow { 5 } else { 3 }) {
            0 => Before::Clone,
            1 => Before::Killed(noise.below(LIFE)),
            _ => Before::Nothing,
        };
        let upstream = match noise.below(8) {
            0 => Upstream::Away,
            1 => Upstream::Spoiled(
                noise.pick(&[Fault::CutAt(0.5.into()), Fault::EndAt(0.3.into()), Fault::status(502)]).clone(),
            ),
            _ => Upstream::Well,
        };
        let count = if slow { 2 + noise.below(3) } else { 1 + noise.below(4) };
        // One that keeps the client waiting is enough, and none where nobody else is left.
        let patient = (upstream == Upstream::Well).then(|| noise.below(count));
        let mirrors = (0..count).map(|number| {
            // The suite believes mirrors that agree; so they are not to agree on what is wrong.
            let fresh = upstream == Upstream::Away || (slow && noise.below(2) == 0);
            let copy = if fresh { Copy::Fresh } else { Copy::any(noise) };
            let rate = if slow { line / count } else { random_rate(noise) };
            let connection_rate = if noise.below(3) == 0 { 100_000 + noise.below(1_000_000) } else { 0 };
            let fault = (noise.below(3) > 0).then(|| random_fault(noise, patient == Some(number)));
            Mirror { copy, rate, connection_rate, fault }
        });
        let mirrors = mirrors.collect();
        // A shallow history is one piece: nothing to share.
        let ways: &'static [&[&str]] =
            &[&[], &[], &["--mirror"], &["--bare"], &["--no-tags"], &["--single-branch"], &["--depth=3"]];
        let options = *noise.pick(if slow { &ways[..5] } else { ways });
        let update = before == Before::Clone && noise.below(2) == 0;
        Self { seed, history, mirrors, before, upstream, options, update }
    }

    /// The same where somebody has cloned it, upstream has moved on and is away, and mirrors are fresh, but for faults.
    pub(crate) fn where_upstream_was_heard(seed: u64) -> Self {
        let mut scenario = Self::new(seed);
        scenario.mirrors.iter_mut().for_each(|mirror| mirror.copy = Copy::Fresh);
        // A tag that was put on an old commit since does not come along with one branch, whoever speaks.
        let options = if scenario.options == ["--single-branch"] { &[] } else { scenario.options };
        Self { before: Before::Clone, upstream: Upstream::Away, options, ..scenario }
    }

    /// Whether the seed's scenario is on a slow line.
    fn is_slow(seed: u64) -> bool {
        seed.is_multiple_of(3)
    }

    /// Whether this one is.
    pub(crate) fn is_on_a_slow_line(&self) -> bool {
        Self::is_slow(self.seed)
    }

    /// Plays it.
    ///
    /// # Panics
    ///
    /// When something does not hold. Gives back how it ended, and how each mirror that was asked fared.
    pub(crate) fn play(&self, sandbox: Sandbox) -> (Outcome, Vec<String>) {
        let mut noise = Noise::new(self.seed ^ 0xabcd);
        let stage = Stage::with(sandbox, |root| self.history.write(root, NAME), &NAMES[..self.mirrors.len()]);
        stage.configure("[git]\nstore-limit = \"16 MiB\"\n");
        if self.before == Before::Clone {
            self.git(&stage, "plain", &stage.origin.repo_url(NAME), false).ok();
            self.git(&stage, "ours", &format!("mirror::{NAME}"), false).ok();
            assert_same_repository(&stage.work("plain"), &stage.work("ours"));
            self.git(&stage, EARLIER, &stage.origin.repo_url(NAME), false).ok();
            grow(&stage.upstream, &mut noise);
        }
        let (plain, ours) = if self.update { ("plain", "ours") } else { ("plain-2", "ours-2") };
        self.git(&stage, plain, &stage.origin.repo_url(NAME), self.update).ok();
        self.spoil(&stage);
        if let Before::Killed(after) = self.before {
            kill_clone(&stage, Duration::from_millis(after));
        }
        let ran = self.git(&stage, ours, &format!("mirror::{NAME}"), self.update);
        let ended = outcome(&ran).unwrap_or_else(|why| panic!("{why}"));
        if ended == Outcome::Done {
            let reports = stage.sandbox.report();
            let seen = reports.iter().any(|report| report["verdict"] == "seen");
            assert!(!seen || self.upstream == Upstream::Away, "upstream was there: {ran}");
            match seen && self.before == Before::Clone {
                // Nobody believable had more to say.
                true => assert_as_before(&stage, ours),
                false => self.assert_same(&stage, plain, ours),
            }
        } else {
            assert!(self.upstream != Upstream::Well, "upstream could have served: {ran}");
            assert!(self.update || !stage.work(ours).exists(), "a clone that failed leaves nothing: {ran}");
        }
        stage.stores().iter().for_each(|store| assert_whole_store(store));
        // Whatever it was, it is over: nothing that is left of it may stand in the way.
        stage.origin.heal();
        for mirror in &stage.mirrors {
            mirror.server.heal();
            mirror.server.rate(0);
            mirror.server.per_connection_rate(0);
        }
        let again = if self.update || ended != Outcome::Done { ours } else { "ours-3" };
        self.git(&stage, again, &format!("mirror::{NAME}"), self.update).ok();
        self.assert_same(&stage, plain, again);
        stage.stores().iter().for_each(|store| assert_whole_store(store));
        (ended, stage.mirror_outcomes())
    }

    /// Puts everything wrong that is to be wrong.
    fn spoil(&self, stage: &Stage) {
        for (mirror, on_stage) in self.mirrors.iter().zip(&stage.mirrors) {
            mirror.copy.make(&on_stage.repository, &stage.upstream);
            on_stage.server.rate(mirror.rate);
            on_stage.server.per_connection_rate(mirror.connection_rate);
            if let Some(fault) = &mirror.fault {
                apply(&on_stage.server, fault);
            }
        }
        if Self::is_slow(self.seed) {
            stage.origin.rate(1_000_000);
        }
        match &self.upstream {
            Upstream::Well => {}
            Upstream::Spoiled(fault) => stage.origin.set(fault.clone().only(Scope::Fetch)),
            Upstream::Away => stage.origin.set(Fault::status(502)),
        }
    }

    /// `git clone OPTIONS URL TARGET`, or an update of what was cloned there.
    fn git(&self, stage: &Stage, target: &str, url: &str, update: bool) -> Ran {
        let mut command = stage.sandbox.command("git");
        if update {
            command.args(["fetch", "-q", "--prune"]).current_dir(stage.work(target));
        } else {
            command.args(["clone", "-q"]).args(self.options).args([url, target]);
        }
        stage.sandbox.run_with_timeout(command, if Self::is_slow(self.seed) { SLOW_LIMIT } else { LIMIT })
    }

    /// The same as git's own in refs, objects, and where history ends; and whole.
    fn assert_same(&self, stage: &Stage, plain: &str, ours: &str) {
        let (plain, ours) = (stage.work(plain), stage.work(ours));
        assert_same_repository(&plain, &ours);
        let edges = [&plain, &ours].map(|folder| {
            let text = fs::read_to_string(folder.join(".git/shallow")).unwrap_or_default();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        });
        assert_eq!(edges[0], edges[1], "where history ends");
        assert_fsck_clean(&ours);
    }
}

/// As of the earlier clone, but for what upstream has taken away since.
fn assert_as_before(stage: &Stage, ours: &str) {
    let refs = |folder: PathBuf| -> BTreeMap<String, String> {
        let mut command = plain_git(&folder);
        command.args(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let listed = run(command, LIMIT).ok().stdout;
        listed.lines().filter_map(|line| line.split_once(' ')).map(|(n, id)| (n.to_owned(), id.to_owned())).collect()
    };
    let (earlier, ours, now) = (refs(stage.work(EARLIER)), refs(stage.work(ours)), refs(stage.upstream.path()));
    for (name, id) in &ours {
        assert_eq!(earlier.get(name), Some(id), "{name} is as it was");
    }
    for name in earlier.keys().filter(|name| !ours.contains_key(*name) && !name.ends_with("/HEAD")) {
        assert!(!now.contains_key(&name.replace("refs/remotes/origin/", "refs/heads/")), "{name} is there still");
    }
}

/// A clone that is killed with all it started.
fn kill_clone(stage: &Stage, after: Duration) {
    let mut command = stage.sandbox.command("git");
    command.args(["clone", "-q", &format!("mirror::{NAME}"), "killed"]);
    if let Ended::Killed(_) = stage.sandbox.run_until(command, |elapsed| elapsed > after) {
        // git had no chance to take it away.
        let _ = fs::remove_dir_all(stage.work("killed"));
    }
}
