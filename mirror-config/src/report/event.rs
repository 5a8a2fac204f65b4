//! What can happen in a run, as one type. Whoever wants to know listens to the journal.
//!
//! A new kind of event: a variant here; a method of the journal if many will note it; what each listener makes of it
//! (`line` and `measured` beside this file, the terminal of each program).

use std::{sync::Arc, time::Duration};

use crate::{
    errors::{Failure, Fault},
    model::Service,
    select::Source,
    trust::Trust,
};

/// Something that happened.
#[derive(Clone)]
pub enum Event {
    /// The run turned out to be this operation, such as `clone`.
    Is(&'static str),
    /// A source answered a small question, or did not.
    Answered(Share),
    /// A source was asked for bytes: what it did, once that is over.
    Carried(Share),
    /// What a source did wrong that others go on without, at once.
    Failed(Arc<Source>, Fault),
    /// Somebody's word on the facts: who, and what, in a sentence.
    Said(String, String),
    /// Facts were believed on this evidence.
    Believed(Trust),
    /// Something a person should know, though all goes on.
    Warned(String),
    /// How it went.
    Told(String),
    /// The tool did not get something. Whether that was the end of it, only the tool knows.
    Denied(Failure),
    /// Bytes begin to arrive; this says how it is getting on.
    Receiving(Look),
    /// No more bytes arrive for now.
    Received,
    /// The tool waits for an answer from now on, and says nothing itself.
    Waits,
    /// From here on somebody else may ask for something on the terminal.
    Prompts,
    /// The tool has its answer, or gets it from now on, and says itself how that goes.
    Served,
    /// The tool gets no answer.
    Unserved,
}

/// What one source did, in a run or a part of it.
#[derive(Debug, Clone)]
pub struct Share {
    /// Who.
    pub source: Arc<Source>,
    /// For what it was asked.
    pub service: Service,
    /// From a request to the head of its answer.
    pub first_byte: Option<Duration>,
    /// Bytes received and used.
    pub bytes: u64,
    /// Bytes received in vain.
    pub wasted: u64,
    /// From asking to the end.
    pub time: Duration,
    /// What went wrong, if anything.
    pub fault: Option<Fault>,
    /// It has served since then.
    pub recovered: bool,
}

impl Share {
    /// Nothing yet.
    pub fn of(source: &Arc<Source>, service: Service) -> Self {
        Self {
            source: Arc::clone(source),
            service,
            first_byte: None,
            bytes: 0,
            wasted: 0,
            time: Duration::ZERO,
            fault: None,
            recovered: false,
        }
    }
}

/// Says how a transfer is getting on.
pub type Look = Arc<dyn Fn() -> Snapshot + Send + Sync>;

/// How a transfer is getting on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Bytes received so far.
    pub received: u64,
    /// Bytes that are still to come, estimated.
    pub left: Option<u64>,
    /// Bytes a second of each source.
    pub rates: Vec<(String, f64)>,
    /// Objects that have come and that will have come in the end, where that is known.
    pub objects: Option<(u64, u64)>,
    /// It is handed on when it is whole, to a tool that counts it then.
    pub spooled: bool,
}

/// That the run goes on without a source that failed: the one wording.
pub fn went_on(source: &str, fault: &Fault) -> String {
    format!("{source}: {fault}; went on without it")
}
