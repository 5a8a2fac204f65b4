//! Who may land in a store: one process at a time. Whoever comes second waits, and finds everything there; but not for one that
//! does not get on. Then it has a store of its own, beside that one and resting on it, which whoever comes third shares.

use std::io;

use mirror_config::git::store::Held;

use crate::{
    objects::store::{Store, look},
    run::Run,
};

/// Stores that may be beside each other, each with somebody who does not get on.
const MOST: usize = 4;

/// A store, and the lock that nobody else has.
#[derive(Debug)]
pub struct Turn {
    /// Where it is to land.
    pub store: Store,
    /// Its lock.
    pub held: Held,
}

/// Waits for the turn in this store, or in one beside it; `None` where there is none. What is to be known of it is told.
pub fn turn(run: &Run, mut store: Store) -> Option<Turn> {
    let tell = |text: &str| {
        if run.options.verbosity > 0 {
            run.journal.tell(text);
        }
    };
    for _ in 0..MOST {
        let http = run.select.http.clone();
        let waits = || tell("another clone is downloading this repository; waiting for it");
        match store.lock(waits, move || http.gets_on()) {
            Ok(held) => return Some(Turn { store, held }),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                tell("that clone does not get on; downloading beside it");
                let beside = look::is_sound(&store).then(|| store.beside_itself(&run.env, &run.repository));
                store = beside.flatten()?;
            }
            Err(error) => {
                run.journal.warn(format!("the store is locked: {error}"));
                return None;
            }
        }
    }
    None
}
