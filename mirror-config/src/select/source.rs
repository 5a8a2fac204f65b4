//! A place that has files, and how to get there.

use super::{
    choose::{Candidate, Select},
    health::Health,
};
use crate::{
    model::{Address, Mirror, Service},
    transport::Route,
};

/// A place that has files: a mirror, or upstream itself.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name in reports.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Its index.
    pub index: Address,
    /// How to reach it.
    pub route: Route,
    /// Its entry in the configuration; upstream has none.
    pub mirror: Option<Mirror>,
    /// Bytes a second, from memory.
    pub expected_rate: Option<f64>,
}

impl Place {
    /// Upstream, under a name no mirror can have; it serves this.
    pub fn upstream(name: &str, index: Address, select: &Select, service: Service) -> Self {
        Self {
            name: name.to_owned(),
            operator: "upstream".to_owned(),
            route: select.proxies.route(index.expose(), None),
            index,
            mirror: None,
            expected_rate: select.health.record(name, service).goodput,
        }
    }

    /// A mirror.
    pub fn mirror(candidate: &Candidate, health: &Health, service: Service) -> Self {
        let mirror = &candidate.carrier.mirror;
        Self {
            name: mirror.name.clone(),
            operator: mirror.operator.clone(),
            index: candidate.carrier.address.clone(),
            route: candidate.route.clone(),
            mirror: Some(mirror.clone()),
            expected_rate: health.record(&mirror.name, service).goodput,
        }
    }
}
