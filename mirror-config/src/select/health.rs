//! What was measured before, on disk: how fast each mirror was for each kind of request, and who is not to be asked now.
//!
//! Measurements fade within days; a breaker opens after faults and closes by itself. Ranking is `rank`'s business.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{errors::Fault, model::Service, system::state};

/// First pause after a fault; doubled for each further one.
const FIRST_PAUSE: u64 = 20;
/// Longest pause.
const LONGEST_PAUSE: u64 = 3600;
/// How much the newest measurement counts against those before it.
const NEWEST: f64 = 0.4;

/// What is remembered of one mirror for one service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
pub struct Record {
    /// Bytes per second of payload.
    pub goodput: Option<f64>,
    /// Seconds from the start of a request to the head of its answer.
    pub first_byte: Option<f64>,
    /// When, in seconds since 1970.
    pub measured: u64,
    /// Faults since the last success.
    pub faults: u32,
    /// Not to be asked before this moment, in seconds since 1970.
    pub until: u64,
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The mirror's name.
    pub mirror: String,
    /// Time to the head of an answer, if one came.
    pub first_byte: Option<Duration>,
    /// Payload bytes and the time they took, if any came.
    pub carried: Option<(u64, Duration)>,
    /// What went wrong, if anything.
    pub fault: Option<Fault>,
}

/// The memory.
#[derive(Debug, Clone, Default)]
pub struct Health {
    path: Option<PathBuf>,
    records: BTreeMap<String, Record>,
}

impl Health {
    /// Reads what is remembered in the state folder.
    pub fn load(state_dir: Option<&Path>) -> Self {
        let path = state::file(state_dir, "health.json");
        let records = path.as_deref().map(state::read).unwrap_or_default();
        Self { path, records }
    }

    /// What is remembered of a mirror.
    pub fn record(&self, mirror: &str, service: Service) -> Record {
        self.records.get(&key(mirror, service)).copied().unwrap_or_default()
    }

    /// Adds observations, to what other processes have written since as well. Failing to write costs speed only.
    pub fn remember(&self, service: Service, observations: &[Observation]) {
        let Some(path) = &self.path else { return };
        let now = state::now();
        let written = state::change(path, |records: &mut BTreeMap<String, Record>| {
            for seen in observations {
                let record = records.entry(key(&seen.mirror, service)).or_default();
                *record = after(*record, seen, now);
            }
        });
        if let Err(error) = written {
            tracing::debug!(%error, "health was not written");
        }
    }
}

fn key(mirror: &str, service: Service) -> String {
    format!("{mirror} {}", service.word())
}

/// The record after one more observation.
fn after(mut record: Record, seen: &Observation, now: u64) -> Record {
    let blend = |old: Option<f64>, new: f64| old.map_or(new, |old| old * (1.0 - NEWEST) + new * NEWEST);
    if let Some(first_byte) = seen.first_byte {
        record.first_byte = Some(blend(record.first_byte, first_byte.as_secs_f64()));
        record.measured = now;
    }
    if let Some((bytes, time)) = seen.carried
        && bytes > 0
        && !time.is_zero()
    {
        let rate = bytes as f64 / time.as_secs_f64();
        // Short transfers say more of the latency than of the line, and may only raise what is remembered.
        record.goodput = match record.goodput {
            Some(old) if bytes < 64 * 1024 => Some(old.max(rate)),
            old => Some(blend(old, rate)),
        };
        record.measured = now;
    }
    match &seen.fault {
        None => (record.faults, record.until) = (0, 0),
        Some(Fault::Busy(wait)) => record.until = now + wait.as_secs().clamp(1, LONGEST_PAUSE),
        Some(fault) if fault.counts_against_health() => {
            record.faults = record.faults.saturating_add(1);
            record.until = now + FIRST_PAUSE.checked_shl(record.faults - 1).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        }
        Some(_) => {}
    }
    record
}

#[cfg(test)]
mod tests {
    use super::{Health, Observation, Record, after};
    use crate::{errors::Fault, model::Service};

    use std::time::Duration;

    fn seen(fault: Option<Fault>) -> Observation {
        Observation { mirror: "m".into(), first_byte: None, carried: None, fault }
    }

    #[test]
    fn a_breaker_opens_longer_with_each_fault_and_closes_on_success() {
        let mut record = Record::default();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            record = after(record, &seen(Some(Fault::Timeout)), 1000);
            pauses.push(record.until - 1000);
        }
        assert_eq!(pauses[..4], [20, 40, 80, 160]);
        assert_eq!(pauses.last(), Some(&3600));
        assert_eq!(after(record, &seen(None), 1000).until, 0);
    }

    #[test]
    fn what_a_mirror_has_not_got_is_no_fault_of_its_health_and_retry_after_is_obeyed() {
        assert_eq!(after(Record::default(), &seen(Some(Fault::Missing)), 1000), Record::default());
        let busy = after(Record::default(), &seen(Some(Fault::Busy(Duration::from_secs(7)))), 1000);
        assert_eq!((busy.until, busy.faults), (1007, 0));
    }

    #[test]
    fn measurements_survive_on_disk_and_blend() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let carried = |rate: u64| Observation { carried: Some((rate, Duration::from_secs(1))), ..seen(None) };
        Health::load(Some(dir.path())).remember(Service::Git, &[carried(1_000_000), carried(2_000_000)]);
        let record = Health::load(Some(dir.path())).record("m", Service::Git);
        assert!((record.goodput.expect("measured") - 1_400_000.0).abs() < 1.0);
    }
}
