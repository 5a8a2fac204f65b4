//! The ground of a soak: one sandbox, an upstream that keeps growing, mirrors that something else is wrong with every few
//! seconds.
//!
//! What is done on it is `worker`'s matter.

use std::time::Duration;

use mirror_tests::{
    Copy, Fault, NAME, Noise, Plan, RandomHistory, Repository, Sandbox, Stage, apply, grow, random_fault, random_rate,
};

use crate::HELPER;

/// The history at first: so large that what grows on it is little.
const BYTES: u64 = 6_000_000;
const COMMITS: u64 = 2000;
/// How often upstream grows in all, however long it takes.
const GROWTHS: u32 = 60;
/// The least time between changes.
const CHANGE: Duration = Duration::from_secs(5);
const NAMES: &[&str] = &["alpha", "beta", "gamma"];

/// Servers, and what is known of them.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) stage: Stage,
    /// Whether upstream can serve everything by itself now.
    pub(crate) upstream_is_well: bool,
    noise: Noise,
    grow_every: Duration,
    grown: Duration,
}

impl Ground {
    /// Makes it, with this program as the helper, for a soak of this length.
    pub(crate) fn new(seed: u64, time: Duration) -> Self {
        let sandbox = Sandbox::new();
        sandbox.add_program(HELPER, &std::env::current_exe().expect("the system knows what it runs"));
        let mut noise = Noise::new(seed);
        let history = RandomHistory::of_size(BYTES, &mut noise).with_commits(COMMITS);
        let stage = Stage::with(sandbox, |root| history.write(root, NAME), NAMES);
        stage.configure("[git]\nstore-limit = \"64 MiB\"\n");
        Self { stage, upstream_is_well: true, noise, grow_every: time / GROWTHS, grown: Duration::ZERO }
    }

    /// How long to wait for the next change.
    pub(crate) fn pause(&self) -> Duration {
        CHANGE.min(self.grow_every)
    }

    /// Something else goes wrong from now on; and upstream moves on when it is time for that.
    pub(crate) fn change(&mut self, elapsed: Duration) {
        let Self { stage, noise, .. } = self;
        if elapsed >= self.grown + self.grow_every {
            self.grown = elapsed;
            grow(&stage.upstream, noise);
        }
        self.upstream_is_well = noise.below(5) > 0;
        let trouble =
            [Fault::status(502).into(), Plan::from(Fault::CutAt(0.5.into())), Fault::EndAt(0.9.into()).into()];
        match self.upstream_is_well {
            true => stage.origin.heal(),
            false => stage.origin.set(noise.pick(&trouble).clone()),
        }
        let mut patient = noise.index(NAMES.len());
        for (number, mirror) in stage.mirrors.iter().enumerate() {
            // Where upstream is away the mirrors are believed if they agree: so let them not agree on what is wrong.
            let copy = if self.upstream_is_well { Copy::any(noise) } else { Copy::Fresh };
            // What was absent cannot stay as it was.
            let copy = if copy == Copy::Older && !mirror.repository.path().exists() { Copy::Fresh } else { copy };
            remake(copy, &mirror.repository, &stage.upstream);
            // The pack of a clone is 6 MB: at less than this the soak would be about waiting.
            mirror.server.rate(match random_rate(noise) {
                0 => 0,
                rate => rate.max(2_000_000),
            });
            mirror.server.heal();
            if !self.upstream_is_well {
                patient = NAMES.len();
            }
            if noise.below(2) == 0 {
                apply(&mirror.server, &random_fault(noise, number == patient));
            }
        }
    }
}

/// As `Copy::make`, also where the copy is absent.
fn remake(copy: Copy, repository: &Repository, upstream: &Repository) {
    if !repository.path().exists() {
        upstream.copy_to(repository.root());
    }
    copy.make(repository, upstream);
}
