//! Whether upstream has the whole history, or a shallow copy: then what it gives is less than its refs reach, git marks where it
//! ends, or refuses it (`git clone --reject-shallow`), and mirrors, who have more, cannot stand in for it.
//!
//! Protocol v2 says so only in an answer to a fetch. So upstream is asked for what is had as well, which costs it next to
//! nothing, while mirrors carry; and once it has said that it is whole, never again.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use mirror_config::{errors::Fault, git::Session, model::Oid, transport::http::Patience};

/// How long the answer is waited for once it is needed.
const LONGEST: Duration = Duration::from_secs(3);

/// The question, under way.
#[derive(Debug)]
pub(super) struct Question(Receiver<Result<(), Fault>>);

impl Question {
    /// Asks.
    pub(super) fn ask(session: &Session, tip: &Oid) -> Self {
        let (session, tip) = (session.clone(), tip.clone());
        let (sender, receiver) = channel();
        // Whoever has waited long enough does not listen any more.
        thread::spawn(move || drop(sender.send(session.has(&[tip], Patience::REPLACEABLE))));
        Self(receiver)
    }

    /// Whether upstream says that it is shallow, if it says anything in time.
    pub(super) fn answer(self) -> Option<bool> {
        match self.0.recv_timeout(LONGEST) {
            Ok(Ok(())) => Some(false),
            Ok(Err(Fault::Shallow)) => Some(true),
            _ => None,
        }
    }
}
