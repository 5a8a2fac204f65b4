//! One source of slices: a mirror that has answered, or upstream itself.

use mirror_config::{errors::Fault, git::Session, model::Repository};

use crate::{authority::Opened, run::upstream_name, transfer::schedule::Lost};

/// Who can be asked for slices.
#[derive(Debug, Clone)]
pub struct Source {
    /// The mirror's name, or upstream's.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// What it fails together with.
    pub domain: String,
    /// The connection.
    pub session: Session,
    /// Upstream, which leaves to mirrors what they can do.
    pub is_upstream: bool,
}

impl Source {
    /// A mirror.
    pub fn mirror(opened: &Opened, repository: &Repository) -> Self {
        let mirror = &opened.candidate.carrier.mirror;
        Self {
            name: mirror.name.clone(),
            operator: mirror.operator.clone(),
            domain: mirror.failure_domain(&upstream_name(repository)).to_string(),
            session: opened.session.clone(),
            is_upstream: false,
        }
    }

    /// Upstream itself.
    pub fn upstream(session: &Session, repository: &Repository) -> Self {
        let name = upstream_name(repository);
        let (operator, domain) = (name.clone(), name.clone());
        Self { name, operator, domain, session: session.clone(), is_upstream: true }
    }
}

/// What a fault means for the schedule.
pub fn lost(fault: &Fault) -> Lost {
    match fault {
        Fault::Missing => Lost::Missing,
        Fault::Stalled | Fault::Slow | Fault::Timeout => Lost::Silent,
        Fault::Busy(wait) => Lost::Busy(*wait),
        Fault::Cut | Fault::Refused | Fault::Status(500..) => Lost::Broken,
        _ => Lost::Banned,
    }
}
