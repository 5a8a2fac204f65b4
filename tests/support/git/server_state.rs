//! What the threads of one git `server` share beyond the state that `wire` has: faults still due, credentials, and children
//! of git that must end with the server.
//!
//! Sends and accepts nothing itself.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::Child,
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64},
    time::Duration,
};

use super::{backend::Backend, dialect::Dialect, forgery::Forgery, gate::Gate};
use crate::{
    wire::{Fault, Plan, Request, Seen, Wire, lock},
    world::{cpu, end_group},
};

/// What the server's threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) wire: Arc<Wire>,
    pub(crate) backend: Backend,
    pub(crate) fetched: AtomicU64,
    /// The CPU time of children that have ended.
    pub(crate) cpu: Mutex<Duration>,
    pub(crate) credentials: Mutex<Option<(String, String)>>,
    pub(crate) gate: Mutex<Option<Gate>>,
    forgery: Mutex<Forgery>,
    dialect: Mutex<Dialect>,
    plans: Mutex<Vec<Plan>>,
    children: Mutex<HashMap<u32, Child>>,
}

impl Shared {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            wire: Arc::new(Wire::new()),
            backend: Backend::new(root),
            fetched: AtomicU64::new(0),
            cpu: Mutex::default(),
            credentials: Mutex::default(),
            gate: Mutex::default(),
            forgery: Mutex::default(),
            dialect: Mutex::default(),
            plans: Mutex::default(),
            children: Mutex::default(),
        }
    }

    /// Ends everything: no connection and no child is left alone after this.
    pub(crate) fn stop(&self) {
        self.wire.stop();
        lock(&self.children).values_mut().for_each(end_group);
    }

    /// Looks after a child until it is released; kills it at once when the server is stopping.
    pub(crate) fn keep(&self, mut child: Child) -> u32 {
        let id = child.id();
        let mut children = lock(&self.children);
        if self.wire.is_stopping() {
            end_group(&mut child);
        }
        children.insert(id, child);
        id
    }

    /// Waits for a child that has closed its output, or else kills it first.
    pub(crate) fn release(&self, id: u32, finished: bool) {
        let Some(mut child) = lock(&self.children).remove(&id) else { return };
        let mut cost = Duration::ZERO;
        if !finished {
            // Nobody will wait for what it has started.
            cost = cpu::of_group(&child);
            end_group(&mut child);
        }
        // Its code says nothing that its answer has not said.
        cost += cpu::reap(&mut child).map_or(Duration::ZERO, |(_, own)| own);
        *lock(&self.cpu) += cost;
    }

    /// Gives back one of a fault's times, when the answer turned out to carry no pack.
    pub(crate) fn give_back(&self, fault: &Fault) {
        if let Some(left) =
            self.plans().iter_mut().find(|plan| plan.fault == *fault).and_then(|plan| plan.left.as_mut())
        {
            *left += 1;
        }
    }

    /// The fault that is due for a request, taken off its count.
    pub(crate) fn due(&self, seen: &Seen) -> Option<Fault> {
        let mut plans = self.plans();
        let plan = plans.iter_mut().find(|plan| plan.left != Some(0) && seen.is_in(plan.scope))?;
        plan.left = plan.left.map(|left| left - 1);
        Some(plan.fault.clone())
    }

    /// What goes wrong from now on.
    pub(crate) fn plans(&self) -> MutexGuard<'_, Vec<Plan>> {
        lock(&self.plans)
    }

    /// How it lies.
    pub(crate) fn forgery(&self) -> MutexGuard<'_, Forgery> {
        lock(&self.forgery)
    }

    /// How it speaks.
    pub(crate) fn dialect(&self) -> MutexGuard<'_, Dialect> {
        lock(&self.dialect)
    }

    /// The user a request is from, if it is from one; an error when it must be and is not.
    pub(crate) fn user(&self, request: &Request) -> Result<Option<String>, ()> {
        match &*lock(&self.credentials) {
            None => Ok(None),
            Some((name, expected)) if request.header("Authorization") == Some(expected) => Ok(Some(name.clone())),
            Some(_) => Err(()),
        }
    }
}
