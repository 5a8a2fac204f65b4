//! What a run has measured of its sources, for what is remembered of them (`select::health`).

use super::event::{Event, Share};
use crate::{
    model::Service,
    select::{Health, Observation},
};

/// What was seen, in order.
#[derive(Debug, Default)]
pub(super) struct Measured(Vec<(Service, Observation)>);

impl Measured {
    /// Listens.
    pub(super) fn hear(&mut self, event: &Event) {
        if let Event::Answered(share) | Event::Carried(share) = event {
            self.0.push((share.service, observation(share)));
        }
    }

    /// Has it remembered.
    pub(super) fn remember(&self, health: &Health) {
        let mut services: Vec<Service> = Vec::new();
        for (service, _) in &self.0 {
            if !services.contains(service) {
                services.push(*service);
            }
        }
        for service in services {
            let seen: Vec<Observation> =
                self.0.iter().filter(|(of, _)| *of == service).map(|(_, seen)| seen.clone()).collect();
            health.remember(service, &seen);
        }
    }
}

fn observation(share: &Share) -> Observation {
    Observation {
        mirror: share.source.name.clone(),
        first_byte: share.first_byte,
        carried: (share.bytes > 0).then_some((share.bytes, share.time)),
        fault: share.fault.clone().filter(|_| !share.recovered),
    }
}
