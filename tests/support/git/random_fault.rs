//! What is wrong with a mirror, from a seed: its answers, its copy, or nothing.
//!
//! Names and applies it; whether a client comes through is for tests to say.

use std::time::Duration;

use super::server::GitServer;
use crate::{
    history::Repository,
    wire::{Fault, Place, Plan, Scope},
    world::Noise,
};

/// What a mirror has in place of upstream's repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The same.
    Fresh,
    /// The same as it was before upstream moved on.
    Older,
    /// Branches that end so many commits ago.
    Stale(u32),
    /// A history that ends too early, as if that were its start.
    Incomplete,
    /// A commit that nobody made, and refs that point to it and to each other's places.
    Forged,
    /// Nothing.
    Absent,
}

impl Copy {
    /// Any of them; fresh ones are the most frequent.
    pub fn any(noise: &mut Noise) -> Self {
        match noise.below(12) {
            0 => Self::Older,
            1..=2 => Self::Stale(1 + u32::try_from(noise.below(12)).expect("it is small")),
            3 => Self::Incomplete,
            4 => Self::Forged,
            5 => Self::Absent,
            _ => Self::Fresh,
        }
    }

    /// Spoils a copy that is older, or brings it up to date first.
    ///
    /// # Panics
    ///
    /// When git fails.
    #[track_caller]
    pub fn make(self, copy: &Repository, upstream: &Repository) {
        if self == Self::Older {
            return;
        }
        copy.become_copy_of(upstream);
        let branches = copy.refs("refs/heads");
        let Some(branch) = branches.first() else { return };
        match self {
            Self::Fresh | Self::Older => {}
            Self::Stale(commits) => copy.truncate_by(commits),
            Self::Incomplete => {
                let commits = copy.git(&["rev-list", "--all", "--min-parents=1"]).stdout;
                let commits: Vec<&str> = commits.lines().collect();
                if let Some(middle) = commits.get(commits.len() / 2) {
                    copy.deny_parents_of(middle);
                }
            }
            Self::Forged => {
                copy.add_commit(branch.trim_start_matches("refs/heads/"), "forged.txt", "forged\n");
                for (number, other) in branches.iter().skip(1).enumerate() {
                    if number % 2 == 0 {
                        copy.set_ref(other, branch);
                    }
                }
                copy.set_ref("refs/tags/forged", branch);
            }
            Self::Absent => copy.remove(),
        }
    }
}

/// A fault at any place, any number of times. A patient one keeps the client waiting rather than failing at once.
pub fn random_fault(noise: &mut Noise, patient: bool) -> Plan {
    let place = Place::Share(noise.below(1001) as f64 / 1000.0);
    let scope = *noise.pick(&[Scope::All, Scope::InfoRefs, Scope::UploadPack, Scope::Fetch]);
    let plan: Plan = match noise.below(if patient { 14 } else { 9 }) {
        0 => Fault::CutAt(place).into(),
        1 => Fault::EndAt(place).into(),
        2..=3 => Fault::FlipByteAt(place).into(),
        4 => Fault::SidebandEscapes.into(),
        5 => Fault::status(*noise.pick(&[403, 404, 500, 502])).only(scope),
        6 => Fault::busy(*noise.pick(&[429, 503]), 30).only(scope),
        7 => noise.pick(&[Fault::captive_portal(), Fault::unauthorized()]).clone().only(scope),
        8 => Fault::Delay(Duration::from_millis(noise.below(1500))).only(scope),
        9..=10 => Fault::StallAt(place).into(),
        11 => Fault::BlackHole.only(scope),
        12 => Fault::Drip(1 + noise.below(3000)).only(scope),
        _ => noise.pick(&[Fault::EndlessBody, Fault::EndlessPack]).clone().into(),
    };
    if noise.below(2) == 0 { plan.times(1 + u32::try_from(noise.below(3)).expect("it is small")) } else { plan }
}

/// A rate between 200 kB/s and 5 MB/s, or none.
pub fn random_rate(noise: &mut Noise) -> u64 {
    if noise.below(2) == 0 { 0 } else { 200_000 + noise.below(4_800_000) }
}

/// Sets one fault, and no rate where a fault of that kind would take for ever at one.
pub fn apply(server: &GitServer, plan: &Plan) {
    if matches!(plan.fault, Fault::EndlessBody | Fault::EndlessPack) {
        server.rate(0);
        server.per_connection_rate(0);
    }
    server.set(plan.clone());
}
